"""One attempt at a test: the models it uses, what is measured and judged of them, and the records of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.engine.fresh_loads import measure_fresh_loads
from pytest_coreml.engine.lease import UNTIMED, EngineKey
from pytest_coreml.engine.plans import has_layers
from pytest_coreml.errors import InputError, UnfitMachineError, did_you_mean, hidden_for_ours
from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.machine import identity
from pytest_coreml.machine.policy import clock_doubt, device_doubt, usable_devices
from pytest_coreml.session.sources import VariantSource, file_name
from pytest_coreml.verdict.boundary_rules import judge_boundary
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets, needs_fresh_load, needs_prediction
from pytest_coreml.verdict.placement_rules import judge_placement
from pytest_coreml.verdict.ratio_rules import compare_specs, paired_times, wants_another_run
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.moved import limits_of_moves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.measurement import Measurement, Pairs
    from pytest_coreml.facts.reason import Reason
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.session import Session
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.record import Outcome

__tracebackhide__ = hidden_for_ours


class LoadProblem(NamedTuple):
    """Why a configuration could not be loaded."""

    text: str
    """The first line of the error."""
    variant: str | None
    """The name of the variant that it is; None for a test without variants."""


@dataclass(frozen=True, eq=False)
class AttemptedScenario:
    """A scenario that a test has measured, with what is needed to measure it again."""

    scenario: Scenario
    models: tuple[CoreMLModel, ...]
    """The models that it uses, in the order of their first prediction."""
    use: Callable[[], Any]
    calls: int
    session: Session

    def measure_again(self) -> Measurement | None:
        """Measure it in fresh engines; return None if it cannot run there, as when it keeps a state between calls."""
        for model in self.models:
            # Its next prediction loads it in another engine.
            model.lease.suspend()
        try:
            scenario, _ = self.session.measure_scenario(self.scenario.name, self.use, self.calls)
        except InputError:
            return None
        return scenario.measurement


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
    scenarios: list[AttemptedScenario] = field(default_factory=list)
    """The scenarios that the test has measured so far."""
    scenario_records: list[Record] = field(default_factory=list)
    """A record for each of *scenarios*, once they were judged."""
    unloaded: list[EngineKey] = field(default_factory=list)
    """The configurations that could not be loaded; the path is a file name where the model was not found."""
    problems: dict[EngineKey, LoadProblem] = field(default_factory=dict)
    """Why each of *unloaded* could not be loaded."""
    references: list[CoreMLModel] = field(default_factory=list)
    """The models that others are compared with, which no limit is for."""
    is_over: bool = False
    """True once the records are final; models that are used later, as in a teardown, do not count."""

    def __post_init__(self) -> None:
        # Of variants and their originals.
        self._pairs: dict[str, list[Pairs]] = {}
        # What is measured from now on without the host's lock is of this attempt.
        self._given_up = len(self.session.models.shared.lock.given_up)

    @property
    def name(self) -> str:
        """The node id, with the number of the attempt where it is not the first."""
        return self.id if self.number == 1 else f"{self.id} (attempt {self.number})"

    @property
    def is_unjudgeable(self) -> bool:
        """True where the test declares checks, and used no model that they could be about."""
        return not self.models and self.declaration.has_checks

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
            self.problems[key] = LoadProblem(_first_line(error), variant)
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
        original = models.load(key)
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

        Raises `CoreMLTestError` when something cannot be measured.
        """
        for model in self.models:
            self._complete_measurement(model)
        # When all are measured, since one may have to be faster than another.
        self.records += map(self._judged_record, self.models)
        against = self._other_version()
        for record, model in zip(self.records, self.models, strict=True):
            self.session.baseline_judge.judge(
                record, model, against, limits_of_moves(self.declaration.rules, model.compute_units)
            )
            self._explain(record, model)
        self._check_scenario_names()
        for scenario in self.scenarios:
            self.scenario_records.append(self._scenario_record(scenario))
            self.session.baseline_judge.judge_scenario(self.scenario_records[-1], scenario.measure_again)
        return [*self.records, *self.scenario_records]

    def measure_scenario(self, name: str, use: Callable[[], Any], calls: int | None) -> Scenario:
        """Measure the callable *use* as a scenario, *calls* times, by default as often as the options say.

        Raises `InputError` for a name that the test has used already, and as `Session.measure_scenario` does.
        """
        if any(earlier.scenario.name == name for earlier in self.scenarios):
            raise InputError(f"scenario {name!r}: measured already in this test; give each scenario its own name")
        wanted = self.session.options.calls if calls is None else calls
        scenario, models = self.session.measure_scenario(name, use, wanted)
        self.scenarios.append(AttemptedScenario(scenario, tuple(models), use, wanted, self.session))
        return scenario

    def _check_scenario_names(self) -> None:
        """Refuse a budget for a scenario that the test has not measured, which would be kept by any model."""
        names = [each.scenario.name for each in self.scenarios]
        for budget in self.declaration.budgets:
            if budget.scenario is not None and budget.scenario not in names:
                hint = did_you_mean(budget.scenario, names) or f"; it measured {', '.join(map(repr, names)) or 'none'}"
                raise InputError(f"coreml_budget: the test measured no scenario {budget.scenario!r}{hint}")

    def _scenario_record(self, attempted: AttemptedScenario) -> Record:
        scenario, model = attempted.scenario, attempted.models[0]
        record = Record(
            id=self.id,
            model=None,
            model_name=" + ".join(dict.fromkeys(each.name for each in attempted.models)),
            compute_units=model.compute_units,
            function=None,
            runtime=model.runtime,
            predict=scenario.measurement,
            scenarios=(scenario,),
            attempt=self.number,
        )
        facts = MeasuredFacts(
            compute_units=model.compute_units,
            predict=scenario.measurement,
            clock=self._clock_doubt(model),
            scenario=scenario.name,
        )
        record.checks = [check for budget in self.declaration.budgets for check in judge_budgets(budget, facts)]
        return record

    def finish(self, outcome: Outcome, line: int | None = None, expected_failure: bool = False) -> list[Record]:
        """End the attempt with pytest's *outcome*; return its records, unjudged ones for models of a failed test.

        *line*: of the test in its file, from 1. *expected_failure*: the test is marked with xfail.
        """
        self.session.models.engines.record_crashes()
        self.is_over = True
        if outcome != "passed":
            # The test may have failed in the middle of being judged.
            self.records += map(self._bare_record, self.models[len(self.records) :])
            self.records += self._unloaded_records()
            self.scenario_records += map(self._scenario_record, self.scenarios[len(self.scenario_records) :])
        self.records += self.scenario_records
        given_up = dict.fromkeys(self.session.models.shared.lock.given_up[self._given_up :])
        for record in self.records:
            record.outcome, record.line, record.expected_failure = outcome, line, expected_failure
            record.notes += given_up
        return self.records

    def _complete_measurement(self, model: CoreMLModel) -> None:
        if model.measurement is None and self._needs_measurement(model):
            self._measure(model)
        if self._needs_fresh_loads(model):
            model.load_times = measure_fresh_loads(model.lease, self.session.models.engines)
        if model.measurement is not None:
            self.session.note_measured(model, model.measurement)

    def _needs_measurement(self, model: CoreMLModel) -> bool:
        if self.session.baseline_judge.wants_prediction(self._bare_record(model).key):
            return True
        budgets = self.declaration.budgets
        if self._variant(model) is not None:
            return True
        is_partner = any(budget.min_speedup for budget in budgets)
        is_reported = self.session.options.report is not None and self.declaration.names_model
        return is_reported or is_partner or any(map(needs_prediction, budgets))

    def _needs_fresh_loads(self, model: CoreMLModel) -> bool:
        if model.load_times.fresh_load_ms or self._clock_doubt(model):
            return False
        return any(needs_fresh_load(budget, model.compute_units) for budget in self.declaration.budgets)

    def _measure(self, model: CoreMLModel) -> None:
        declared = self.declaration.inputs if model.last_inputs is None else None
        model.measure_like_last(declared() if callable(declared) else declared)

    def _judged_record(self, model: CoreMLModel) -> Record:
        record = self._bare_record(model)
        record.memory_mb = model.memory_mb
        self._compare_with_original(model, record)
        record.checks = [
            *self._budget_checks(model, record),
            *self._placement_checks(model, record),
            *self._boundary_checks(model),
        ]
        self._judge_outputs(model, record)
        if record.placement is None and self._shows_placement(record, model):
            record.placement = model.known_placement
        return record

    def _explain(self, record: Record, model: CoreMLModel) -> None:
        if record.placement is not None:
            failed = [parse_check(check.check).metric for check in record.checks if check.verdict == "failed"]
            has_failed = any("placement" in metric.needs for metric in failed)
            record.placement = self.session.explanations.explained(record.placement, model, has_failed=has_failed)

    def _bare_record(self, model: CoreMLModel) -> Record:
        return Record(
            id=self.id,
            model=model.sha256,
            model_name=model.name,
            compute_units=model.compute_units,
            function=model.function or model.spec.default_function,
            loaded=model.key.options.words,
            runtime=model.runtime,
            load=model.load_times,
            predict=model.measurement,
            attempt=self.number,
            variant=variant.name if (variant := self._variant(model)) is not None else None,
        )

    def _variant(self, model: CoreMLModel) -> VariantSource | None:
        """Return which variant *model* is, None in a test without variants."""
        declared = self.declaration
        if not declared.variants and not any(isinstance(source, VariantSource) for source in declared.sources):
            return None
        return self.session.models.variant_sources.get(model.key.path)

    def _compare_with_original(self, model: CoreMLModel, record: Record) -> None:
        """Add to *record* how *model*, if it is a variant, differs from its original."""
        variant = self._variant(model)
        if variant is None:
            return
        if variant.is_original:
            record.against_original = compare_specs(model.spec, model.spec)
            return
        models, judge = self.session.models, self.session.baseline_judge
        original = models.sources.resolve(variant.original, self.folder)
        limit = min((budget.max_time_ratio or math.inf for budget in self.declaration.budgets), default=math.inf)
        pairs = judge.interleave(model, original, lambda runs: limit < math.inf and wants_another_run(runs, limit))
        self._pairs[model.key.path] = pairs
        difference = compare_specs(model.spec, models.describe(original, model.lease))
        record.against_original = replace(difference, times=paired_times(pairs))

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

    def _budget_checks(self, model: CoreMLModel, record: Record) -> list[Check]:
        facts = MeasuredFacts(
            compute_units=model.compute_units,
            load=model.load_times,
            predict=model.measurement,
            size_mb=model.spec.size_mb,
            memory_mb=record.memory_mb,
            partners=self.session.partners(model),
            reached=self.declaration.reached,
            clock=self._clock_doubt(model),
            against_original=record.against_original,
            pairs=self._pairs.get(model.key.path, ()),
            is_original=(variant := self._variant(model)) is not None and variant.is_original,
            lacking=self._lacking(model),
        )
        return [check for budget in self.declaration.budgets for check in judge_budgets(budget, facts)]

    def _placement_checks(self, model: CoreMLModel, record: Record) -> list[Check]:
        if not self.declaration.rules:
            return []
        record.placement = placement = model.placement
        reason = placement.reason if model.runtime == "reference" else None
        devices = self._devices()
        return [
            check
            for rule in self.declaration.rules
            for check in judge_placement(rule, placement, model.compute_units, devices, reason)
        ]

    def _boundary_checks(self, model: CoreMLModel) -> list[Check]:
        rules = self.declaration.boundary_rules
        return [check for rule in rules for check in judge_boundary(rule, model.spec.boundary, model.compute_units)]

    def _judge_outputs(self, model: CoreMLModel, record: Record) -> None:
        if not self.declaration.agreements:
            return
        # Late, since it needs numpy.
        from pytest_coreml.session.agreement_judge import Subject

        keys = [other.key for other in self.models]
        loaded = [key.compute_units for key in keys if key == replace(model.key, compute_units=key.compute_units)]
        units = frozenset((*self.declaration.reached, *loaded))
        subject = Subject(model, self.declaration, self.folder, self.id, units, self._variant(model), self.timing)
        self.session.agreement_judge.judge(record, subject)

    def _clock_doubt(self, model: CoreMLModel) -> Reason | None:
        doubt = clock_doubt(model.runtime, self.session.options.runtime, identity())
        return doubt or self._lacking(model).get(model.compute_units)

    def _devices(self) -> tuple[Device, ...] | None:
        found = self.session.models.devices
        return usable_devices((device.device for device in found), identity()) if found else None

    def _lacking(self, model: CoreMLModel) -> dict[ComputeUnits, Reason]:
        """Return the compute units whose device this machine lacks, with the reason."""
        devices, asked = self._devices(), self.session.options.runtime
        doubts = {units: device_doubt(units, devices, model.runtime, asked) for units in COMPUTE_UNITS}
        return {units: doubt for units, doubt in doubts.items() if doubt is not None}

    def _shows_placement(self, record: Record, model: CoreMLModel) -> bool:
        """Return True where the plan is worth reading though no rule asks for it.

        It is shown in a report and in the text of a failure, and compared with the measured time.
        """
        if self.session.baseline_judge.wants_placement(record.key):
            return True
        reported = self.session.options.report is not None
        if record.runtime == "reference":
            return reported and has_layers(model.spec)
        timed = record.predict is not None and record.compute_units == "cpuAndNeuralEngine"
        return timed or reported or any(check.verdict == "failed" for check in record.checks)

    def _other_version(self) -> Path | None:
        """Return the other version to run interleaved with the models of the test, or a folder of such."""
        source = self.declaration.against
        if source is None:
            return self.session.options.against
        return self.session.models.sources.resolve(source, self.folder)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
