"""Find inputs that a model hands back updated: caches and recurrent states that the app carries between calls.

An output replaces an input if the input flows to it through operations that move data, and through one at least that
puts something new beside or into it, and what is new is computed without this input. An image that a network
improves is none: what is new there is computed from it. Names play no part.

A variable of a loop is updated if its body does that, where only what is new in one pass counts: the second token of a
loop that decodes several is computed from the first one's keys.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.model_boundary import HandedCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.engine.server.boundary_steps import Flow, Nested, Step
    from pytest_coreml.facts.model_boundary import Crossing
    from pytest_coreml.facts.model_spec import Feature

# Operations that move the elements of one operand.
_MOVES: Final = frozenset(
    ("cast", "identity", "transpose", "reshape", "expand_dims", "squeeze", "slice_by_index", "slice_by_size", "split")
)
# Operations that put something new into the first of these operands, or beside it.
_UPDATES: Final = {
    "concat": ("values",),
    "stack": ("values",),
    "slice_update": ("x", "update"),
    "scatter": ("data", "updates"),
    "scatter_along_axis": ("data", "updates"),
    "scatter_nd": ("data", "updates"),
    "select": ("a", "b"),
}
# Recurrent operations: the output in which each initial state comes back.
_RECURRENT: Final = {"initial_h": 1, "initial_c": 2}


class _Carried:
    """For each value, as sets of bits: the inputs that it depends on, that it carries, and that it has updated."""

    def __init__(self, names: Sequence[str], first: int = 0) -> None:
        self._next = first + len(names)
        self.bits = {name: 1 << index for index, name in enumerate(names, first)}
        self.depends: dict[str, int] = dict(self.bits)
        self.carries: dict[str, int] = dict(self.bits)
        self.updated: dict[str, int] = {}

    def add(self, step: Step) -> None:
        """Add the outputs of *step*."""
        depends = 0
        for name in step.reads:
            depends |= self.depends.get(name, 0)
        for output in step.outputs:
            self.depends[output.name] = depends
        if step.operator in _MOVES:
            self._move(step)
        elif step.operator in _UPDATES:
            self._update(step)
        elif step.operator in ("lstm", "gru", "rnn"):
            self._recur(step)
        elif step.operator == "while_loop" and len(step.blocks) == 2:
            self._repeat(step, step.blocks[1])
        elif step.operator == "cond":
            self._branch(step)

    def _move(self, step: Step) -> None:
        for source in step.operands.get("x", ()):
            for output in step.outputs:
                self.carries[output.name] = self.carries.get(source, 0)
                self.updated[output.name] = self.updated.get(source, 0)

    def _update(self, step: Step) -> None:
        parts = [name for parameter in _UPDATES[step.operator] for name in step.operands.get(parameter, ())]
        # Parts of one input that were all updated, as the states of several layers, are it again.
        carries = updated = (
            functools.reduce(operator.and_, (self.updated.get(part, 0) for part in parts), -1) if parts else 0
        )
        for part in parts:
            new = 0
            for other in parts:
                new |= self.depends.get(other, 0) if other != part else 0
            carried = self.carries.get(part, 0) & ~new
            carries |= carried
            # Constants beside it are padding.
            updated |= carried if new else self.updated.get(part, 0) & carried
        for output in step.outputs:
            self.carries[output.name], self.updated[output.name] = carries, updated

    def _recur(self, step: Step) -> None:
        for parameter, index in _RECURRENT.items():
            for source in step.operands.get(parameter, ()):
                if index < len(step.outputs):
                    name = step.outputs[index].name
                    self.carries[name] = self.updated[name] = self.carries.get(source, 0)

    def _repeat(self, step: Step, body: Nested) -> None:
        sources = dict(zip(body.inputs, step.operands["loop_vars"], strict=False))
        inside = self._inside(sources)
        for each in body.steps:
            inside.add(each)
        for output, result, variable in zip(step.outputs, body.outputs, body.inputs, strict=False):
            bit, source = inside.bits.get(variable, 0), sources.get(variable, "")
            if inside.carries.get(result, 0) & bit:
                self.carries[output.name] = carries = self.carries.get(source, 0)
                is_updated = inside.updated.get(result, 0) & bit
                self.updated[output.name] = carries if is_updated else self.updated.get(source, 0)

    def _inside(self, sources: Mapping[str, str]) -> _Carried:
        """Return what the body of a loop begins with; *sources*: the first value of each of its variables.

        A value that depends on an input depends also on the variable that begins with this input.
        """
        inside = _Carried(list(sources), self._next)

        def with_variables(bits: int) -> int:
            carrying = (inside.bits[name] for name, source in sources.items() if self.carries.get(source, 0) & bits)
            return functools.reduce(operator.or_, carrying, bits)

        around = {name: with_variables(bits) for name, bits in self.depends.items() if bits}
        inside.depends = {
            **around,
            **{name: bit | (around.get(sources[name], 0) & ~bit) for name, bit in inside.bits.items()},
        }
        return inside

    def _branch(self, step: Step) -> None:
        ways = []
        for block in step.blocks:
            way = _Carried((), self._next)
            way.depends, way.carries, way.updated = dict(self.depends), dict(self.carries), dict(self.updated)
            for each in block.steps:
                way.add(each)
            ways.append([(way.carries.get(name, 0), way.updated.get(name, 0)) for name in block.outputs])
        for output, values in zip(step.outputs, zip(*ways, strict=False), strict=False):
            carries = functools.reduce(operator.and_, (carried for carried, _ in values))
            self.carries[output.name] = carries
            self.updated[output.name] = functools.reduce(operator.or_, (updated for _, updated in values)) & carries


def find_caches(
    flow: Flow, inputs: Sequence[Feature], outputs: Sequence[tuple[Feature, str]], sizes: Mapping[str, Crossing]
) -> tuple[HandedCache, ...]:
    """Return the *inputs* that *outputs* replace; each output comes with its name in the program.

    *sizes*: the crossings by name.
    """
    arrays = [feature for feature in inputs if feature.kind == "multiArray"]
    found: list[HandedCache] = []
    if not arrays or not any(_fits(one, other) for one in arrays for other, _ in outputs):
        return ()
    carried = _Carried([feature.name for feature in arrays])
    for step in flow.steps:
        carried.add(step)
    taken: set[str] = set()
    for output, name in outputs:
        bits = carried.updated.get(name, 0)
        candidates = [each for each in arrays if carried.bits[each.name] & bits and each.name not in taken]
        fitting = list(_best(candidates, output))
        # Of several that may be meant, none is.
        if len(fitting) == 1:
            taken.add(fitting[0].name)
            found.append(HandedCache(fitting[0].name, output.name, _together(sizes, fitting[0].name, output.name)))
    return tuple(found)


def _best(candidates: Sequence[Feature], output: Feature) -> Iterator[Feature]:
    """Return those of the same shape as *output*, or else the largest of those that grow to it along one axis."""
    fitting = [each for each in candidates if _fits(each, output)]
    same = [each for each in fitting if each.shape == output.shape]
    largest = max((math.prod(each.shape) for each in fitting), default=0)
    yield from same or (each for each in fitting if math.prod(each.shape) == largest)


def _fits(before: Feature, after: Feature) -> bool:
    if after.kind != "multiArray" or before.dtype != after.dtype:
        return False
    if not before.shape or not after.shape:
        # A flexible output often declares no shape.
        return True
    if len(before.shape) != len(after.shape):
        return False
    return sum(one != other for one, other in zip(before.shape, after.shape, strict=True)) <= 1


def _together(sizes: Mapping[str, Crossing], *names: str) -> int | None:
    each = [sizes[name].size_bytes for name in names]
    return None if None in each else sum(size for size in each if size is not None)
