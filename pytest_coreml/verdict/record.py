"""The record of one test on one compute-units setting: what the report has one entry of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Union

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.runtime import Runtime
    from pytest_coreml.verdict.check import Check, Verdict
    from pytest_coreml.verdict.regression.prediction_time import Regression

Outcome = Literal["passed", "failed", "skipped", "error"]
# How a verdict counts in its run.
Standing = Union["Verdict", Literal["expected"]]


@dataclass
class Record:
    """Facts and verdicts of one test on one compute-units setting.

    *id*: pytest's node id. *model*: sha256 of the model; *model_name*: its file name. *memory_mb*: peak growth of the
    engine in 10^6 bytes. *regression*: against finished runs; *duet*: against another version of the model that was run
    alternately with it. *attempt*: 1, or more when a plugin reran the test. *machine*: None for the machine of the
    report's head, else the key of another one (several machines in one run). *line*: of the test in the file that *id*
    names, from 1. *loaded*: hints and source in words, None for the usual way. *notes*: sentences worth
    reading that are no verdict. *expected_failure*: it failed, or may fail, as it is marked to (pytest's xfail).
    """

    id: str
    model: str
    model_name: str
    compute_units: ComputeUnits
    function: str | None
    runtime: Runtime
    outcome: Outcome = "passed"
    load: LoadTimes | None = None
    predict: Measurement | None = None
    memory_mb: float | None = None
    placement: Placement | None = None
    checks: list[Check] = field(default_factory=list)
    regression: Regression | None = None
    duet: Regression | None = None
    attempt: int = 1
    line: int | None = None
    machine: str | None = None
    loaded: str | None = None
    notes: list[str] = field(default_factory=list)
    expected_failure: bool = False

    @property
    def verdicts(self) -> list[Verdict]:
        """Every verdict on it: of its checks, and of comparisons."""
        return [*(check.verdict for check in self.checks), *(found.verdict for found in self.regressions)]

    def standing(self, verdict: Verdict) -> Standing:
        """Say how *verdict*, one of this record, counts in the run."""
        return "expected" if verdict == "failed" and self.expected_failure else verdict

    @property
    def standings(self) -> list[Standing]:
        """How every verdict on it counts."""
        return [self.standing(verdict) for verdict in self.verdicts]

    @property
    def regressions(self) -> list[Regression]:
        """The comparisons of its time that were asked for: with finished runs, and with another version."""
        return [found for found in (self.regression, self.duet) if found is not None]

    @property
    def id_names_units(self) -> bool:
        """Whether *id* says the compute units: among the parameters, or as the name of a model file's test."""
        test, _, parameters = self.id.partition("[")
        return self.compute_units in (test.rpartition("::")[2], *parameters.removesuffix("]").split("-"))

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies a measurement across reports: node id, compute units, and what was loaded in which way."""
        return (self.id, self.compute_units, self.variant or "main")

    @property
    def variant(self) -> str | None:
        """The function and the way of loading in words; None for the main one, loaded as usual."""
        return variant_of(self.function, self.loaded)

    @property
    def subject(self) -> str:
        """The compute units, and the function and the way of loading where they are not the usual ones."""
        function = None if self.function in (None, "main") else f"function {self.function}"
        return ", ".join([self.compute_units, *filter(None, (function, self.loaded))])


def variant_of(function: str | None, loaded: str | None) -> str | None:
    """Name a *function* that was *loaded* in some way; None for the main one, loaded as usual."""
    if loaded is None:
        return None if function in (None, "main") else function
    return f"{function or 'main'} ({loaded})"
