"""The record of one test on one configuration: one entry of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Union

from pytest_coreml.facts.clocks import OWN_CLOCK
from pytest_coreml.facts.metrics import Measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.facts.against_original import AgainstOriginal
    from pytest_coreml.facts.agreement import Agreement, OutputHealth
    from pytest_coreml.facts.clocks import Clock
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.observed import Observed
    from pytest_coreml.facts.placement import Move, Placement
    from pytest_coreml.facts.reported_model import ReportedModel
    from pytest_coreml.facts.runtime import Runtime
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.verdict.check import Check, Verdict
    from pytest_coreml.verdict.regression.prediction_time import Regression

Outcome = Literal["passed", "failed", "skipped", "error"]
# The effect of a verdict on its run: `expected` is a failure that xfail announces.
Standing = Union["Verdict", Literal["expected"]]


@dataclass
class Record:
    """Facts and verdicts of one test on one configuration."""

    id: str
    """pytest's node id."""
    model: str | None
    """The sha256 of the model; None if it could not be read."""
    model_name: str
    """The file name of the model."""
    compute_units: ComputeUnits
    """The compute units, by their Swift name."""
    function: str | None
    """The function that the test named; None for the default one."""
    runtime: Runtime
    """The runtime that executed the model."""
    outcome: Outcome = "passed"
    """pytest's outcome of the test."""
    load: LoadTimes | None = None
    """Compile and load times; None if none were measured."""
    predict: Measurement | None = None
    """The measured predictions; None if none were measured."""
    sustained: Measurement | None = None
    """The predictions of a sustained load; None if none was measured."""
    memory_mb: float | None = None
    """The growth of the engine's peak memory, in 10^6 bytes."""
    size_mb: float | None = field(default=None, compare=False, metadata={"reported": False})
    """The size of the model in 10^6 bytes, which a report has with the model; None if the model could not be read."""
    placement: Placement | None = None
    """The planned placement; None if it was not read."""
    observed: Observed | None = None
    """The devices that were observed; None if no counters were read."""
    moved: tuple[Move, ...] = ()
    """The operations that have moved to another device since the baseline, the costliest first."""
    agreement: tuple[Agreement, ...] = ()
    """The agreement of the outputs with each reference."""
    health: tuple[OutputHealth, ...] = ()
    """The health of the outputs."""
    checks: list[Check] = field(default_factory=list)
    """The results of budgets, placement rules and agreement."""
    scenarios: tuple[Scenario, ...] = ()
    """The scenario that this is the record of, and none for that of a model. *predict* has its samples."""
    regression: Regression | None = None
    """The comparison with finished runs of a baseline."""
    duet: Regression | None = None
    """The comparison with another version of the model, whose calls were interleaved with this one's."""
    variant: str | None = None
    """The name of the variant, `original` for the model itself; None for a test without variants."""
    against_original: AgainstOriginal | None = None
    """The comparison of a variant with its original."""
    problem: str | None = None
    """Why the model could not be loaded; None if it was."""
    attempt: int = 1
    """1, or more if a plugin reran the test."""
    line: int | None = None
    """The line of the test, from 1, in the file that *id* names."""
    machine: str | None = None
    """The key of another machine in a run on several; None for the machine in the report's head."""
    measured_by: Clock = OWN_CLOCK
    """The clock that measured; times of different clocks are never compared."""
    reported_model: ReportedModel | None = None
    """The description of the model in a device report; None for what this package measured."""
    loaded: str | None = None
    """The load options other than the function as text; None for the defaults."""
    notes: list[str] = field(default_factory=list)
    """Remarks that are not verdicts."""
    expected_failure: bool = False
    """True if the test is marked as an expected failure (pytest's xfail) and failed, or may fail."""

    @property
    def measured(self) -> Measured:
        """The measured facts that metrics are read from."""
        return Measured(self.load, self.predict, self.size_mb, self.memory_mb, self.sustained)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts of its checks and comparisons."""
        return [*(check.verdict for check in self.checks), *(found.verdict for found in self.regressions)]

    @property
    def test(self) -> str:
        """The node id without the compute units, which is the same for all compute units of a test."""
        test, _, parameters = self.id.partition("[")
        file, _, name = test.rpartition("::")
        if file and name == self.compute_units:
            return file
        words = parameters.removesuffix("]").split("-") if parameters else []
        if self.compute_units in words:
            words.remove(self.compute_units)
        return f"{test}[{'-'.join(words)}]" if words else test

    def standing(self, verdict: Verdict) -> Standing:
        """Return how *verdict*, one of this record's, counts in the run."""
        return "expected" if verdict == "failed" and self.expected_failure else verdict

    @property
    def standings(self) -> list[Standing]:
        """The standing of each of its verdicts."""
        return [self.standing(verdict) for verdict in self.verdicts]

    @property
    def failed_unmeasured(self) -> bool:
        """True if the test failed before anything was measured, as when its model cannot be loaded; False for xfail."""
        failed = self.outcome in ("failed", "error") and not self.expected_failure
        return failed and self.load is None and self.predict is None

    @property
    def regressions(self) -> list[Regression]:
        """The comparisons that were made: with finished runs, with another version, or both."""
        return [found for found in (self.regression, self.duet) if found is not None]

    @property
    def id_names_units(self) -> bool:
        """True if *id* contains the compute units, as a parameter or as the name of a model file's test."""
        test, _, parameters = self.id.partition("[")
        return self.compute_units in (test.rpartition("::")[2], *parameters.removesuffix("]").split("-"))

    @property
    def key(self) -> tuple[str, str, str]:
        """The identity of a measurement across reports: node id, compute units, function and load options."""
        return (self.id, self.compute_units, self.configuration or "main")

    @property
    def configuration(self) -> str | None:
        """The scenario, or the function and load options, as text; None for the main function with default options."""
        if self.scenarios:
            return f"scenario {self.scenarios[0].name}"
        return variant_of(self.function, self.loaded)

    @property
    def subject(self) -> str:
        """The compute units, and the function and load options that are not the default, or the scenario."""
        if self.scenarios:
            return f"{self.compute_units}, {self.configuration}"
        function = None if self.function in (None, "main") else f"function {self.function}"
        return ", ".join([self.compute_units, *filter(None, (function, self.loaded))])


def note_sizes(records: Iterable[Record], models: Mapping[str, ModelSpec]) -> None:
    """Let each of *records* have the size of its model; *models*: descriptions by SHA-256."""
    for record in records:
        if record.model is not None and record.model in models:
            record.size_mb = models[record.model].size_mb


def variant_of(function: str | None, loaded: str | None) -> str | None:
    """Name a *function* and its load options; return None for the main function with default options."""
    if loaded is None:
        return None if function in (None, "main") else function
    return f"{function or 'main'} ({loaded})"
