"""Enumerated shapes of several inputs, which go together by their index.

Since iOS 18 several inputs of an ML Program can have enumerated shapes. Core ML accepts the first shape of one input
with the first of the others, the second with the second, and so on (coremltools' guide on flexible inputs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes

    Shape = tuple[int, ...]


class Enumerated(NamedTuple):
    """An input, its allowed shapes and its default shape."""

    name: str
    shapes: AllowedShapes
    default: Shape


class PairedShapes:
    """The enumerated shapes of *inputs*; those of other kinds do not matter.

    Lists of different lengths have no common index, and are not checked.
    """

    def __init__(self, inputs: Sequence[Enumerated]) -> None:
        enumerated = [each for each in inputs if len(each.shapes.choices) > 1]
        lengths = {len(each.shapes.choices) for each in enumerated}
        self._inputs = enumerated if len(enumerated) > 1 and len(lengths) == 1 else []

    def check(self, given: Mapping[str, Shape]) -> None:
        """Raise `BadInputError` where the shapes of a prediction, by input, do not have an index in common."""
        inputs = [each for each in self._inputs if each.name in given]
        if len(inputs) < 2 or all(given[each.name] == each.default for each in inputs):
            return
        if not set.intersection(*(each.shapes.indices(given[each.name]) for each in inputs)):
            came = _together([(each.name, str(list(given[each.name]))) for each in inputs])
            raise BadInputError(f"enumerated shapes go together by their index: {self._combinations()}; got {came}")

    def _combinations(self) -> str:
        count = len(self._inputs[0].shapes.choices)
        return "; ".join(
            _together([(each.name, each.shapes.choice(index)) for each in self._inputs]) for index in range(count)
        )


def _together(shapes: list[tuple[str, str]]) -> str:
    return " with ".join(f"{name} {shape}" for name, shape in shapes)
