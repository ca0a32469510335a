"""Inputs that live as long as the process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Features


class PinnedInputs:
    """Keeps every array that was handed to Core ML, one for equal ones.

    Core ML lets go of input arrays on a queue of its own, about a second after the prediction, and without the lock of
    the interpreter (https://github.com/apple/coremltools/issues/2827). An array that is never released is safe.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...], bytes], np.ndarray[Any, Any]] = {}

    def pin(self, features: Features) -> Features:
        """Give the same features, each array replaced by an equal one that is kept already, if there is one."""
        return {name: self._pinned(value) for name, value in features.items()}

    def _pinned(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            # Images are copied by the native module, and the rest are values.
            return value
        key = (value.dtype.str, value.shape, hashlib.sha256(value.data).digest())
        return self._arrays.setdefault(key, value)
