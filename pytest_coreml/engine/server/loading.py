"""Compile and load a model through coremltools, and time both."""

from __future__ import annotations

import itertools
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.compute_units import COREMLTOOLS_NAMES
from pytest_coreml.engine.server.native_errors import cause
from pytest_coreml.errors import ModelError
from pytest_coreml.measurement import LoadTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.compute_units import ComputeUnits

# Loads from a path that was loaded before: one at least, more while they are quick.
MOST_LOADS = 3
LOAD_SECONDS = 1.0
_serial = itertools.count()


@dataclass(frozen=True)
class LoadRequest:
    """What to load: the file or package, and how."""

    path: str
    compute_units: ComputeUnits
    function: str | None
    hints: Mapping[str, Any]


class LoadedModel:
    """A model that Core ML holds, and the path it was loaded from."""

    def __init__(self, model: Any, compiled: Path) -> None:
        self._model = model
        self.compiled = compiled

    @property
    def load_ms(self) -> float:
        """Native time of its load."""
        return _milliseconds(self._proxy.get_load_duration_in_nano_seconds(), "load")

    @property
    def _proxy(self) -> Any:
        # A compiled model has no public duration, `MLModel` has no fixed path: this is the one private name we use.
        return self._model._proxy

    def predict(self, inputs: dict[str, Any], state: Any = None) -> tuple[dict[str, Any], float, float]:
        """Predict once; give outputs, native and wall time in ms."""
        start = time.perf_counter_ns()
        outputs = self._model.predict(inputs, state)
        wall = time.perf_counter_ns() - start
        # Read after a call that came back only: a failed one leaves the duration of an earlier one.
        return outputs, _milliseconds(self._proxy.get_last_predict_duration_in_nano_seconds(), "predict"), wall / 1e6

    def make_state(self) -> Any:
        """Make a fresh state."""
        return self._model.make_state()


def load(request: LoadRequest, folder: Path, stage: Callable[[str], None]) -> tuple[LoadedModel, LoadTimes]:
    """Compile into *folder*, load from that path for the first time, then again; *stage* is told what begins.

    Raises `ModelError`, naming file, stage and cause, when the framework rejects the model.
    """
    name = Path(request.path).name
    stage("compiling")
    compiled, compile_ms = compile_model(request.path, folder)
    stage("loading")
    model = _load(request, compiled, name)
    first_load_ms = model.load_ms
    load_ms: list[float] = []
    deadline = time.monotonic() + LOAD_SECONDS
    while not load_ms or (len(load_ms) < MOST_LOADS and time.monotonic() < deadline):
        # The former one is let go first: two of them at once would need twice the memory.
        del model
        model = _load(request, compiled, name)
        load_ms.append(model.load_ms)
    return model, LoadTimes((compile_ms,), (first_load_ms,), tuple(load_ms))


def compile_model(path: str, folder: Path) -> tuple[Path, float]:
    """Compile to a path in *folder* that was never used before; give it and the wall time in ms."""
    from coremltools.models.utils import compile_model as compile_at

    target = folder / f"{next(_serial)}" / f"{Path(path).stem}.mlmodelc"
    target.parent.mkdir(parents=True)
    start = time.perf_counter()
    try:
        compile_at(path, str(target))
    except Exception as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise ModelError(f"{path}: cannot be compiled: {cause(error)}") from error
    return target, (time.perf_counter() - start) * 1e3


def _load(request: LoadRequest, compiled: Path, name: str) -> LoadedModel:
    import coremltools

    units = coremltools.ComputeUnit[COREMLTOOLS_NAMES[request.compute_units]]
    options: dict[str, Any] = {"optimization_hints": dict(request.hints)} if request.hints else {}
    if request.function:
        options["function_name"] = request.function
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LoadedModel(coremltools.models.CompiledMLModel(str(compiled), units, **options), compiled)
    except Exception as error:
        raise ModelError(f"{name} on {request.compute_units}: cannot be loaded: {cause(error)}") from error


def _milliseconds(nanoseconds: int | None, what: str) -> float:
    if nanoseconds is None:
        raise ModelError(f"coremltools gave no {what} duration; coremltools 8.3 or later is needed")
    return nanoseconds / 1e6
