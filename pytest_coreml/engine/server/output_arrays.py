"""Arrays for the outputs of a model, which the framework fills if it honours them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_coreml.engine.protocol import Backing, Features
    from pytest_coreml.facts.io import OutputPlace

# Bytes that no model computes: a NaN with an unusual payload, and for integers a number that is improbable.
_NAN: Final = 0xFF
_ODD: Final = 0xA5


class OutputArrays:
    """One array for each of the *wanted* outputs, C-contiguous, filled with a sentinel.

    Core ML may ignore an array that it is given for an output. So an output counts as backed only if the framework
    returns the very array and the sentinel in it is gone.
    """

    def __init__(self, wanted: Mapping[str, Backing]) -> None:
        self.arrays: dict[str, NDArray[Any]] = {
            name: np.empty(backing.shape, backing.dtype) for name, backing in wanted.items()
        }
        self.fill()

    def fill(self) -> None:
        """Write the sentinel into each array."""
        for array in self.arrays.values():
            _bytes(array)[...] = _sentinel(array)

    def settle(self, outputs: Features, model: str) -> dict[str, OutputPlace]:
        """Copy what the framework did not write into its array, and return where it wrote each output.

        Raises `ModelError` for an output of another shape than its array, and for one that the framework claims to have
        written into its array but has not.
        """
        return {name: self._settle(name, array, outputs, model) for name, array in self.arrays.items()}

    def _settle(self, name: str, array: NDArray[Any], outputs: Features, model: str) -> OutputPlace:
        value = outputs[name]
        if value is array:
            if array.size and bool((_bytes(array) == _sentinel(array)).all()):
                raise ModelError(
                    f"{model}: output {name!r} was reported to be in its output backing, which is unwritten"
                )
            return "backed"
        if np.shape(value) != array.shape:
            raise ModelError(
                f"{model}: output {name!r} has the shape {np.shape(value)}, its output backing {array.shape}"
            )
        array[...] = value
        outputs[name] = array
        return "copied"


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _sentinel(array: NDArray[Any]) -> int:
    return _NAN if array.dtype.kind == "f" else _ODD
