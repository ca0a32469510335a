"""The one object of a run: what was asked, the engines, and what became of each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.crashes import Crashes
from pytest_coreml.engine.engines import Engines
from pytest_coreml.engine.fresh_loads import measure_fresh_loads
from pytest_coreml.engine.lease import UNTIMED, EngineKey, Lease, SharedByEngines
from pytest_coreml.engine.plans import Plans
from pytest_coreml.engine.protocol import ListDevices, Progress
from pytest_coreml.errors import EngineError, UnfitMachineError, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.machine import identity
from pytest_coreml.machine.policy import clock_doubt, unfit_units, usable_devices
from pytest_coreml.session.attempt import Trial
from pytest_coreml.session.baseline_judge import Gate
from pytest_coreml.session.model import CoreMLModel
from pytest_coreml.session.sources import Sources
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets, needs_fresh_load, needs_prediction
from pytest_coreml.verdict.placement_rules import judge_placement
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.runtime import DeviceFacts, Runtime, RuntimeFacts
    from pytest_coreml.machine.watch import Watch
    from pytest_coreml.plugin.declarations import Declared
    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.regression.run import Runs

__tracebackhide__ = hidden_for_ours


class Session:
    """Loads models for tests, judges them when their body has passed, and keeps the records."""

    def __init__(
        self,
        options: Options,
        progress: Callable[[str, Progress], None],
        baseline: Runs | None = None,
        machine: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self.options = options
        self.sources = Sources(options.rootdir, lambda name: progress(name, Progress("building")))
        self._shared = SharedByEngines(progress)
        self.crashes = Crashes(
            os.environ.get("PYTEST_XDIST_TESTRUNUID"), lambda: self.trial.name if self.trial else None
        )
        self.engines = Engines(self._engine, self._shared, self.crashes)
        self.gate = Gate(options, baseline, self.engines, machine)
        self.plans = Plans(self._engine)
        self.trial: Trial | None = None
        self.specs: dict[str, ModelSpec] = {}
        # What was ever loaded, by path.
        self._seen: dict[str, tuple[ModelSpec, Runtime]] = {}
        self.facts: RuntimeFacts | None = None
        self.devices: tuple[DeviceFacts, ...] | None = None
        self._measured: dict[tuple[str, LoadOptions, ComputeUnits], Measurement] = {}
        self._models: dict[EngineKey, CoreMLModel] = {}
        self._attempts: dict[str, int] = {}

    @property
    def watch(self) -> Watch:
        """What was seen of the machine's conditions so far."""
        return self._shared.watch

    def begin(self, test_id: str, folder: Path, declared: Declared, timing: Timing) -> Trial:
        """Begin a test; *timing*: as `Trial` says."""
        self._attempts[test_id] = attempt = self._attempts.get(test_id, 0) + 1
        self.trial = Trial(test_id, folder, declared, attempt=attempt, timing=timing)
        return self.trial

    def load(self, source: Any, units: ComputeUnits, options: LoadOptions | None = None) -> CoreMLModel:
        """Give the model of *source*, loaded for *units* in an engine, and note that the present test uses it.

        Raises `ModelError` when it cannot be found or loaded, `EngineError` when its engine died, `UnfitMachineError`
        when this machine is not fit for *units*.
        """
        if reason := unfit_units(units, self.options.runtime, identity()):
            raise UnfitMachineError(reason)
        folder = self.trial.folder if self.trial else self.options.rootdir
        path = self.sources.resolve(source, folder)
        timing = self.trial.timing if self.trial else UNTIMED
        lease = self._lease(EngineKey(str(path), units, options or LoadOptions()), timing)
        if self.facts is None:
            self.facts = lease.engine.facts
            self.devices = lease.ask(ListDevices())
        model = self._model(lease, path)
        self.specs[model.sha256] = model.spec
        self._seen[lease.key.path] = (model.spec, model.runtime)
        self._watch(model)
        return model

    def judge(self) -> list[Record]:
        """Measure what the test's checks need and it did not measure; make and judge its records."""
        trial = self.trial
        if trial is None:
            return []
        for model in trial.models:
            if model.measurement is None and self._wants_measurement(trial, model):
                self._measure(trial, model)
            if self._wants_fresh_loads(trial, model):
                model.load_times = measure_fresh_loads(model.lease, self.engines)
            if model.measurement is not None:
                self._measured[model.sha256, model.key.options, model.compute_units] = model.measurement
        # Now that all are measured, of which one may be to be faster than another.
        for model in trial.models:
            trial.records.append(self._record(trial, model))
        against = self._against(trial)
        for record, model in zip(trial.records, trial.models, strict=True):
            self.gate.judge(record, model, against)
        return trial.records

    def end(self, outcome: str) -> list[Record]:
        """End the test with pytest's outcome; give its records, unjudged ones for models of a test that failed."""
        trial = self.trial
        if trial is None:
            return []
        self.engines.record_crashes()
        self.trial = None
        if outcome != "passed":
            # It may have failed in the middle of being judged.
            trial.records += [self._facts_of(trial, model) for model in trial.models[len(trial.records) :]]
            trial.records += self._unloaded_records(trial)
        for record in trial.records:
            record.outcome = outcome  # type: ignore[assignment]  # pytest has the same words
        return trial.records

    def release(self, keep: Callable[[EngineKey], bool]) -> None:
        """Close the engines that *keep* does not want any more."""
        for key in [key for key in self._models if not keep(key)]:
            self.engines.release(key)
            del self._models[key]

    def close(self) -> None:
        """Close all engines, and remove the models that were built."""
        self.engines.close()
        self.plans.close()
        self.sources.close()

    def _lease(self, key: EngineKey, timing: Timing) -> Lease:
        try:
            return self.engines.lease(key, timing)
        except EngineError:
            if self.trial is not None:
                self.trial.unloaded.append(key)
            raise

    def _unloaded_records(self, trial: Trial) -> Iterator[Record]:
        """Give records of what could not be loaded in *trial*, where an earlier load has told what it is."""
        held = [model.key for model in trial.models]
        for key in dict.fromkeys(trial.unloaded):
            if key.path in self._seen and key not in held:
                spec, runtime = self._seen[key.path]
                yield Record(
                    id=trial.id,
                    model=spec.sha256,
                    model_name=spec.file_name,
                    compute_units=key.compute_units,
                    function=key.options.function or spec.default_function,
                    loaded=key.options.words,
                    runtime=runtime,
                    attempt=trial.attempt,
                )

    def _engine(self) -> Engine:
        return Engine(self.options.runtime, self.options.timeout, (f"--precision={self.options.precision}",))

    def _model(self, lease: Lease, path: Path) -> CoreMLModel:
        held = self._models.get(lease.key)
        if held is None or not held.holds(lease):
            held = self._models[lease.key] = CoreMLModel(lease, self.plans, path, self.options.calls, self._watch)
        return held

    def _watch(self, model: CoreMLModel) -> None:
        if self.trial is not None:
            self.trial.use(model)

    def _against(self, trial: Trial) -> Path | None:
        """Give the other version to run alternately with the models of *trial*, or a folder with such."""
        source = trial.declared.against
        return self.sources.resolve(source, trial.folder) if source is not None else self.options.against

    def _wants_measurement(self, trial: Trial, model: CoreMLModel) -> bool:
        if self.gate.wants_prediction(self._facts_of(trial, model).key):
            return True
        partners = any(budget.min_speedup for budget in trial.declared.budgets)
        asked = self.options.report is not None and trial.declared.names_model
        return asked or partners or any(needs_prediction(budget) for budget in trial.declared.budgets)

    def _wants_fresh_loads(self, trial: Trial, model: CoreMLModel) -> bool:
        if model.load_times.fresh_load_ms or clock_doubt(model.runtime, self.options.runtime, identity()):
            return False
        return any(needs_fresh_load(budget, model.compute_units) for budget in trial.declared.budgets)

    def _measure(self, trial: Trial, model: CoreMLModel) -> None:
        inputs = model.last_inputs
        if inputs is None and (declared := trial.declared.inputs) is not None:
            inputs = declared() if callable(declared) else declared
        model.measure(inputs)

    def _record(self, trial: Trial, model: CoreMLModel) -> Record:
        record = self._facts_of(trial, model)
        record.memory_mb = model.memory_mb
        record.checks = [*self._budget_checks(trial, model, record), *self._placement_checks(trial, model, record)]
        if record.placement is None and self._shows_placement(record):
            record.placement = model.known_placement
        return record

    def _facts_of(self, trial: Trial, model: CoreMLModel) -> Record:
        return Record(
            id=trial.id,
            model=model.sha256,
            model_name=model.name,
            compute_units=model.compute_units,
            function=model.function or model.spec.default_function,
            loaded=model.key.options.words,
            runtime=model.runtime,
            load=model.load_times,
            predict=model.measurement,
            attempt=trial.attempt,
        )

    def _budget_checks(self, trial: Trial, model: CoreMLModel, record: Record) -> list[Check]:
        facts = MeasuredFacts(
            compute_units=model.compute_units,
            load=model.load_times,
            predict=model.measurement,
            size_mb=model.spec.size_mb,
            memory_mb=record.memory_mb,
            partners=self._partners(model),
            reached=trial.declared.reached,
            clock=clock_doubt(model.runtime, self.options.runtime, identity()),
        )
        return [check for budget in trial.declared.budgets for check in judge_budgets(budget, facts)]

    def _placement_checks(self, trial: Trial, model: CoreMLModel, record: Record) -> list[Check]:
        if not trial.declared.rules:
            return []
        record.placement = placement = model.placement
        reason = placement.reason if model.runtime == "reference" else None
        devices = usable_devices((found.device for found in self.devices), identity()) if self.devices else None
        return [
            check
            for rule in trial.declared.rules
            for check in judge_placement(rule, placement, model.compute_units, devices, reason)
        ]

    def _shows_placement(self, record: Record) -> bool:
        """Whether the plan is worth reading though no rule asks for it: for the report, for the text of a failure, and
        to set it against the clock."""
        if self.gate.wants_placement(record.key):
            return True
        if record.runtime == "reference":
            return False
        timed = record.predict is not None and record.compute_units == "cpuAndNeuralEngine"
        return timed or self.options.report is not None or any(check.verdict == "failed" for check in record.checks)

    def _partners(self, model: CoreMLModel) -> Mapping[ComputeUnits, Measurement]:
        return {
            units: measured
            for (sha256, options, units), measured in self._measured.items()
            if (sha256, options) == (model.sha256, model.key.options)
        }
