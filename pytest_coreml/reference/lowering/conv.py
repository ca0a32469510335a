"""Convolutions (`conv.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.windows import window_attributes

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("conv")
def conv(ctx: Context) -> Value:
    """Lower a convolution of one to three spatial dimensions; `weight` is [out, in / groups, *kernel] in both."""
    attributes = window_attributes(ctx, ctx.rank("x") - 2)
    inputs = (ctx.input("x"), ctx.input("weight"), ctx.optional("bias"))
    return ctx.node("Conv", *inputs, group=ctx.scalar("groups", 1), **attributes)
