"""The inputs of one prediction, as the model types see them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MAX_COUNT: Final = 1 << 28


class Values:
    """Inputs by name; absent optional inputs are left out."""

    def __init__(self, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
        """Hold the *given* values of the inputs *names*, which are in the order of the description."""
        self.given = given
        self.names = names

    def only(self) -> Any:
        """Return the value of a model with one input; None when it is absent."""
        return self.given.get(self.names[0])

    def vector(self) -> NDArray[Any]:
        """Return all inputs as one vector of doubles, in the order of the description; absent numbers are NaN."""
        if len(self.names) == 1:
            return numbers(self.given.get(self.names[0]), self.names[0])
        parts = [self.given.get(name) for name in self.names]
        if all(part is None or isinstance(part, (int, float)) for part in parts):
            return np.array([np.nan if part is None else part for part in parts], np.float64)
        return np.concatenate([numbers(part, name) for part, name in zip(parts, self.names, strict=True)])


def numbers(value: Any, name: str) -> NDArray[Any]:
    """Return a number or an array as a vector of doubles; `BadInputError` for anything else."""
    if value is None:
        return np.array([np.nan])
    if isinstance(value, np.ndarray):
        return value.reshape(-1).astype(np.float64, copy=False)
    if isinstance(value, (int, float)):
        return np.array([value], np.float64)
    raise BadInputError(f"input {name!r}: expected numbers, got {type(value).__name__}")


def check_count(count: int, what: str) -> int:
    """Return the number; `BadModelError` when so many numbers cannot be meant, which a damaged file may declare."""
    if count > _MAX_COUNT:
        raise BadModelError(f"{what} has {count} numbers, expected {_MAX_COUNT} or less")
    return count


def input_size(description: Any) -> int | None:
    """Return how many numbers all inputs together have, or None where the description does not tell."""
    sizes = [_size(feature.type) for feature in description.input]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _size(type_: Any) -> int | None:
    kind = type_.WhichOneof("Type")
    if kind in ("doubleType", "int64Type"):
        return 1
    array = type_.multiArrayType
    if kind != "multiArrayType" or not array.shape or array.WhichOneof("ShapeFlexibility"):
        return None
    return int(math.prod(array.shape))


def check_size(vector: NDArray[Any], expected: int) -> NDArray[Any]:
    """Return the vector; `BadInputError` when it has another number of elements."""
    if vector.size != expected:
        raise BadInputError(f"the inputs have {vector.size} numbers together, expected {expected}")
    return vector
