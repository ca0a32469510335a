"""Random numbers (`random.py` of coremltools).

The numbers are never those of Core ML: only their shape, range and distribution are defined. With a `seed`, a model
that is reloaded returns the same sequence again; without one, a different sequence each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.format.dtypes import DType
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("random_uniform")
def random_uniform(ctx: Context) -> Value:
    """Lower numbers from `low` up to `high`."""
    low, high = float(ctx.scalar("low", 0.0)), float(ctx.scalar("high", 1.0))
    unit = _uniform(ctx, ctx.as_int64("shape"), ctx.output_type().dtype)
    return _scaled(ctx, unit, high - low, low)


@lowers("random_normal")
def random_normal(ctx: Context) -> Value:
    """Lower numbers of a normal distribution."""
    mean, stddev = float(ctx.scalar("mean", 0.0)), float(ctx.scalar("stddev", 1.0))
    unit = _random(ctx, "RandomNormalLike", ctx.as_int64("shape"), ctx.output_type().dtype, mean=0.0, scale=1.0)
    return _scaled(ctx, unit, stddev, mean)


def _scaled(ctx: Context, unit: Value, factor: float, offset: float) -> Value:
    """Scale and shift a distribution.

    Not lowered to attributes of ONNX: an empty range and a deviation of zero are defined in MIL, but ONNX Runtime
    refuses them or crashes the process.
    """
    dtype = ctx.output_type().dtype
    return ctx.node("Add", ctx.node("Mul", unit, ctx.literal(factor, dtype)), ctx.literal(offset, dtype))


@lowers("random_bernoulli")
def random_bernoulli(ctx: Context) -> Value:
    """Lower ones with probability `prob`, else zeros."""
    dtype = ctx.output_type().dtype
    unit = _uniform(ctx, ctx.as_int64("shape"), dtype)
    return ctx.cast(ctx.node("Less", unit, ctx.literal(ctx.scalar("prob", 0.5), dtype)), dtype)


@lowers("random_categorical")
def random_categorical(ctx: Context) -> Value:
    """Lower positions drawn with replacement, weighted by the last dimension."""
    mode = ctx.scalar("mode", "logits")
    if mode not in ("logits", "probs"):
        ctx.refuse(f"unknown mode {mode!r}")
    x = ctx.input("x")
    weights = ctx.node("Unsqueeze", ctx.node("Log", x) if mode == "probs" else x, ctx.int64([-2]))
    shape = (ctx.node("Shape", x, end=-1), ctx.int64([int(ctx.scalar("size", 1))]), ctx.node("Shape", x, start=-1))
    noise = _gumbel(ctx, ctx.node("Concat", *shape, axis=0))
    drawn = ctx.node("ArgMax", ctx.node("Add", weights, noise), axis=-1, keepdims=0)
    return ctx.cast(drawn, ctx.output_type().dtype)


def _gumbel(ctx: Context, shape: Value) -> Value:
    """Return Gumbel noise: added to the log weights, it makes each the largest with the probability of its weight.

    ONNX Runtime's Multinomial is not used: it crashes the process for some sizes.
    """
    dtype = ctx.dtype("x")
    unit = _uniform(ctx, shape, dtype)
    below_one = ctx.node("Min", unit, ctx.literal(np.nextafter(np.float32(1), np.float32(0)), dtype))
    return ctx.node("Neg", ctx.node("Log", ctx.node("Neg", ctx.node("Log", below_one))))


def _uniform(ctx: Context, shape: Value, dtype: DType) -> Value:
    """Return uniform numbers from zero up to one."""
    return _random(ctx, "RandomUniformLike", shape, dtype, low=0.0, high=1.0)


def _random(ctx: Context, op_type: str, shape: Value, dtype: DType, **attributes: Any) -> Value:
    """Add a random operation of a shape that is known now or computed."""
    form = ctx.node("Expand", ctx.literal(0, dtype), shape)
    return ctx.node(op_type, form, dtype=dtype.compute, seed=_seed(ctx), **attributes)


def _seed(ctx: Context) -> float | None:
    """Return the seed; -1 means none."""
    seed = int(ctx.scalar("seed", -1))
    return None if seed == -1 else float(seed)
