"""Judge measurements against a baseline, and measure again in fresh engines what looks worse."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.errors import ModelError, hidden_for_ours
from pytest_coreml.facts.clocks import OWN_CLOCK
from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.facts.reason import Cause, MissingModel, Reason
from pytest_coreml.report.document.runs import make_run
from pytest_coreml.report.text.changes_text import changes_lines
from pytest_coreml.verdict.regression import paired
from pytest_coreml.verdict.regression.judge import Rules, changes_since, judge_against
from pytest_coreml.verdict.regression.level import DEFAULT_TOLERANCE
from pytest_coreml.verdict.regression.moved import judge_moved, open_moves
from pytest_coreml.verdict.regression.prediction_time import Regression
from pytest_coreml.verdict.regression.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.engines import Engines
    from pytest_coreml.engine.lease import EngineKey, Lease
    from pytest_coreml.facts.clocks import Clock
    from pytest_coreml.facts.compute_units import Device
    from pytest_coreml.facts.measurement import Measurement, Pairs
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.run import MeasurementKey, Runs

__tracebackhide__ = hidden_for_ours


def is_folder_of_models(path: Path) -> bool:
    """Return True if *path* is a folder of models, and is not a model itself."""
    return path.is_dir() and path.suffix not in (".mlpackage", ".mlmodelc")


def _name(other: Path) -> str:
    """Return a name for the *other* version, which often has the same file name; a report names no home folder."""
    path, here = other.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


class BaselineJudge:
    """Judges against a *baseline* of finished runs, None for no baseline, and against other versions of a model.

    *machine* returns the facts about this machine, as a report has them.
    """

    def __init__(
        self, options: Options, baseline: Runs | None, engines: Engines, machine: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._rules = Rules(options.tolerance or DEFAULT_TOLERANCE, options.assume_idle)
        self._options = options
        self._baseline = baseline
        self._engines = engines
        self._machine = machine

    def wants_prediction(self, key: MeasurementKey) -> bool:
        """Return True if the baseline has predictions to compare with."""
        return any(run.predict for run in self._runs(key))

    def wants_placement(self, key: MeasurementKey, clock: Clock = OWN_CLOCK) -> bool:
        """Return True if the baseline has a plan to compare with."""
        return any(run.placement and not run.placement.unknown for run in self._runs(key, clock))

    def _runs(self, key: MeasurementKey, clock: Clock = OWN_CLOCK) -> list[Run]:
        runs = self._baseline.get(key) if self._baseline is not None else []
        return [run for run in runs if run.machine.get("measured_by", OWN_CLOCK) == clock]

    def judge_device(
        self, record: Record, machine: Mapping[str, Any], spec: ModelSpec, max_moved: Mapping[Device, float]
    ) -> None:
        """Add to the *record* of a device report its verdicts against the baseline; nothing is measured again."""
        if self._baseline is not None:
            self._judge_by_runs(record, spec, lambda *_: None, self._limits(record, max_moved), machine)
        else:
            record.checks += judge_moved(None, (), max_moved)

    def judge(
        self,
        record: Record,
        model: CoreMLModel,
        against: Path | None = None,
        max_moved: Mapping[Device, float] = MappingProxyType({}),
        *,
        is_last: bool = True,
    ) -> None:
        """Add to *record* its verdicts against the baseline, and notes on what else changed.

        A measurement that looks worse is repeated in at most two fresh engines. *against*: another version of the
        model, or a folder with one of its name. *max_moved*: the share of the plan that may have left each device, by
        the markers of the test. The two comparisons are independent: finished runs show a drift over
        several versions, and interleaved calls show differences that are smaller than those between runs.
        *is_last*: False if a later model of the test has the key of *record*, whose runs the baseline has.
        """
        if self._baseline is not None and not is_last:
            _leave(record, Cause.SHARED_KEY, max_moved)
        elif self._baseline is not None:
            limits = self._limits(record, max_moved)
            self._judge_by_runs(record, model.spec, partial(self._measure_again, model), limits)
        else:
            record.checks += judge_moved(None, (), max_moved)
        if against is not None:
            record.duet = self._duet(model, against)

    def judge_scenario(self, record: Record, measure_again: Callable[[], Measurement | None]) -> None:
        """Add to *record*, of a scenario, its verdicts against the baseline.

        *measure_again*: measures it in fresh engines; returns None where that is not possible.
        """

        def again(machine: Mapping[str, Any], _: bool) -> Run | None:
            measurement = measure_again()
            return Run(machine, measurement) if measurement is not None else None

        if self._baseline is not None:
            self._judge_by_runs(record, None, again)

    def _duet(self, model: CoreMLModel, against: Path) -> Regression:
        other = against / model.name if is_folder_of_models(against) else against
        if not other.exists():
            reason = Reason(Cause.NO_OTHER_MODEL, MissingModel(model.name, str(against)))
            return Regression(0, None, None, "not_judged", reason, against=_name(other))
        if model.runtime == "reference" and self._options.runtime != "reference":
            # A version that ONNX Runtime executes slower is not slower on Apple's hardware.
            reason = Reason(Cause.FOREIGN_CLOCK, "comparison")
            return Regression(0, None, None, "not_judged", reason, against=_name(other))
        tolerance = self._options.tolerance or paired.DEFAULT_TOLERANCE
        runs = self.interleave(model, other, lambda runs: paired.wants_another_duet(runs, tolerance))
        return paired.judge_duet(runs, _name(other), tolerance)

    def interleave(self, model: CoreMLModel, other: Path, wants_another: Callable[[list[Pairs]], bool]) -> list[Pairs]:
        """Interleave calls of *model* and the model at *other*, in one process after another while *wants_another*."""
        request = model.last.request or protocol.Measure(
            model.last.inputs, self._options.calls, sequence=model.last.sequence
        )
        runs: list[Pairs] = []
        while not runs or wants_another(runs):
            # Which model lies first in memory can make it slower: what confirms has them the other way round.
            if len(runs) % 2 == 0:
                runs.append(self._measure_pairs(model.key, str(other), request, model.sha256))
            else:
                key = replace(model.key, path=str(other), fingerprint=fingerprint(str(other)))
                runs.append(self._measure_pairs(key, model.key.path, request).swapped)
        return runs

    def _measure_pairs(
        self, first: EngineKey, other: str, request: protocol.Measure, sha256: str | None = None
    ) -> Pairs:
        with self._engines.fresh(first) as lease:
            _check_same(lease, sha256)
            return lease.ask(
                protocol.MeasurePairs(
                    other,
                    first.compute_units,
                    first.options,
                    request.inputs,
                    request.calls,
                    request.batch,
                    request.sequence,
                )
            )

    def _limits(self, record: Record, of_markers: Mapping[Device, float]) -> Mapping[Device, float]:
        """Return the limits of moved operations: those of markers, and that of the option for each allowed device."""
        moved = self._options.moved
        if moved is None or not self.wants_placement(record.key, record.measured_by):
            return of_markers
        return {**dict.fromkeys(ALLOWED_DEVICES[record.compute_units], moved), **of_markers}

    def _judge_by_runs(
        self,
        record: Record,
        spec: ModelSpec | None,
        measure_again: Callable[[Mapping[str, Any], bool], Run | None],
        max_moved: Mapping[Device, float] = MappingProxyType({}),
        machine: Mapping[str, Any] | None = None,
    ) -> None:
        baseline = self._runs(record.key, record.measured_by)
        if not baseline:
            _leave(record, Cause.UNKNOWN_TEST, max_moved)
            return
        rules = replace(self._rules, max_moved=max_moved)
        machine = self._machine() if machine is None else machine
        runs = [make_run(record, machine, spec)]
        findings = judge_against(baseline, runs, rules)
        while findings.wants_another_run and (run := measure_again(machine, findings.wants_first_load)) is not None:
            runs.append(run)
            findings = judge_against(baseline, runs, rules)
        record.regression = findings.time
        record.checks += findings.checks
        # Of the first run, which is what the report holds; the others have no plan.
        changes = changes_since(baseline, runs[0])
        record.moved = changes.moved
        # What has moved without a limit is told apart, by more than a note.
        told = open_moves(changes.moved, record.checks)
        record.notes += changes_lines(replace(changes, moved=tuple(move for move in changes.moved if move not in told)))

    def _measure_again(self, model: CoreMLModel, machine: Mapping[str, Any], first_load: bool) -> Run:
        with self._engines.fresh(model.key, first_load=first_load) as lease:
            _check_same(lease, model.sha256)
            predict = lease.measure(model.last.request) if model.last.request is not None else None
            memory_mb = lease.ask(protocol.ReadMemory())
            return Run(machine, predict, lease.loaded.times, memory_mb, model=lease.loaded.spec)


def _leave(record: Record, cause: Cause, max_moved: Mapping[Device, float]) -> None:
    """Leave *record* unjudged against the baseline."""
    record.regression = Regression(0, None, None, "not_judged", Reason(cause))
    record.checks += judge_moved(None, (), max_moved)


def _check_same(lease: Lease, sha256: str | None) -> None:
    """Raise `ModelError` when the model that was loaded once more is not the one that the test has measured."""
    if sha256 is not None and lease.loaded.spec.sha256 != sha256:
        raise ModelError(
            f"{lease.key.path}: cannot be measured again: another model was saved here since the test loaded it"
        )
