"""What one to three runs say together: one that is fine clears, two that are slower convict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.level import RunVerdict

# The first run, and two fresh processes to confirm what it says.
MAX_RUNS: Final = 3
CONFIRMING_RUNS: Final = 2


def is_settled(verdicts: Sequence[RunVerdict]) -> bool:
    """Whether more runs would change nothing: one is fine, or two are slower, or the baseline says nothing."""
    return (
        any(verdict.state == "fine" or verdict.cause == "baseline disturbed" for verdict in verdicts)
        or sum(verdict.slower for verdict in verdicts) >= CONFIRMING_RUNS
    )


def combine(verdicts: Sequence[RunVerdict], *, sure_alone: bool) -> tuple[Verdict, str | None]:
    """Give the verdict over runs in the order made, and its reason; *sure_alone*: a single slower run convicts."""
    if any(verdict.state == "fine" for verdict in verdicts):
        return "passed", None
    slower = [verdict for verdict in verdicts if verdict.slower]
    if len(slower) >= CONFIRMING_RUNS or (len(verdicts) == len(slower) == 1 and sure_alone):
        return "failed", slower[-1].state
    causes = [verdict.cause for verdict in verdicts if verdict.cause is not None]
    return "inconclusive", causes[-1] if causes else "needs a second process"
