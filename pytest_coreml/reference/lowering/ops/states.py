"""States (`states.py` of coremltools): tensors that persist between predictions.

In the graph, each version of a state is a separate value. The first is an input of the graph, the last one an output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("read_state")
def read_state(ctx: Context) -> Value:
    """Lower to the version written last; a later version is another value, so no copy is needed."""
    return ctx.states[ctx.state("input").name]


@lowers("write_state")
def write_state(ctx: Context) -> tuple[()]:
    """Lower to a new version; in files, `coreml_update_state` of coremltools is this and a `read_state`."""
    ctx.states[ctx.state("input").name] = ctx.input("data")
    return ()
