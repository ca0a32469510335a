"""The session: what all attempts at tests of one run share."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.machine import identity
from pytest_coreml.machine.policy import clock_doubt, device_doubt, usable_devices
from pytest_coreml.session.baseline_judge import BaselineJudge
from pytest_coreml.session.explanations import Explanations
from pytest_coreml.session.models import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.protocol import Prediction
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.load_options import LoadOptions
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.reason import Reason
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.machine.watch import Watch
    from pytest_coreml.session.agreement_judge import AgreementJudge
    from pytest_coreml.session.model import CoreMLModel, Listeners
    from pytest_coreml.session.options import Options
    from pytest_coreml.session.scenario_call import Recorder
    from pytest_coreml.verdict.regression.run import Runs

__tracebackhide__ = hidden_for_ours


class Session:
    """The options, the models, the judges of outputs and of comparisons, and the measurements of a run.

    *machine* returns the facts about this machine, as a report has them; *baseline*: the runs to compare with.
    """

    def __init__(
        self,
        options: Options,
        listeners: Listeners,
        baseline: Runs | None = None,
        machine: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self.options = options
        self.recorder: Recorder | None = None
        """The listener to predictions while a scenario is measured."""
        self._predicted = listeners.predicted
        ours = replace(listeners, predicted=self._note_prediction, reads_waiting=lambda: self.recorder is not None)
        self.models = Models(options, ours)
        self.baseline_judge = BaselineJudge(options, baseline, self.models.engines, machine)
        self.explanations = Explanations(self.models.make_engine, options.explain)
        self._measured: dict[tuple[str, LoadOptions, ComputeUnits], Measurement] = {}

    @cached_property
    def agreement_judge(self) -> AgreementJudge:
        """The judge of outputs, made when the first test asks for it: it needs numpy."""
        from pytest_coreml.session.agreement_judge import AgreementJudge

        return AgreementJudge(self.options, self.models)

    @property
    def conditions(self) -> Watch:
        """The machine's conditions so far."""
        return self.models.shared.watch

    def _note_prediction(self, model: CoreMLModel, prediction: Prediction, since: float) -> None:
        if self.recorder is not None:
            self.recorder.record(model, prediction, since)
        self._predicted(model, prediction, since)

    def measure_scenario(self, name: str, use: Callable[[], Any], calls: int) -> tuple[Scenario, list[CoreMLModel]]:
        """Measure *use* under *name*; return the scenario, and the models that it has used.

        Raises `InputError` where *use* raises, predicts nothing, or uses other models than in the call before, and when
        it measures a scenario itself.
        """
        from pytest_coreml.session.scenario_call import Recorder, measure_scenario

        if self.recorder is not None:
            raise InputError(f"scenario {name!r}: a scenario cannot be measured within another one")
        self.recorder = recorder = Recorder()
        try:
            scenario = measure_scenario(name, use, calls, recorder, self.models.shared)
        finally:
            self.recorder = None
        return scenario, list(recorder.totals)

    def note_measured(self, model: CoreMLModel, measurement: Measurement) -> None:
        """Keep a *measurement* for speed-ups of the same model over other compute units."""
        self._measured[model.sha256, model.key.options, model.compute_units] = measurement

    def partners(self, model: CoreMLModel) -> Mapping[ComputeUnits, Measurement]:
        """Return the measurements of *model* on all compute units so far, loaded in the same way."""
        return {
            units: measurement
            for (sha256, options, units), measurement in self._measured.items()
            if (sha256, options) == (model.sha256, model.key.options)
        }

    def usable_devices(self) -> tuple[Device, ...] | None:
        """Return the devices of this machine that models can use; None if they are unknown."""
        found = self.models.devices
        return usable_devices((device.device for device in found), identity()) if found else None

    def lacking(self, model: CoreMLModel) -> dict[ComputeUnits, Reason]:
        """Return the compute units whose device this machine lacks, with the reason."""
        devices, asked = self.usable_devices(), self.options.runtime
        doubts = {units: device_doubt(units, devices, model.runtime, asked) for units in COMPUTE_UNITS}
        return {units: doubt for units, doubt in doubts.items() if doubt is not None}

    def clock_doubt(self, model: CoreMLModel) -> Reason | None:
        """Return the reason why the times of *model* are not judged; None if they are."""
        doubt = clock_doubt(model.runtime, self.options.runtime, identity())
        return doubt or self.lacking(model).get(model.compute_units)

    def close(self) -> None:
        """Close all engines, and remove the models that were built."""
        self.models.close()
