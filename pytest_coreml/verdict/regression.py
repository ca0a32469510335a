"""Whether a run is slower than its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.verdict.check import Verdict


@dataclass(frozen=True)
class Regression:
    """The verdict on one measurement against its baseline.

    *runs*: baseline runs that could be used. *effect*: relative change of the current run, +0.10 is 10 % slower.
    *margin*: relative uncertainty of the effect. Both are None when nothing could be compared.
    """

    runs: int
    effect: float | None
    margin: float | None
    verdict: Verdict
    reason: str | None = None
