"""Inputs that Core ML may still read are never freed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Features


class PinnedInputs:
    """Every array that was passed to Core ML, one for all equal ones.

    Core ML releases input arrays on another thread, about a second after the prediction, and without the lock of the
    interpreter (https://github.com/apple/coremltools/issues/2827). An array that is never released is safe.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...], bytes], np.ndarray[Any, Any]] = {}

    def pin(self, features: Features) -> Features:
        """Return the same features, each array replaced by an equal one that is already pinned, if there is one."""
        return {name: self._pinned(value) for name, value in features.items()}

    def _pinned(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            # The native module copies images, and the rest are values.
            return value
        key = (value.dtype.str, value.shape, hashlib.sha256(value.data).digest())
        return self._arrays.setdefault(key, value)
