"""Operations that make a tensor of others (`tensor_operation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.windows import onnx_pads

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_PAD_MODES: Final = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


@lowers("identity")
def identity(ctx: Context) -> Value:
    """Rename."""
    return ctx.input("x")


@lowers("concat")
def concat(ctx: Context) -> Value:
    """Lower tensors put one after the other."""
    if ctx.scalar("interleave", False):
        ctx.refuse("interleaved")
    return ctx.node("Concat", *ctx.inputs("values"), axis=ctx.axis("axis", ctx.types("values")[0].rank))


@lowers("split")
def split(ctx: Context) -> tuple[Value, ...]:
    """Lower a tensor cut into equal parts, or parts of given sizes."""
    axis, count = ctx.axis("axis", ctx.rank("x")), len(ctx.op.outputs)
    if ctx.has("split_sizes"):
        return ctx.nodes("Split", ctx.input("x"), ctx.as_int64("split_sizes"), outputs=count, axis=axis)
    return ctx.nodes("Split", ctx.input("x"), outputs=count, axis=axis, num_outputs=count)


@lowers("pad")
def pad(ctx: Context) -> Value:
    """Lower padding of the last dimensions, begin and end of each in turn."""
    mode = ctx.scalar("mode", "constant")
    if mode not in _PAD_MODES:
        ctx.refuse(f"unknown mode {mode!r}")
    pads = ctx.ints("pad")
    pads = [0] * (2 * ctx.rank("x") - len(pads)) + pads
    fill = ctx.literal(ctx.scalar("constant_val", 0), ctx.dtype("x"))
    return ctx.node("Pad", ctx.input("x"), ctx.int64(onnx_pads(pads)), fill, mode=_PAD_MODES[mode])
