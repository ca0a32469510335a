"""The tensors of a stateful model that persist between predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pytest_coreml.reference.lowering.ports import StatePort


class StateTensors:
    """Tensors by name, initially zeros, in the compute types of the graph."""

    def __init__(self, ports: Iterable[StatePort]) -> None:
        """Allocate a tensor for each state of a program."""
        self._types = {port.name: port.type for port in ports}
        self.arrays = {
            name: np.zeros([size or 0 for size in type_.shape], type_.dtype.compute.numpy)
            for name, type_ in self._types.items()
        }

    def for_ports(self, ports: Iterable[StatePort]) -> dict[str, NDArray[Any]]:
        """Return the tensors by name; raise `BadInputError` if these are not the states of a model with these ports."""
        for port in ports:
            if self._types.get(port.name) != port.type:
                has = ", ".join(f"{name}: {type_}" for name, type_ in sorted(self._types.items())) or "none"
                raise BadInputError(
                    f"The input feature for {port.name} must be an MLState of this model, {port.type}; "
                    f"the state passed has {has}"
                )
        return self.arrays

    def read(self, name: str) -> NDArray[Any]:
        """Return a copy of a tensor; half precision becomes single precision."""
        self._check(name)
        copy: NDArray[Any] = self.arrays[name].copy()
        return copy

    def write(self, name: str, value: Any) -> None:
        """Replace a tensor.

        Raise `BadInputError` for another shape, or a value that Apple's binding does not convert.
        """
        self._check(name)
        if not isinstance(value, np.ndarray):
            raise BadInputError("Failed to write state, only multi-array value is supported")
        if value.dtype.name not in ("float32", "float64", "int32") or value.ndim == 0 or not value.flags.writeable:
            raise BadInputError(
                f"value type not convertible: state {name!r} accepts writable arrays of float32, float64, int32, "
                f"got an array of {value.dtype}, rank {value.ndim}"
            )
        old = self.arrays[name]
        if value.shape != old.shape:
            raise BadInputError(f"state {name!r}: expected the shape {list(old.shape)}, got {list(value.shape)}")
        with np.errstate(invalid="ignore", over="ignore"):
            # The buffer of a state holds what its type can hold, whatever the graph computes in.
            old[...] = value.astype(self._types[name].dtype.numpy)

    def _check(self, name: str) -> None:
        if name not in self.arrays:
            raise BadInputError(f"no state {name!r}; the states are: {', '.join(sorted(self.arrays)) or 'none'}")
