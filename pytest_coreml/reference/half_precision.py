"""Conversions between half and single precision.

numpy converts one element after the other, ten times as slowly as ONNX Runtime, which uses vector instructions.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.graph import GraphBuilder

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Below this number of elements, numpy is faster.
_MIN_ELEMENTS: Final = 4096


def to_half(array: NDArray[Any]) -> NDArray[Any]:
    """Return *array* in half precision, itself if it is that already; values that are too large become infinite."""
    if array.dtype == np.float16:
        return array
    if array.dtype == np.float32 and array.size >= _MIN_ELEMENTS:
        return _cast(array, DType.FP32, DType.FP16)
    with np.errstate(over="ignore"):
        return array.astype(np.float16)


def to_single(array: NDArray[Any]) -> NDArray[Any]:
    """Return *array* in single precision, itself if it is that already."""
    if array.dtype == np.float16 and array.size >= _MIN_ELEMENTS:
        return _cast(array, DType.FP16, DType.FP32)
    return array.astype(np.float32, copy=False)


def _cast(array: NDArray[Any], source: DType, target: DType) -> NDArray[Any]:
    name, session = _session(source, target)
    result: NDArray[Any] = session.run(None, {name: np.ascontiguousarray(array).reshape(-1)})[0]
    return result.reshape(array.shape)


@cache
def _session(source: DType, target: DType) -> tuple[str, Any]:
    """Return a session of one conversion, which threads may share, and the name of its input."""
    from pytest_coreml.reference.onnxruntime_import import onnxruntime

    builder = GraphBuilder()
    x = builder.root.input("x", source, (None,))
    builder.root.output(builder.root.cast(x, target), target)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 4
    model = builder.proto.SerializeToString()
    return x, onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
