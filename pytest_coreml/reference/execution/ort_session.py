"""Run a lowered function with ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import ExecutionError, UnsupportedModelError
from pytest_coreml.reference.execution.failures import reason
from pytest_coreml.reference.onnxruntime_import import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.lowering.ports import LoweredFunction
    from pytest_coreml.reference.options import RuntimeOptions

_FATAL_ONLY = 4


def make_session(lowered: LoweredFunction, options: RuntimeOptions) -> onnxruntime.InferenceSession:
    """Load a lowered function; raise `UnsupportedModelError` if ONNX Runtime rejects it."""
    settings = _settings(options)
    names = list(lowered.arrays)
    if names:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(lowered.arrays[name]) for name in names]
        settings.add_external_initializers(names, values)
    try:
        session = onnxruntime.InferenceSession(lowered.model, settings, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime raises many types, all directly below Exception
        raise UnsupportedModelError(f"ONNX Runtime cannot load the lowered model: {reason(error)}") from error
    if options.profile is not None:
        options.profile.sessions.append(session)
    return session


def load_onnx(model: bytes, options: RuntimeOptions) -> onnxruntime.InferenceSession:
    """Load an ONNX model that contains all its data; raise `UnsupportedModelError` if ONNX Runtime rejects it."""
    try:
        session = onnxruntime.InferenceSession(model, _settings(options), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnsupportedModelError(f"ONNX Runtime cannot load the model: {reason(error)}") from error
    if options.profile is not None:
        options.profile.sessions.append(session)
    return session


def _settings(options: RuntimeOptions) -> onnxruntime.SessionOptions:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = _FATAL_ONLY
    # A spinning worker takes the core from whatever else is measured.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "1" if options.spinning else "0")
    settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Fused into integer kernels, quantized activations would differ from their definition.
    settings.add_session_config_entry("session.disable_quant_qdq", "1")
    # Weight files are named from the root of the file system; see `GraphBuilder`.
    settings.add_session_config_entry("session.model_external_initializers_file_folder_path", Path.cwd().anchor)
    if options.profile is not None:
        options.profile.prepare(settings)
    return settings


def run(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str],
    feeds: Mapping[str, NDArray[Any]],
    shared: Mapping[str, NDArray[Any]],
    backings: Mapping[str, NDArray[Any]] = MappingProxyType({}),
) -> list[NDArray[Any]]:
    """Execute once and return *outputs*; raise `ExecutionError`, naming the operation, if it fails.

    *shared*: further outputs, each with the array in whose memory it is computed. *backings*: the same for some of
    *outputs*; such an array is returned itself if ONNX Runtime wrote into it.
    """
    try:
        if not shared and not backings:
            results: list[NDArray[Any]] = session.run(outputs, feeds)
            return results
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        for name in outputs:
            _bind_output(binding, name, backings.get(name))
        for name, array in shared.items():
            _bind_output(binding, name, array)
        session.run_with_iobinding(binding)
        values = zip(outputs, binding.get_outputs(), strict=False)
        return [_result(value, backings.get(name)) for name, value in values]
    except Exception as error:
        raise ExecutionError(reason(error)) from error


def _bind_output(binding: Any, name: str, array: NDArray[Any] | None) -> None:
    if array is None:
        binding.bind_output(name)
    else:
        binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)


def _result(value: Any, backing: NDArray[Any] | None) -> NDArray[Any]:
    if backing is not None and value.data_ptr() == backing.ctypes.data:
        return backing
    copy: NDArray[Any] = value.numpy()
    return copy
