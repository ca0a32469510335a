"""Elements by their indices, and in their order; indices are numbers in single precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor

_MODES: Final = {"SCATTER_UPDATE": "none", "SCATTER_ADD": "add", "SCATTER_MUL": "mul"}
_MODES.update(SCATTER_MAX="max", SCATTER_MIN="min", SCATTER_SUB="add", SCATTER_DIV="mul")


@lowers("gather")
def gather(ctx: LayerContext) -> Tensor:
    """Lower slices along one axis."""
    x = ctx.x()
    return ctx.node("Gather", x, ctx.integers(ctx.x(1)), axis=ctx.axis(ctx.params.axis, x.rank))


@lowers("gatherND")
def gather_nd(ctx: LayerContext) -> Tensor:
    """Lower slices by indices of several axes."""
    return ctx.not_scalar(ctx.node("GatherND", ctx.x(), ctx.integers(ctx.x(1))))


@lowers("gatherAlongAxis")
def gather_along_axis(ctx: LayerContext) -> Tensor:
    """Lower single elements along one axis."""
    x = ctx.x()
    return ctx.node("GatherElements", x, ctx.integers(ctx.x(1)), axis=ctx.axis(ctx.params.axis, x.rank))


@lowers("scatter")
def scatter(ctx: LayerContext) -> Tensor:
    """Lower slices along one axis that are replaced or added to."""
    x, indices, updates = ctx.x(0), ctx.integers(ctx.x(1)), ctx.x(2)
    axis = ctx.axis(ctx.params.axis, x.rank)
    # ScatterND writes to the first axes: this one comes first, in the updates all axes of the indices do.
    order = [axis, *(other for other in range(x.rank) if other != axis)]
    places = list(range(axis, axis + indices.rank))
    update_order = [*places, *(other for other in range(updates.rank) if other not in places)]
    moved = _scattered(
        ctx,
        ctx.transpose(x, *order),
        ctx.transpose(updates, *update_order),
        lambda data, new, mode: ctx.node("ScatterND", data, ctx.unsqueeze(indices, indices.rank), new, reduction=mode),
    )
    return ctx.transpose(moved, *(order.index(place) for place in range(x.rank)))


@lowers("scatterND")
def scatter_nd(ctx: LayerContext) -> Tensor:
    """Lower slices by indices of several axes that are replaced or added to."""
    indices = ctx.integers(ctx.x(1))
    return _scattered(
        ctx, ctx.x(0), ctx.x(2), lambda data, new, mode: ctx.node("ScatterND", data, indices, new, reduction=mode)
    )


@lowers("scatterAlongAxis")
def scatter_along_axis(ctx: LayerContext) -> Tensor:
    """Lower single elements along one axis that are replaced or added to."""
    x, indices = ctx.x(0), ctx.integers(ctx.x(1))
    axis = ctx.axis(ctx.params.axis, x.rank)
    return _scattered(
        ctx,
        x,
        ctx.x(2),
        lambda data, new, mode: ctx.node("ScatterElements", data, indices, new, axis=axis, reduction=mode),
    )


def _scattered(
    ctx: LayerContext, data: Tensor, updates: Tensor, function: Callable[[Tensor, Tensor, str], Tensor]
) -> Tensor:
    """Scatter by one of ONNX's reductions; to subtract is to add what is negative, to divide to multiply."""
    mode = ctx.params.DESCRIPTOR.fields_by_name["mode"].enum_type.values_by_number[ctx.params.mode].name
    if mode == "SCATTER_SUB":
        updates = ctx.node("Neg", updates)
    elif mode == "SCATTER_DIV":
        updates = ctx.node("Reciprocal", updates)
    return function(data, updates, _MODES[mode])


@lowers("topK")
def top_k(ctx: LayerContext) -> list[Tensor]:
    """Lower the largest or smallest elements along one axis, and their indices."""
    params = ctx.params
    x = ctx.x()
    count = ctx.row(ctx.integers(ctx.x(1))) if ctx.count > 1 else ctx.int64([int(params.K)])
    axis = ctx.axis(params.axis, x.rank)
    values, indices = ctx.nodes("TopK", x, count, outputs=2, axis=axis, largest=int(not params.useBottomK))
    return [values, ctx.floats(indices)]


@lowers("argMax", "argMin")
def arg_max(ctx: LayerContext) -> Tensor:
    """Lower the index of the largest or smallest element along one axis, which stays or goes."""
    params = ctx.params
    x = ctx.x()
    op_type = "ArgMax" if ctx.type == "argMax" else "ArgMin"
    axis = ctx.axis(params.axis, x.rank)
    return ctx.not_scalar(ctx.floats(ctx.node(op_type, x, axis=axis, keepdims=int(not params.removeDim))))


@lowers("argSort")
def arg_sort(ctx: LayerContext) -> Tensor:
    """Lower the indices of the elements along one axis in their order."""
    x = ctx.x()
    axis = ctx.axis(ctx.params.axis, x.rank)
    count = ctx.vector([ctx.sizes(x)[axis]])
    _, indices = ctx.nodes("TopK", x, count, outputs=2, axis=axis, largest=int(ctx.params.descending))
    return ctx.floats(indices)


@lowers("whereNonZero")
def where_non_zero(ctx: LayerContext) -> Tensor:
    """Lower the indices of the elements that are not zero, one a row."""
    return ctx.floats(ctx.node("Transpose", ctx.node("NonZero", ctx.x()), perm=[1, 0]))
