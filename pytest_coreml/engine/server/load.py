"""Compile and load a model, and time both."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.engine.server.coremltools_api import COREMLTOOLS
from pytest_coreml.engine.server.messages import Subject
from pytest_coreml.errors import ModelError
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.protocol import Load, LoadAgain, ProfileOperations
    from pytest_coreml.engine.server.core_ml_api import Api, Model

# Loads from a path that was loaded before: at least one, more while they are quick.
MAX_LOADS = 3
LOAD_SECONDS = 1.0
_serial = itertools.count()


def load(
    request: Load, folder: Path, stage: Callable[[str], None], kept: Path | None = None, api: Api = COREMLTOOLS
) -> tuple[Model, LoadTimes]:
    """Load for the first time by *api*, then again; *stage* is called with the name of each stage.

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
        make = api.from_path(request, subject)
    elif subject.path.suffix == COMPILED_SUFFIX:
        copy_compiled(request, compiled)
        make = api.from_path(request, subject)
    elif request.options.from_memory:
        make = api.from_memory(request, subject)
    else:
        stage("compiling")
        compile_ms.append(compile_model(request.path, compiled, api))
        make = api.from_path(request, subject)
    stage("loading")
    model, load_ms = _load_repeatedly(make)
    if request.options.from_memory:
        if kept is None:
            compile_model(request.path, compiled, api)
    elif kept is not None:
        return model, LoadTimes(load_ms=load_ms[1:])
    return model, LoadTimes(tuple(compile_ms), load_ms[:1], load_ms[1:])


def _load_repeatedly(make: Callable[[], Model]) -> tuple[Model, tuple[float, ...]]:
    model = make()
    load_ms = [model.load_ms]
    deadline = time.monotonic() + LOAD_SECONDS
    while len(load_ms) == 1 or (len(load_ms) <= MAX_LOADS and time.monotonic() < deadline):
        # Release the previous one first: two at once would need twice the memory.
        del model
        model = make()
        load_ms.append(model.load_ms)
    return model, tuple(load_ms)


def load_again(request: LoadAgain, api: Api = COREMLTOOLS) -> float:
    """Load a compiled model, release it, and return the native time in ms. Raises `ModelError` as `load` does."""
    return load_compiled(request, api).load_ms


def load_compiled(request: LoadAgain | ProfileOperations, api: Api = COREMLTOOLS) -> Model:
    """Load a compiled model once. Raises `ModelError` as `load` does."""
    subject = Subject(Path(request.path), request.compute_units, Path(request.compiled))
    return api.from_path(request, subject)()


def compile_model(path: str, target: Path, api: Api = COREMLTOOLS) -> float:
    """Compile to *target*, which must not exist; return the wall time in ms. Raises `ModelError`."""
    target.parent.mkdir(parents=True)
    start = time.perf_counter()
    try:
        api.compile_model(path, target)
    except ModelError:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
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
