"""The model proxy, its states and assets: what loads, times and predicts."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from standin import compiler
from standin.devices import make_devices
from standin.errors import from_compiler, from_framework, require
from standin.failures import NoResultError, enter
from standin.features import Interface
from standin.native import NONE, TEXT, Native, Unmade, takes, text
from standin.plan import make_plan
from standin.session import current
from standin.structure import StructureBuilder
from standin.values import give_features, take_features

_HINTS = ("reshapeFrequency", "specializationStrategy", "allowLowPrecisionAccumulationOnGPU")


class _MLModelAssetProxy(Unmade):
    __slots__ = ("blobs", "data")


class _State(Unmade):
    __slots__ = ("buffers",)

    @takes(TEXT)
    def read_state(self, name: Any) -> np.ndarray:
        require((15, 0), "Reading state")
        # Half precision is widened on the way out.
        buffer = self._buffer(text(name))
        return buffer.astype("float32") if buffer.dtype == np.float16 else buffer.copy()

    @takes(TEXT, object)
    def write_state(self, name: Any, value: Any) -> None:
        require((15, 0), "Writing state")
        if not isinstance(value, np.ndarray):
            raise RuntimeError("Failed to write state, only multi-array value is supported")  # noqa: TRY004
        taken = take_features({"value": value})["value"]
        buffer = self._buffer(text(name))
        if taken.shape != buffer.shape:
            raise RuntimeError(f"The shape {taken.shape} does not match the state's {buffer.shape}.")
        buffer[...] = taken

    def _buffer(self, name: str) -> np.ndarray:
        if name not in self.buffers:
            raise RuntimeError(f"The model has no state named {name}.")
        return self.buffers[name]  # type: ignore[no-any-return]


class _MLModelProxy(Native):
    __slots__ = ("_calls", "_interface", "_load_ns", "_owned", "_path", "_predict_ns", "_units")

    @takes(TEXT, TEXT, TEXT, dict, (_MLModelAssetProxy, NONE), optional=1)
    def __init__(self, path: Any, units: Any, function: Any, hints: dict[str, str], asset: Any = None) -> None:
        self._owned: str | None = None
        self._calls = 0
        self._predict_ns: int | None = None
        self._units = text(units)
        compiled = text(path) if asset is not None else _compiled_path(text(path))
        _check_configuration(self._units, text(function), hints)
        known = current().recall(compiled, self._units) if asset is None else "nothing"
        facts = {"function": text(function), "hints": hints, "asset": asset is not None, "known": known}
        enter("load", compiled, self._units, **facts)
        current().loaded.add(self._units)
        spec = asset_spec(asset) if asset is not None else compiler.read_compiled(compiled)
        self._interface = Interface(spec, text(function))
        times = current().scenario.times_for(self._units)
        waking = 0 if current().awake else times.waking_ns
        current().awake = True
        self._load_ns: int | None = times.of_load(known) + waking
        # A model from memory has no path: its proxy makes a text of a null pointer when asked.
        self._path = compiled if asset is None else None
        # Set last: the destructor of an object that never came to be does not run, and leaves the folder behind.
        self._owned = compiled if asset is None and compiled.rstrip("/") != text(path).rstrip("/") else None

    def __del__(self) -> None:
        if getattr(self, "_owned", None) is not None:
            shutil.rmtree(str(self._owned), ignore_errors=True)

    @takes(dict, (_State, NONE))
    def predict(self, data: dict[str, Any], state: Any) -> dict[str, Any]:
        if state is not None:
            require((15, 0), "Stateful predictions using MLState", "are only supported")
        inputs = take_features(data)
        result = self._run([inputs], state)[0]
        self._predict_ns = self._duration()
        return result

    @takes(list)
    def batchPredict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N802 - the native name
        results = self._run([take_features(data) for data in batch], None)
        self._predict_ns = sum(self._duration() for _ in batch)
        return results

    @takes()
    def get_compiled_model_path(self) -> str:
        if self._path is None:
            ctypes.string_at(8)
        return str(self._path).rstrip("/")

    @takes()
    def get_load_duration_in_nano_seconds(self) -> int | None:
        return self._load_ns

    @takes()
    def get_last_predict_duration_in_nano_seconds(self) -> int | None:
        return self._predict_ns

    @takes()
    def newState(self) -> Any:  # noqa: N802 - the native name
        require((15, 0), "Stateful model")
        enter("state", self._path or "", self._units)
        state = _State.__new__(_State)
        state.buffers = self._interface.buffers()
        return state

    def _run(self, batch: list[dict[str, Any]], state: Any) -> list[dict[str, Any]]:
        enter("predict", self._path or "", self._units, state=None if state is None else id(state))
        current().note_prediction()
        for inputs in batch:
            self._interface.check(inputs, state is not None)
        return [give_features(self._interface.results(self._units)) for _ in batch]

    def _duration(self) -> int:
        times = current().scenario.times_for(self._units)
        self._calls += 1
        if self._calls == 1:
            return times.first_predict_ns
        duration = times.predict_ns[(self._calls - 2) % len(times.predict_ns)]
        return round(duration * (1 + times.slower_by_second * current().predicting_seconds))

    @staticmethod
    @takes(TEXT)
    def compileModel(path: Any) -> str:  # noqa: N802 - the native name
        return compiler.compile_model(text(path))

    @staticmethod
    @takes()
    def maximum_supported_specification_version() -> int:
        return 10

    @staticmethod
    @takes(bytes)
    def auto_set_specification_version(spec: bytes) -> bytes:
        return bytes(spec)

    @staticmethod
    @takes(TEXT)
    def create_model_asset_from_path(path: Any) -> Any:
        require((15, 0), "Creating an MLModelAsset from a file path")
        folder = Path(text(path))
        files = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        if "coremldata.bin" not in files:
            raise from_framework(f"The model at {folder} could not be loaded: coremldata.bin is not there.")
        return _make_asset(files.pop("coremldata.bin"), files)

    @staticmethod
    @takes(bytes, dict)
    def create_model_asset_from_memory(spec: bytes, blobs: dict[str, bytes]) -> Any:
        require((13, 0), "MLModelAsset")
        if blobs:
            require((15, 0), "Creating an MLModelAsset using blob mapping")
        for blob in blobs.values():
            if not isinstance(blob, bytes):
                raise RuntimeError(f"Unable to cast Python instance of type {type(blob)} to C++ type 'py::bytes'")  # noqa: TRY004
        return _make_asset(spec, blobs)

    @staticmethod
    @takes(TEXT)
    def get_model_structure(path: Any) -> Any:
        require((14, 4), "MLModelStructure")
        enter("structure", text(path))
        return StructureBuilder(lambda _item: None).build(_read_for_plan(text(path)))

    @staticmethod
    @takes()
    def get_available_compute_devices() -> list[Any]:
        return _list_devices()

    @staticmethod
    @takes()
    def get_all_compute_devices() -> list[Any]:
        return _list_devices()

    @staticmethod
    @takes(TEXT, TEXT)
    def get_compute_plan(path: Any, units: Any) -> Any:
        require((14, 4), "MLComputePlan")
        _check_configuration(text(units), "", {})
        try:
            enter("plan", text(path), text(units))
        except NoResultError:
            return None
        return make_plan(_read_for_plan(text(path)), text(units))


def asset_spec(asset: Any) -> Any:
    """Return the specification that an asset holds."""
    compiler.check_weights(asset.data, asset.blobs.__contains__, "")
    return compiler.parse(asset.data)


def _make_asset(spec: bytes, blobs: dict[str, bytes]) -> Any:
    from coremltools.models.model import MLModelAsset

    proxy = _MLModelAssetProxy.__new__(_MLModelAssetProxy)
    proxy.data, proxy.blobs = spec, blobs
    return MLModelAsset(proxy)


def _compiled_path(path: str) -> str:
    """Return the folder to load from: the path itself, or a new one that is compiled from it, in silence."""
    if len(path) < 9:
        raise IndexError(f"basic_string::substr: __pos (which is {len(path) - 9}) > this->size()")
    if path.rstrip("/").endswith(".mlmodelc"):
        return path
    with compiler.silent():
        return compiler.compile_model(path, from_compiler)


def _check_configuration(units: str, function: str, hints: dict[str, str]) -> None:
    if units == "CPU_AND_NE":
        require((13, 0), "MLComputeUnitsCPUAndNeuralEngine")
    for hint in _HINTS:
        if hint in hints:
            require((15, 0), f"Setting '{hint}'")
    if function:
        require((15, 0), "The 'functionName' property", "can only be set")


def _list_devices() -> list[Any]:
    require((14, 0), "MLComputeDevice")
    enter("devices")
    return make_devices(current().scenario.devices)


def _read_for_plan(path: str) -> Any:
    """Read a compiled model; like the real loader, end the process for a folder that is none."""
    folder = Path(path)
    if folder.exists() and not (folder / "coremldata.bin").is_file():
        os.write(2, b"libc++abi: terminating due to uncaught exception of type NSException\n")
        os.abort()
    return compiler.read_compiled(path)
