"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

# passed; failed; inconclusive: measured, but the data cannot decide; not_judged: nothing here could measure it.
Verdict = Literal["passed", "failed", "inconclusive", "not_judged"]


@dataclass(frozen=True)
class Check:
    """One check of one test on one compute-units setting.

    *check*: the name of the budget or rule, as the user wrote it (`predict_ms`). *limit*, *value*: what was asked and
    what came, in the unit that the name says; value is None when nothing was measured. *reason*: one sentence, always
    there when the verdict is `inconclusive` or `not_judged`.
    """

    check: str
    limit: Any
    value: Any
    verdict: Verdict
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.verdict in ("inconclusive", "not_judged") and not self.reason:
            raise ValueError(f"a {self.verdict} check needs a reason: {self}")
