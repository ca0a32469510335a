"""Convert element types without an ONNX Runtime kernel to a type that has one, and back.

Most kernels exist for fp32 and int32 only. Small integers and truth values fit into int32 without loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.format.dtypes import DType

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


def carrier(dtype: DType) -> DType:
    """Return the type in which a kernel takes values of *dtype*: *dtype* if it is floating-point, else int32."""
    return dtype.compute if dtype.is_float else DType.INT32


def carried(ctx: Context, value: Value, dtype: DType) -> Value:
    """Convert a value of *dtype* to its carrier."""
    return value if carrier(dtype) is dtype.compute else ctx.cast(value, carrier(dtype))


def delivered(ctx: Context, value: Value, dtype: DType) -> Value:
    """Convert a value from the carrier of *dtype* back to it."""
    return value if carrier(dtype) is dtype.compute else ctx.cast(value, dtype)
