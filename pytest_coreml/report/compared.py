"""What the baseline says of measurements that passed: their figures, and how little would have been noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.report.open_checks import place
from pytest_coreml.report.regression_text import regression_text
from pytest_coreml.report.rendering import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.record import Record

# More lines help nobody; all of them are in the report.
_MOST_LINES: Final = 200


def compared_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Give lines of at most *width* columns for each of *records* that passed against the baseline."""
    passed = [record for record in records if record.regression and record.regression.verdict == "passed"]
    for record in passed[:_MOST_LINES]:
        assert record.regression is not None, "chosen for it"
        yield from wrapped(f"against the baseline: {place(record)}: {regression_text(record.regression)}", "", width)
