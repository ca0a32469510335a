"""States (`states.py` of coremltools): tensors that live from one prediction to the next.

In the graph each version of a state is a value of its own. The first enters the graph, the last one leaves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("read_state")
def read_state(ctx: Context) -> Value:
    """Give the version that was written last; a later one is another value, so nothing needs to be copied."""
    return ctx.states[ctx.state("input").name]


@lowers("write_state")
def write_state(ctx: Context) -> tuple[()]:
    """Begin a new version; what coremltools calls `coreml_update_state` is this and a `read_state` in a file."""
    ctx.states[ctx.state("input").name] = ctx.input("data")
    return ()
