"""What comparisons say of measurements that passed them: their figures, and how little would have been noticed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.checks import place
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.regression_text import comparison_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.record import Record

# More lines help nobody; all of them are in the report.
_MOST_LINES: Final = 200


def compared_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Give lines of at most *width* columns for each comparison that one of *records* passed."""
    passed = ((record, found) for record in records for found in record.regressions if found.verdict == "passed")
    for record, found in islice(passed, _MOST_LINES):
        yield from wrapped(comparison_text(found, place(record)), "", width)
