"""States of a model, by PyObjC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.engine.server.pyobjc.frameworks import pool
from pytest_coreml.engine.server.pyobjc.multi_arrays import read, shape_of, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class ObjCState:
    """An `MLState`, whose tensors have *names*."""

    def __init__(self, native: Any, names: frozenset[str]) -> None:
        self.native = native
        self._names = names

    def read_state(self, name: str) -> NDArray[Any]:
        """Return a copy of a tensor, half precision as single. Raises `RuntimeError` for an unknown name."""
        values: NDArray[Any] = self._with(name, read)
        return values.astype(np.float32) if values.dtype == np.float16 else values

    def write_state(self, name: str, value: NDArray[Any]) -> None:
        """Replace a tensor. Raises `RuntimeError` for an unknown name and another shape."""

        def replace(multi: Any) -> None:
            shape = shape_of(multi)
            if value.shape != shape:
                raise RuntimeError(f"expected the shape {shape}, got {value.shape}")
            write(multi, value)

        self._with(name, replace)

    def _with(self, name: str, work: Callable[[Any], Any]) -> Any:
        """Do *work* with the array of a tensor, within Core ML's handler: it is valid there only."""
        if name not in self._names:
            raise RuntimeError(f"the model has no state {name!r}; it has {', '.join(sorted(self._names))}")
        outcome: list[Any] = []

        def handler(multi: Any) -> None:
            # An exception must not pass through the frames of Core ML.
            try:
                outcome.append((work(multi), None))
            except Exception as error:  # noqa: BLE001  (raised below)
                outcome.append((None, error))

        with pool():
            self.native.getMultiArrayForStateNamed_handler_(name, handler)
        result, error = outcome[0]
        if error is not None:
            raise RuntimeError(str(error)) from error
        return result
