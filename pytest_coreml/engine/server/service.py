"""Handle the requests to an engine, one method a request."""

from __future__ import annotations

import contextlib
import itertools
import platform
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.engine.model_digest import digest
from pytest_coreml.engine.protocol import Progress
from pytest_coreml.engine.server.pinned_inputs import PinnedInputs
from pytest_coreml.errors import EngineError, InputError, ModelError
from pytest_coreml.facts.runtime import RuntimeFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.server.core_ml_api import Api, Model
    from pytest_coreml.engine.server.engine_options import EngineOptions
    from pytest_coreml.engine.server.keep_compiled import KeptCompilations
    from pytest_coreml.engine.server.measure import Call
    from pytest_coreml.engine.server.memory import PeakMemory
    from pytest_coreml.engine.server.predictor import Predictor
    from pytest_coreml.engine.server.recorder import Recorder
    from pytest_coreml.facts.measurement import Measurement, Pairs
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.observed import Observation
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.runtime import ApiName, DeviceFacts, Runtime

_NO_ACCESS = "cannot read or write state {!r}, or pass it to another function: coremltools 9.0 or later is needed"


class Service:
    """The state of an engine: at most one model, its states, and its inputs.

    *notify*: sends heartbeats. *recorder*: records a timeline; None for no timeline.
    """

    def __init__(
        self, options: EngineOptions, notify: Callable[[Progress], None], recorder: Recorder | None = None
    ) -> None:
        self.recorder = recorder
        self._options = options
        self._kept: KeptCompilations | None = None
        self._api: ApiName = "coremltools"
        self._notify = notify
        self._runtime: Runtime = "reference"
        self._predictor: Predictor | None = None
        self._memory: PeakMemory | None = None
        self._states: dict[int, Any] = {}
        self._state_numbers = itertools.count(1)
        self._pinned = PinnedInputs()
        self._handlers = self._make_handlers()

    def _make_handlers(self) -> dict[type, Callable[[Any], object]]:
        return {
            protocol.Hello: self._hello,
            protocol.ListDevices: self._list_devices,
            protocol.SaveTinyModel: self._save_tiny_model,
            protocol.Describe: self._describe,
            protocol.BuildVariant: self._build_variant,
            protocol.BuildByCallable: self._build_by_callable,
            protocol.Load: self._load,
            protocol.LoadAgain: self._load_again,
            protocol.Predict: self._predict,
            protocol.MakeState: self._make_state,
            protocol.ReadState: self._read_state,
            protocol.WriteState: self._write_state,
            protocol.DropState: self._drop_state,
            protocol.Measure: self._measure,
            protocol.ProfileOperations: self._profile_operations,
            protocol.MeasurePairs: self._measure_pairs,
            protocol.CompareOutputs: self._compare_outputs,
            protocol.Observe: self._observe,
            protocol.ReadPlan: self._read_plan,
            protocol.ReadMemory: self._read_memory,
        }

    def handle(self, request: object) -> object:
        """Handle *request*; return the answer that its type declares."""
        if self._api == "coremltools":
            return self._handlers[type(request)](request)
        from pytest_coreml.engine.server.pyobjc.frameworks import pool

        # What is released at the end of a request may leave something in the pool, too.
        with pool():
            return self._handlers[type(request)](request)

    def _hello(self, _: protocol.Hello) -> RuntimeFacts:
        import os

        from pytest_coreml.engine.server import coremltools_import

        options = self._options
        self._runtime = runtime = coremltools_import.import_coremltools(
            options.runtime, options.precision, options.threads, has_converters=options.has_converters
        )
        import coremltools

        if options.api == "pyobjc":
            self._api = self._choose_pyobjc()
        return RuntimeFacts(
            pid=os.getpid(),
            python=platform.python_version(),
            coremltools=coremltools.__version__,
            runtime=runtime,
            runtime_version=coremltools_import.runtime_version(runtime),
            threads=options.threads if runtime == "reference" else None,
            precision=options.precision if runtime == "reference" else None,
            api="pyobjc" if self._api == "pyobjc" else None,
        )

    def _choose_pyobjc(self) -> ApiName:
        from pytest_coreml.engine.server.pyobjc.frameworks import check_pyobjc

        if self._runtime == "coreml":
            check_pyobjc()
            return "pyobjc"
        if self._options.insists_on_api:
            raise EngineError(
                "--coreml-api=pyobjc calls Core ML, and the reference runtime executes models here; leave it out, or "
                "write coreml_api = pyobjc into the ini file, where it is for machines with Core ML only"
            )
        return "coremltools"

    def _api_of_core_ml(self) -> Api:
        if self._api == "coremltools":
            from pytest_coreml.engine.server.coremltools_api import COREMLTOOLS

            return COREMLTOOLS
        from pytest_coreml.engine.server.pyobjc.objc_loading import PYOBJC

        return PYOBJC

    def _list_devices(self, _: protocol.ListDevices) -> tuple[DeviceFacts, ...] | None:
        from pytest_coreml.engine.server.devices import list_devices

        return list_devices()

    def _save_tiny_model(self, request: protocol.SaveTinyModel) -> None:
        from pytest_coreml.engine.server.tiny_model import save_tiny_model

        save_tiny_model(request.path)

    def _describe(self, request: protocol.Describe) -> ModelSpec:
        from pytest_coreml.engine.server.specification import describe

        return describe(request.path, request.function)

    def _build_variant(self, request: protocol.BuildVariant) -> None:
        from pytest_coreml.engine.server.build_variant import build_variant

        build_variant(request.path, request.name, request.destination, self._report_stage)

    def _build_by_callable(self, request: protocol.BuildByCallable) -> str | None:
        from pytest_coreml.engine.server.build_by_callable import build_by_callable, read_callable

        self._report_stage(f"building {request.name} of")
        build = read_callable(request.build, request.search)
        if build is None:
            return None
        return build_by_callable(build, request.path, request.name, request.destination, request.file)

    def _load(self, request: protocol.Load) -> protocol.Loaded:
        from pytest_coreml.engine.server import load
        from pytest_coreml.engine.server.memory import PeakMemory
        from pytest_coreml.engine.server.predictor import Predictor
        from pytest_coreml.engine.server.specification import describe

        keeper = self._keeper()
        before = fingerprint(request.path) if keeper is not None else ""
        spec = describe(request.path, request.options.function)
        kept = keeper.path(request, spec.sha256, before, self._report_stage) if keeper is not None else None
        self._memory = PeakMemory()
        model, times = load.load(request, self._options.folder, self._report_stage, kept, self._api_of_core_ml())
        self._predictor = Predictor(model, spec, self._pinned if self._runtime == "coreml" else None, self.recorder)
        problem = keeper.problem if keeper is not None else None
        return protocol.Loaded(spec, times, self._runtime, str(model.subject.compiled), problem, self._api)

    def _keeper(self) -> KeptCompilations | None:
        """Return what keeps compiled models, made for the first load; None where they are not kept."""
        if self._kept is None and self._options.cache_rules is not None and self._runtime == "coreml":
            import coremltools

            from pytest_coreml.engine.server.keep_compiled import KeptCompilations

            self._kept = KeptCompilations(self._options.cache_rules, coremltools.__version__, self._api_of_core_ml())
        return self._kept

    def _report_stage(self, doing: str) -> None:
        self._notify(Progress(doing))

    def _load_again(self, request: protocol.LoadAgain) -> float:
        from pytest_coreml.engine.server import load

        return load.load_again(request, self._api_of_core_ml())

    def _predict(self, request: protocol.Predict) -> protocol.Prediction:
        return self._loaded().predict(request, self._states[request.state] if request.state is not None else None)

    def _measure(self, request: protocol.Measure) -> Measurement:
        return self._loaded().measure(request, self._report)

    def _profile_operations(self, request: protocol.ProfileOperations) -> protocol.OperationTimes:
        from pytest_coreml.engine.server.profile_operations import profile_operations

        return profile_operations(request, self._options.folder / "profile")

    def _measure_pairs(self, request: protocol.MeasurePairs) -> Pairs:
        from pytest_coreml.engine.server.measure import measure_pairs

        predictor = self._loaded()
        inputs = predictor.inputs_of(request)
        current = predictor.sequence(predictor.slot(inputs, {}), request.sequence)
        other = self._load_other(request)
        prepared = other.prepare(inputs)

        def predict_other(state: Any) -> tuple[float, float]:
            try:
                return prepared(state)
            except (ModelError, ValueError, TypeError) as error:
                name = Path(request.other).name
                raise ModelError(f"{name}, to compare with, does not predict on the same inputs: {error}") from error

        return measure_pairs(
            current, self._sequence_of_other(request, predict_other, other), request.pairs, self._report
        )

    def _report(self, doing: str, done: int, total: int) -> None:
        self._notify(Progress(doing, done, total))

    def _compare_outputs(self, request: protocol.CompareOutputs) -> protocol.OutputsCompared:
        from pytest_coreml.engine.server.compare_outputs import compare_outputs

        predictor = self._loaded()

        def begin() -> Callable[[protocol.Features], protocol.Features]:
            return partial(predictor.outputs, predictor.fresh_state())

        return compare_outputs(request, predictor.spec, begin, partial(self._report, "comparing"))

    def _load_other(self, request: protocol.MeasurePairs) -> Model:
        """Load the model to compare with; errors name it as that model."""
        from pytest_coreml.engine.server import load

        order = protocol.Load(request.other, request.compute_units, request.options)
        aim = f"{Path(request.other).name} to compare with"

        def stage(doing: str) -> None:
            self._report_stage(f"{doing} {aim}")

        with _naming_other():
            kept = self._kept_other(order, stage)
            return load.load(order, self._options.folder, stage, kept, self._api_of_core_ml())[0]

    def _kept_other(self, order: protocol.Load, stage: Callable[[str], None]) -> Path | None:
        keeper = self._keeper()
        if keeper is None:
            return None
        before = fingerprint(order.path)
        return keeper.path(order, digest(Path(order.path)), before, stage)

    def _sequence_of_other(
        self, request: protocol.MeasurePairs, predict: Callable[[Any], tuple[float, float]], other: Model
    ) -> Call:
        from pytest_coreml.engine.server.state_sequence import StateSequence

        def make_state() -> Any:
            with _naming_other():
                return other.make_state()

        if not self._loaded().spec.states:
            return lambda: predict(None)
        return StateSequence(predict, make_state, request.sequence)

    def _make_state(self, _: protocol.MakeState) -> int:
        predictor = self._loaded()
        if not predictor.spec.states:
            raise InputError(f"{predictor.spec.file_name} has no states; only stateful models have make_state()")
        number = next(self._state_numbers)
        self._states[number] = predictor.fresh_state()
        return number

    def _read_state(self, request: protocol.ReadState) -> object:
        try:
            return self._states[request.state].read_state(request.name)
        except RuntimeError as error:
            raise InputError(f"cannot read state {request.name!r}: {error}") from error
        except AttributeError as error:
            raise InputError(_NO_ACCESS.format(request.name)) from error

    def _write_state(self, request: protocol.WriteState) -> None:
        import numpy as np

        try:
            # The native module rejects half precision and converts from single precision.
            value = self._pinned.pin({"value": np.array(request.value, dtype=np.float32)})["value"]
            self._states[request.state].write_state(request.name, value)
        except (RuntimeError, ValueError, TypeError) as error:
            raise InputError(f"cannot write state {request.name!r}: {error}") from error
        except AttributeError as error:
            raise InputError(_NO_ACCESS.format(request.name)) from error

    def _drop_state(self, request: protocol.DropState) -> None:
        self._states.pop(request.state, None)

    def _observe(self, request: protocol.Observe) -> Observation:
        from pytest_coreml.engine.server import load
        from pytest_coreml.engine.server.counters.observe import observe, open_readers
        from pytest_coreml.engine.server.measure import warm_up
        from pytest_coreml.engine.server.predictor import Predictor
        from pytest_coreml.engine.server.specification import describe

        def begin() -> Call:
            spec = describe(request.load.path, request.load.options.function)
            predictor = Predictor(load.load_compiled(request.load, self._api_of_core_ml()), spec, self._pinned)
            call = predictor.repeated(request.like)
            warm_up(call, self._report)
            return call

        readers = partial(open_readers, private=request.private)
        return observe(readers, begin, self._report)

    def _read_plan(self, request: protocol.ReadPlan) -> Placement:
        if self._api == "pyobjc":
            from pytest_coreml.engine.server.pyobjc.plan import read_objc_plan

            return read_objc_plan(request.path, request.compute_units, request.function, request.options)
        from pytest_coreml.engine.server.plan import read_plan

        return read_plan(request.path, request.compute_units, request.function)

    def _read_memory(self, _: protocol.ReadMemory) -> float:
        return self._memory.growth_bytes() / 1e6 if self._memory is not None else 0.0

    def _loaded(self) -> Predictor:
        if self._predictor is None:
            raise EngineError("no model is loaded in this engine")
        return self._predictor


@contextlib.contextmanager
def _naming_other() -> Iterator[None]:
    """Let an error say that it is about the model to compare with."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"the model to compare with: {error}") from error
