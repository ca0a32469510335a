"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_coreml.facts.reason import find_cause

if TYPE_CHECKING:
    from pytest_coreml.facts.reason import Cause, Reason

# passed; failed; inconclusive: measured, but the data cannot decide; not_judged: nothing here could measure it.
Verdict = Literal["passed", "failed", "inconclusive", "not_judged"]


@dataclass(frozen=True)
class Check:
    """One check of one test on one configuration."""

    check: str
    """The name of the budget or rule, as the user wrote it (`predict_ms`)."""
    limit: Any
    """The limit, in the unit that the name says."""
    value: Any
    """The measured value, in the same unit; None if nothing was measured."""
    verdict: Verdict
    """The verdict."""
    reason: Reason | str | None = None
    """The reason, always there if the verdict is `inconclusive` or `not_judged`; a string is the text of a report that
    contains no cause."""

    def __post_init__(self) -> None:
        if self.verdict in ("inconclusive", "not_judged") and not self.reason:
            raise ValueError(f"a {self.verdict} check needs a reason: {self}")

    @property
    def cause(self) -> Cause | None:
        """The cause code; None if the value alone decided."""
        return find_cause(self.reason)
