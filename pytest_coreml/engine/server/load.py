"""Compile and load a model through coremltools, and time both."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.messages import Subject, cause
from pytest_coreml.errors import ModelError
from pytest_coreml.facts.compute_units import COREMLTOOLS_NAMES
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.protocol import Features, Inputs, Load, LoadAgain, ProfileOperations

    # Loads a compiled model and returns it.
    Make = Callable[[], Any]

# Loads from a path that was loaded before: at least one, more while they are quick.
MAX_LOADS = 3
LOAD_SECONDS = 1.0
_serial = itertools.count()


class LoadedModel:
    """A model that Core ML holds. *subject* names it in messages."""

    def __init__(self, model: Any, subject: Subject) -> None:
        self._model = model
        self.compiled = subject.compiled
        self.subject = subject

    @property
    def load_ms(self) -> float:
        """The native time of the load, in ms."""
        return _milliseconds(self._proxy.get_load_duration_in_nano_seconds(), "load")

    @property
    def _proxy(self) -> Any:
        # A compiled model has no public duration, `MLModel` has no fixed path: this is the one private name we use.
        return self._model._proxy

    def predict(self, inputs: Inputs, state: Any = None) -> tuple[Inputs, float, float]:
        """Predict once, or with a batch; return outputs, native and wall time in ms.

        Raises `ModelError` when the framework fails.
        """
        start = time.perf_counter_ns()
        with self._failures():
            outputs = self._model.predict(inputs, state)
        wall = time.perf_counter_ns() - start
        # Only after a call that returned: a failed one leaves the duration of an earlier call.
        return outputs, _milliseconds(self._proxy.get_last_predict_duration_in_nano_seconds(), "predict"), wall / 1e6

    @property
    def is_direct(self) -> bool:
        """True if there is `predict_into`: not through coremltools on Core ML."""
        return hasattr(self._proxy, "predict_into")

    def predict_into(self, inputs: Features, state: Any, backings: dict[str, Any]) -> tuple[Features, float, float]:
        """Predict once, past coremltools: with arrays of the declared types, and arrays for outputs.

        Return as `predict` does; an output that the framework wrote into its array is that very array. Threads may call
        this at the same time. Raises `ModelError` when the framework fails.
        """
        start = time.perf_counter_ns()
        with self._failures():
            outputs, native = self._proxy.predict_into(inputs, state and state.__proxy__, backings)
        return outputs, native / 1e6, (time.perf_counter_ns() - start) / 1e6

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise ModelError(f"{self.subject}: the prediction failed: {self.subject.cause(error)}") from error

    def make_state(self) -> Any:
        """Make a fresh state. Raises `ModelError` where the framework cannot, as before macOS 15."""
        try:
            return self._model.make_state()
        except Exception as error:
            raise ModelError(f"{self.subject}: cannot make a state: {self.subject.cause(error)}") from error


def load(
    request: Load, folder: Path, stage: Callable[[str], None], kept: Path | None = None
) -> tuple[LoadedModel, LoadTimes]:
    """Load for the first time, then again; *stage* is called with the name of each stage.

    The model is compiled to a path in *folder* that was never used before, since Core ML keeps the results of a load by
    the path. A compiled model is copied there. A model from memory is not compiled to be loaded; its path is made for
    the compute plan only.

    *kept*: its compiled form, which may have been loaded before. Unless it is loaded from memory, it is then loaded
    from there, and there are no times of compiling and of a first load.
    Raises `ModelError`, naming file, stage and cause, when the framework rejects the model.
    """
    compiled = kept or folder / f"{next(_serial)}" / f"{Path(request.path).stem}.mlmodelc"
    subject = Subject(Path(request.path), request.compute_units, compiled)
    compile_ms: list[float] = []
    if kept is not None and not request.options.from_memory:
        make = _from_path(request, kept)
    elif subject.path.suffix == COMPILED_SUFFIX:
        copy_compiled(request, compiled)
        make = _from_path(request, compiled)
    elif request.options.from_memory:
        make = _from_memory(request, subject)
    else:
        stage("compiling")
        compile_ms.append(compile_model(request.path, compiled))
        make = _from_path(request, compiled)
    stage("loading")
    model, load_ms = _load_repeatedly(make, subject)
    if request.options.from_memory:
        if kept is None:
            compile_model(request.path, compiled)
    elif kept is not None:
        return model, LoadTimes(load_ms=load_ms[1:])
    return model, LoadTimes(tuple(compile_ms), load_ms[:1], load_ms[1:])


def _load_repeatedly(make: Make, subject: Subject) -> tuple[LoadedModel, tuple[float, ...]]:
    model = LoadedModel(_load(make, subject), subject)
    load_ms = [model.load_ms]
    deadline = time.monotonic() + LOAD_SECONDS
    while len(load_ms) == 1 or (len(load_ms) <= MAX_LOADS and time.monotonic() < deadline):
        # Release the previous one first: two at once would need twice the memory.
        del model
        model = LoadedModel(_load(make, subject), subject)
        load_ms.append(model.load_ms)
    return model, tuple(load_ms)


def load_again(request: LoadAgain) -> float:
    """Load a compiled model, release it, and return the native time in ms. Raises `ModelError` as `load` does."""
    return load_compiled(request).load_ms


def load_compiled(request: LoadAgain | ProfileOperations) -> LoadedModel:
    """Load a compiled model once. Raises `ModelError` as `load` does."""
    subject = Subject(Path(request.path), request.compute_units, Path(request.compiled))
    return LoadedModel(_load(_from_path(request, subject.compiled), subject), subject)


def compile_model(path: str, target: Path) -> float:
    """Compile to *target*, which must not exist; return the wall time in ms. Raises `ModelError`."""
    from coremltools.models.utils import compile_model as compile_at

    target.parent.mkdir(parents=True)
    start = time.perf_counter()
    try:
        compile_at(path, str(target))
    except Exception as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        why = cause(error).removeprefix(f"{path}: ")
        raise ModelError(f"{path}: cannot be compiled: {why}") from error
    return (time.perf_counter() - start) * 1e3


def copy_compiled(request: Load, target: Path) -> None:
    """Copy a model that is compiled already to *target*, a path of which Core ML has kept nothing.

    Files are linked where the file system allows it, but for a first load: Core ML may have loaded these very files
    before. Raises `ModelError`, also for a load from memory.
    """
    if request.options.from_memory:
        raise ModelError(
            f"{request.path}: a compiled model cannot be loaded from memory; name the .mlpackage or .mlmodel that it "
            "was compiled from, or leave out from_memory"
        )
    target.parent.mkdir(parents=True)
    try:
        copy = shutil.copyfile if request.first_load else _link_or_copy
        shutil.copytree(request.path, target, symlinks=True, copy_function=copy)
    except OSError as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise ModelError(f"{request.path}: cannot be copied: {error}") from error


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _from_path(request: Load | LoadAgain | ProfileOperations, compiled: Path) -> Make:
    from coremltools.models import CompiledMLModel

    return lambda: CompiledMLModel(str(compiled), **_arguments(request))


def _from_memory(request: Load, subject: Subject) -> Make:
    from coremltools.models import CompiledMLModel
    from coremltools.models.model import MLModelAsset

    from pytest_coreml.engine.server.specification import model_bytes

    specification, blobs = model_bytes(Path(request.path))
    try:
        asset = MLModelAsset.from_memory(specification, blobs)
    except Exception as error:
        raise ModelError(f"{subject}: cannot be loaded from memory: {subject.cause(error)}") from error
    return lambda: CompiledMLModel.from_asset(asset, **_arguments(request))


def _arguments(request: Load | LoadAgain | ProfileOperations) -> dict[str, Any]:
    import coremltools

    enums = {
        "reshapeFrequency": coremltools.ReshapeFrequency,
        "specializationStrategy": coremltools.SpecializationStrategy,
    }
    hints = {name: enums[name][str(word)] if name in enums else word for name, word in request.options.hints}
    return {
        "compute_units": coremltools.ComputeUnit[COREMLTOOLS_NAMES[request.compute_units]],
        "function_name": request.options.function,
        "optimization_hints": hints or None,
    }


def _load(make: Make, subject: Subject) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = make()
        except Exception as error:
            raise ModelError(f"{subject}: cannot be loaded: {subject.cause(error)}") from error
    if getattr(model, "_proxy", None) is None:
        # coremltools turns some errors of a load into a warning, and others into nothing.
        why = subject.cause(str(caught[-1].message)) if caught else "coremltools gave no model and no reason"
        raise ModelError(f"{subject}: cannot be loaded: {why}")
    return model


def _milliseconds(nanoseconds: int | None, what: str) -> float:
    if nanoseconds is None:
        raise ModelError(f"coremltools gave no {what} duration; coremltools 8.3 or later is needed")
    return nanoseconds / 1e6
