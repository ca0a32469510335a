"""Values across the native boundary: what the framework can take, and what it gives."""

from __future__ import annotations

import math
import random
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from standin.session import Session, current

if TYPE_CHECKING:
    from collections.abc import Callable

_ARRAYS = ("int32", "float32", "float64")
_IMAGE_MODES = ("RGB", "RGBA", "L", "F")


def take_features(data: dict[str, Any]) -> dict[str, Any]:
    """Convert the inputs of one prediction; lists and tuples vanish, as they do natively."""
    return {name: take_value(value) for name, value in data.items() if not isinstance(value, list | tuple)}


def take_value(value: Any) -> Any:
    """Return the framework's value for a Python one; RuntimeError where there is none."""
    for fits, convert in _CONVERSIONS:
        if fits(value):
            return convert(value)
    return _refuse(value)


def _refuse(value: Any) -> Any:
    print("value type not convertible:")
    print(value)
    raise RuntimeError("value type not convertible")


def _take_integer(value: Any) -> int:
    return int(value) if -(2**63) <= int(value) < 2**63 else _refuse(value)


def _take_dictionary(value: dict[Any, Any]) -> dict[Any, Any]:
    """Convert a dictionary; the first item decides the types of all."""
    if not value:
        return {}
    first_key, first = next(iter(value.items()))
    key_type = str if isinstance(first_key, str) else int
    wide = isinstance(first, float)
    if not (wide or isinstance(first, int | np.integer)):
        return _refuse(value)  # type: ignore[no-any-return]
    for key, item in value.items():
        if not isinstance(key, key_type) or not isinstance(item, float | int if wide else int | np.integer):
            return _refuse(value)  # type: ignore[no-any-return]
    return dict(value)


def _take_array(value: np.ndarray) -> np.ndarray:
    """Share an array's memory, and keep watch: the framework may release it long after the call."""
    if value.dtype.name not in _ARRAYS or value.ndim == 0 or not value.flags.writeable:
        return _refuse(value)  # type: ignore[no-any-return]
    facts = {"address": value.ctypes.data, "contiguous": value.flags.c_contiguous, "dtype": value.dtype.name}
    current().note("input", shape=list(value.shape), **facts)
    watch = weakref.finalize(value, Session.note, current(), "input released", **facts)
    watch.atexit = False
    return value


def _take_image(value: Any) -> Any:
    if value.mode not in _IMAGE_MODES:
        raise RuntimeError(f"Unsupported image type {value.mode}. Supported types are: RGB, RGBA, L.")
    return value.copy()


def _is_image(value: Any) -> bool:
    return any(cls.__module__ == "PIL.Image" for cls in type(value).__mro__)


_CONVERSIONS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (lambda v: isinstance(v, int | np.integer), _take_integer),
    (lambda v: isinstance(v, float), float),
    (lambda v: isinstance(v, str | bytes), lambda v: v.decode() if isinstance(v, bytes) else v),
    (lambda v: isinstance(v, dict), _take_dictionary),
    (lambda v: isinstance(v, np.ndarray), _take_array),
    (_is_image, _take_image),
)


def give_features(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a result in the order of an unordered set."""
    names = list(outputs)
    random.shuffle(names)
    return {name: outputs[name] for name in names}


def give_array(value: Any, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return a multi-array: a fresh copy, half precision as float32."""
    wide = "float32" if dtype == "float16" else dtype
    if value is None:
        # No output of a model that computes something is the same everywhere.
        return (np.arange(math.prod(shape)) % 8 / 8).astype(wide).reshape(shape)
    return np.array(value, dtype=dtype).astype(wide).reshape(shape)
