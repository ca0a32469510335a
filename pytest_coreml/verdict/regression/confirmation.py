"""The verdict over one to three runs: one that is fine passes the model, two that are slower fail it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.reason import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.level import RunVerdict

# The first run, and two fresh processes to confirm what it says.
MAX_RUNS: Final = 3
CONFIRMING_RUNS: Final = 2


def is_settled(verdicts: Sequence[RunVerdict]) -> bool:
    """Return True if more runs would change nothing: one is fine, two are slower, or the baseline is not usable."""
    return (
        any(verdict.state == "fine" or verdict.cause == Cause.BASELINE_DISTURBED for verdict in verdicts)
        or sum(verdict.slower for verdict in verdicts) >= CONFIRMING_RUNS
    )


def combine(verdicts: Sequence[RunVerdict], *, sure_alone: bool) -> tuple[Verdict, Cause | None]:
    """Return the verdict over runs in the order made, and its cause; *sure_alone*: a single slower run is enough."""
    if any(verdict.state == "fine" for verdict in verdicts):
        return "passed", None
    slower = [verdict for verdict in verdicts if verdict.slower]
    if len(slower) >= CONFIRMING_RUNS or (len(verdicts) == len(slower) == 1 and sure_alone):
        return "failed", Cause(slower[-1].state)
    causes = [verdict.cause for verdict in verdicts if verdict.cause is not None]
    return "inconclusive", causes[-1] if causes else Cause.ONE_PROCESS
