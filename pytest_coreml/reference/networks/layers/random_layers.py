"""Random numbers: not those of Core ML, whose generator is not known, but with a seed the same in each call."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers.making_layers import target_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor


_KINDS: Final = ("Normal", "Uniform", "Bernoulli")


@lowers(*(f"random{kind}{form}" for kind in _KINDS for form in ("Like", "Static", "Dynamic")))
def random(ctx: LayerContext) -> Tensor:
    """Lower numbers of a normal, uniform or Bernoulli distribution."""
    shape = target_shape(ctx, "outputShape")
    kind = next(kind for kind in _KINDS if kind in ctx.type)
    params = ctx.params
    if params.seed < 0:
        return _of_shape(ctx, kind, shape)
    # ONNX Runtime's generators go on from call to call, with a seed too.
    if shape.known is None:
        return _seeded_of_shape(ctx, kind, shape)
    return ctx.constant(_seeded(kind, params, [int(size) for size in shape.known]))


def _of_shape(ctx: LayerContext, kind: str, shape: Tensor) -> Tensor:
    params = ctx.params
    template = ctx.node("ConstantOfShape", shape, value=np.zeros(1, np.float32))
    if template.known is not None:
        # A node of a constant would be computed once for all calls.
        template = ctx.constant(np.zeros(template.known.shape, np.float32))
    if kind == "Normal":
        # ONNX Runtime ends the process for a deviation of 0.
        normal = ctx.node("RandomNormalLike", template, mean=0.0, scale=1.0)
        return ctx.node("Add", ctx.node("Mul", normal, ctx.number(params.stdDev)), ctx.number(params.mean))
    if kind == "Uniform":
        return ctx.node("RandomUniformLike", template, low=params.minVal, high=params.maxVal)
    uniform = ctx.node("RandomUniformLike", template, low=0.0, high=1.0)
    return ctx.floats(ctx.node("Less", uniform, ctx.number(params.prob)))


def _seeded(kind: str, params: Any, shape: Sequence[int]) -> NDArray[np.float32]:
    generator = np.random.default_rng(int(params.seed))
    makers: dict[str, Callable[[], NDArray[Any]]] = {
        "Normal": lambda: generator.normal(params.mean, params.stdDev, shape),
        "Uniform": lambda: generator.uniform(params.minVal, params.maxVal, shape),
        "Bernoulli": lambda: generator.random(shape) < params.prob,
    }
    return makers[kind]().astype(np.float32)


def _seeded_of_shape(ctx: LayerContext, kind: str, shape: Tensor) -> Tensor:
    """Return numbers of a shape that only the run knows."""
    params = ctx.params
    seed = int(params.seed)
    uniform = _uniform(ctx, shape, seed)
    if kind == "Bernoulli":
        return ctx.floats(ctx.node("Less", uniform, ctx.number(params.prob)))
    if kind == "Uniform":
        spread = ctx.node("Mul", uniform, ctx.number(params.maxVal - params.minVal))
        return ctx.node("Add", spread, ctx.number(params.minVal))
    # Box and Muller's method
    logarithm = ctx.node("Log", ctx.node("Sub", ctx.number(1), uniform))
    radius = ctx.node("Sqrt", ctx.node("Mul", logarithm, ctx.number(-2)))
    angle = ctx.node("Mul", _uniform(ctx, shape, seed + 1), ctx.number(2 * math.pi))
    normal = ctx.node("Mul", radius, ctx.node("Cos", angle))
    return ctx.node("Add", ctx.node("Mul", normal, ctx.number(params.stdDev)), ctx.number(params.mean))


# Two primes: as many numbers as their product before the first comes again
_POOLS: Final = (9973, 9967)


def _uniform(ctx: LayerContext, shape: Tensor, seed: int) -> Tensor:
    """Return numbers from 0 to 1: sums of the numbers of two lists of different lengths, without their whole part."""
    generator = np.random.default_rng(seed)
    count = ctx.node("ReduceProd", shape, keepdims=0)
    positions = ctx.node("Range", ctx.int64(0), count, ctx.int64(1))
    parts = [
        ctx.node(
            "Gather",
            ctx.constant(generator.random(size).astype(np.float32)),
            ctx.node("Mod", positions, ctx.int64(size)),
            axis=0,
        )
        for size in _POOLS
    ]
    total = ctx.node("Add", *parts)
    return ctx.node("Reshape", ctx.node("Sub", total, ctx.node("Floor", total)), shape)


@lowers("categoricalDistribution")
def categorical(ctx: LayerContext) -> Tensor:
    """Lower indices that are drawn by probabilities along the last axis, or by their logarithms."""
    params = ctx.params
    x = ctx.x()
    count = int(params.numSamples) or 1
    logits = x if params.isLogits else ctx.node("Log", ctx.node("Add", x, ctx.number(params.eps or 1e-10)))
    logits = ctx.node("Mul", logits, ctx.number(1 / (params.temperature or 1.0)))
    sizes = ctx.sizes(x)
    rows = ctx.reshape(logits, [None, sizes[-1]])
    cumulated = ctx.node("CumSum", ctx.node("Softmax", rows, axis=-1), ctx.int64(1))
    draws = ctx.unsqueeze(_draws(ctx, rows, count), 2)
    passed = ctx.node("Cast", ctx.node("Greater", draws, ctx.unsqueeze(cumulated, 1)), to=DType.INT64)
    indices = ctx.node("ReduceSum", passed, ctx.int64([2]), keepdims=0)
    last = ctx.node("Sub", ctx.vector([sizes[-1]]), ctx.int64([1]))
    return ctx.reshape(ctx.floats(ctx.node("Min", indices, last)), [*sizes[:-1], count])


def _draws(ctx: LayerContext, rows: Tensor, count: int) -> Tensor:
    """Return numbers from 0 to 1, *count* for each row."""
    if ctx.params.seed >= 0:
        number = functools.partial(math.prod, ctx.static(rows)[:1])()
        return ctx.constant(np.random.default_rng(int(ctx.params.seed)).random((number, count)).astype(np.float32))
    shape = ctx.vector([ctx.sizes(rows)[0], count])
    template = ctx.node("ConstantOfShape", shape, value=np.zeros(1, np.float32))
    return ctx.node("RandomUniformLike", template, low=0.0, high=1.0)
