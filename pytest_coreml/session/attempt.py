"""One attempt at a test: the models that it uses, and the records of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.engine.lease import UNTIMED, EngineKey
from pytest_coreml.errors import InputError, UnfitMachineError, first_line, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.session.attempted_scenarios import AttemptedScenarios
from pytest_coreml.session.model_judge import ModelJudge
from pytest_coreml.session.sources import FunctionSource, VariantSource, file_name
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.device_judge import DeviceJudge
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.reported_devices import DeviceReport, ReportOfTest
    from pytest_coreml.session.session import Session
    from pytest_coreml.verdict.record import Outcome

__tracebackhide__ = hidden_for_ours


class LoadProblem(NamedTuple):
    """Why a configuration could not be loaded."""

    text: str
    """The first line of the error."""
    variant: str | None
    """The name of the variant that it is; None for a test without variants."""


@dataclass(eq=False)
class Attempt:
    """One attempt at a test: a rerun of the test is another one."""

    id: str
    """pytest's node id."""
    folder: Path
    """The folder of the test file."""
    declaration: Declaration
    session: Session
    number: int = 1
    """1, or more where a plugin reran the test."""
    timing: Timing = UNTIMED
    """The parts of a load that are measured, for this test or for another one that may share the loaded model."""
    models: list[CoreMLModel] = field(default_factory=list)
    """The models that the test has used so far."""
    records: list[Record] = field(default_factory=list)
    """A record for each of *models*, once they were judged."""
    unloaded: list[EngineKey] = field(default_factory=list)
    """The configurations that could not be loaded; the path is a file name where the model was not found."""
    problems: dict[EngineKey, LoadProblem] = field(default_factory=dict)
    """Why each of *unloaded* could not be loaded."""
    references: list[CoreMLModel] = field(default_factory=list)
    """The models that others are compared with, which no limit is for."""
    device: ReportOfTest | None = None
    """The device report that the test is judged by; None if it names none."""
    source: Any = None
    """The source that the test is parametrized with; None for the only one."""
    device_records: list[Record] = field(default_factory=list)
    """The record of the device report, once it was judged."""
    is_over: bool = False
    """True once the records are final; models that are used later, as in a teardown, do not count."""

    def __post_init__(self) -> None:
        self.scenarios = AttemptedScenarios(self.id, self.number, self.session)
        # What is measured from now on without the host's lock is of this attempt.
        self._given_up = len(self.session.models.shared.lock.given_up)

    @property
    def name(self) -> str:
        """The node id, with the number of the attempt where it is not the first."""
        return self.id if self.number == 1 else f"{self.id} (attempt {self.number})"

    @property
    def is_unjudgeable(self) -> bool:
        """True where the test declares checks, and used no model that they could be about."""
        return not self.models and self.device is None and self.declaration.has_checks

    def load(self, source: Any, units: ComputeUnits, options: LoadOptions | None = None) -> CoreMLModel:
        """Return the model of *source*, loaded for *units* in an engine, and note that the test uses it.

        Raises `ModelError` when it cannot be found or loaded, `EngineError` when its engine crashed,
        `UnfitMachineError` when this machine is not fit for *units*.
        """
        key = EngineKey(file_name(source), units, options or LoadOptions())
        try:
            key = self.session.models.key(source, self.folder, units, options)
            model = self.session.models.load(key, self.timing)
        except UnfitMachineError:
            raise
        except Exception as error:
            # Also what a callable raises that builds a model.
            self.unloaded.append(key)
            variant = source.name if isinstance(source, VariantSource) else None
            self.problems[key] = LoadProblem(first_line(error), variant)
            raise
        if isinstance(source, VariantSource):
            self.session.models.variant_sources[key.path] = source
        self.use(model)
        return model

    def renew(self, model: CoreMLModel) -> None:
        """Load *model* again if another one was saved at its path. Raises as `load` does."""
        key = self.session.models.renewed_key(model)
        if key is None:
            return
        try:
            self.session.models.renew(model, key, self.timing)
        except Exception:
            self.unloaded.append(key)
            raise
        model.forget_test()

    def load_original(self, source: Any, model: CoreMLModel) -> CoreMLModel:
        """Return the original of *source*, of which *model* is the variant under test; *model* if it has none.

        Raises as `load` does.
        """
        if not isinstance(source, VariantSource) or source.is_original:
            return model
        models = self.session.models
        key = models.key(source.original, self.folder, model.compute_units, model.load_options)
        # Its test may follow, and has the times of this load.
        original = models.load(key, self.timing)
        self.refer_to(original)
        return original

    def refer_to(self, model: CoreMLModel) -> None:
        """Note that others are compared with *model*, which no limit is for."""
        if model not in self.references:
            self.references.append(model)

    def use(self, model: CoreMLModel) -> None:
        """Note that the test uses *model*, which forgets what an earlier test did with it."""
        if self.is_over or model in self.models or model in self.references:
            return
        model.forget_test()
        self.models.append(model)

    def judge(self) -> list[Record]:
        """Measure what the checks need and the test did not measure; return the judged records.

        Raises `CoreMLTestError` when something cannot be measured, or the device report of the test cannot be used.
        """
        if self.device is not None and self.device.problem is not None:
            # A test with the model alone does not set up the fixture that would have failed it.
            raise InputError(self.device.problem)
        judge = self._judge()
        for model in self.models:
            judge.complete_measurement(model)
        # When all are measured, since one may have to be faster than another.
        self.records += map(judge.judged_record, self.models)
        judge.compare(self.records)
        if self.device is not None and self.device.report is not None:
            judge_device = self._device_judge(self.device.report, self.device.every)
            self.device_records = [judge_device.judge(self.session.baseline_judge)]
        return [*self.records, *self.device_records, *self.scenarios.judge(self.declaration)]

    def _device_judge(self, report: DeviceReport, every: Sequence[DeviceReport]) -> DeviceJudge:
        """Return the judge of *report*; raise as `Models.describe_source` does."""
        from pytest_coreml.session.device_judge import DeviceJudge

        source = self._device_source
        function = source.function if isinstance(source, FunctionSource) else self.declaration.function
        spec = self.session.models.describe_source(source, self.folder, function)
        units = tuple(model.compute_units for model in self.models) or self.declaration.device_units
        return DeviceJudge(self.id, self.number, self.declaration, report, every, spec, units, bool(self.models))

    def measure_scenario(self, name: str, use: Callable[[], Any], calls: int | None) -> Scenario:
        """Measure the callable *use* as a scenario; raise as `AttemptedScenarios.measure` does."""
        return self.scenarios.measure(name, use, calls)

    def _judge(self) -> ModelJudge:
        declaration = self.declaration.judged_here
        return ModelJudge(self.id, self.number, self.folder, declaration, self.session, self.timing, self.models)

    def finish(self, outcome: Outcome, line: int | None = None, expected_failure: bool = False) -> list[Record]:
        """End the attempt with pytest's *outcome*; return its records, unjudged ones for models of a failed test.

        *line*: of the test in its file, from 1. *expected_failure*: the test is marked with xfail.
        """
        self.session.models.engines.record_crashes()
        self.is_over = True
        if outcome != "passed":
            # The test may have failed in the middle of being judged.
            self.records += map(self._judge().bare_record, self.models[len(self.records) :])
            self.records += self._unloaded_records()
            if self.device is not None and not self.device_records:
                self._record_unjudged_device(self.device)
            self.scenarios.complete(self.declaration)
        self.records += [*self.device_records, *self.scenarios.records]
        given_up = dict.fromkeys(self.session.models.shared.lock.given_up[self._given_up :])
        for record in self.records:
            record.outcome, record.line, record.expected_failure = outcome, line, expected_failure
            record.notes += given_up
        return self.records

    def _record_unjudged_device(self, device: ReportOfTest) -> None:
        """Record the report of a test that failed before it was judged by it; a test without records, by the reason."""
        problem = device.problem
        if device.report is not None:
            try:
                self.device_records = [self._device_judge(device.report, device.every).bare_record()]
            except Exception as error:  # noqa: BLE001 - a callable that builds a model raises anything
                problem = first_line(error)
        if self.records or self.device_records:
            return
        units = self.declaration.device_units or ("all",)
        self.records.append(
            Record(
                id=self.id,
                model=None,
                model_name=file_name(self._device_source) if self.declaration.sources else "",
                compute_units=device.report.compute_units if device.report is not None else units[0],
                function=self.declaration.function,
                runtime=self.session.models.expected_runtime,
                attempt=self.number,
                problem=problem,
            )
        )

    @property
    def _device_source(self) -> Any:
        return self.source if self.source is not None else self.declaration.sources[0]

    def _unloaded_records(self) -> Iterator[Record]:
        """Return records of models that could not be loaded, with what an earlier load in this run found."""
        held = [model.key for model in self.models]
        for key in dict.fromkeys(self.unloaded):
            if key in held:
                continue
            problem = self.problems.get(key)
            spec, runtime = self.session.models.seen(key) or (None, self.session.models.expected_runtime)
            yield Record(
                id=self.id,
                model=spec.sha256 if spec else None,
                model_name=spec.file_name if spec else Path(key.path).name,
                compute_units=key.compute_units,
                function=key.options.function or (spec.default_function if spec else None),
                loaded=key.options.words,
                runtime=runtime,
                attempt=self.number,
                variant=problem.variant if problem else None,
                problem=problem.text if problem else None,
            )
