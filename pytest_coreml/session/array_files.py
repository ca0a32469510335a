"""Inputs and outputs in `.npz` files, as test authors store them and as the worst input is saved.

An array by the name of an input or output holds one value, or the values for all inputs along its first axis. Values of
different shapes are arrays `NAME/0`, `NAME/1` and so on. A dictionary is the array of its values with the array
`NAME.keys` of its keys. Pickled objects are refused: reading one runs code.
"""

from __future__ import annotations

import itertools
import zipfile
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.example_inputs import IMAGE_MODES
from pytest_coreml.errors import InputError, ReportError, did_you_mean, hidden_for_ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from pytest_coreml.facts.model_spec import Feature

    Array = np.ndarray[Any, Any]
    Arrays = Mapping[str, Array]

__tracebackhide__ = hidden_for_ours

Features = dict[str, Any]


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays in an `.npz`; raise `InputError` if it cannot be read or holds pickled objects."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as found:
            return dict(found.items())
    except FileNotFoundError:
        raise InputError(f"there is no {path}") from None
    except ValueError as error:
        if "allow_pickle" in str(error) or "pickle" in str(error).lower():
            raise InputError(
                f"{path} contains pickled objects, which are not read because reading them runs code; save "
                "arrays of numbers or strings (numpy.savez)"
            ) from None
        raise InputError(f"{path} is not an .npz of arrays: {error}") from None
    except (OSError, zipfile.BadZipFile, AttributeError, TypeError, EOFError) as error:
        raise InputError(f"{path} is not an .npz of arrays: {error}") from None


def has_features(arrays: Arrays, features: Sequence[Feature]) -> bool:
    """Return True if *arrays* hold a value for each of *features* that is not optional, and at least one value."""
    required = [feature for feature in features if not feature.optional]
    return bool(required) and all(_holds(arrays, feature) for feature in required)


def read_features(arrays: Arrays, features: Iterable[Feature], source: str, count: int | None = None) -> list[Features]:
    """Return the values of *features*, one mapping for each input.

    *source* names the file in messages; *count*: the number of inputs, None if the file decides. Raises `InputError`
    for a missing name, and for values of different numbers.
    """
    values = {feature.name: _values(arrays, feature, source, count) for feature in features if _wanted(arrays, feature)}
    lengths = {name: len(each) for name, each in values.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{length} of {name!r}" for name, length in lengths.items())
        raise InputError(f"{source} holds different numbers of values: {counts}")
    found = next(iter(lengths.values()), 0)
    if count is not None and found != count:
        raise InputError(f"{source} holds values for {found} inputs, expected {count}: name as many with inputs=")
    return [{name: each[number] for name, each in values.items()} for number in range(found)]


def write_features(path: Path, sequence: Sequence[Features]) -> None:
    """Write inputs to *path*, as `read_features` reads them; raise `ReportError` if that is not possible."""
    import numpy as np

    arrays: dict[str, Array] = {}
    for name in dict.fromkeys(name for features in sequence for name in features):
        arrays |= _stored(name, [features[name] for features in sequence])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)  # type: ignore[arg-type]  # names of arrays, not options
    except OSError as error:
        raise ReportError(f"cannot write the worst input to {path}: {error.strerror or error}") from error


def _stored(name: str, values: Sequence[Any]) -> dict[str, Array]:
    import numpy as np

    if isinstance(values[0], dict):
        keys = np.array(list(values[0]))
        return {name: np.array([[value[key] for key in values[0]] for value in values]), f"{name}.keys": keys}
    arrays = [np.asarray(value) for value in values]
    if len({array.shape for array in arrays}) == 1:
        return {name: np.stack(arrays)}
    return {f"{name}/{number}": array for number, array in enumerate(arrays)}


def _holds(arrays: Arrays, feature: Feature) -> bool:
    return feature.name in arrays or f"{feature.name}/0" in arrays


def _wanted(arrays: Arrays, feature: Feature) -> bool:
    return not feature.optional or _holds(arrays, feature)


def _values(arrays: Arrays, feature: Feature, source: str, count: int | None) -> list[Any]:
    name = feature.name
    if f"{name}/0" in arrays:
        numbered = (arrays.get(f"{name}/{number}") for number in itertools.count())
        found = itertools.takewhile(lambda array: array is not None, numbered)
        return [_value(array, feature, arrays, source) for array in found if array is not None]
    if name not in arrays:
        holds = ", ".join(map(repr, arrays)) or "nothing"
        raise InputError(f"{source} holds no {name!r}{did_you_mean(name, arrays) or '.'} It holds {holds}")
    array = arrays[name]
    values = [array] if _is_one(array, feature, count) else list(array)
    return [_value(value, feature, arrays, source) for value in values]


def _is_one(array: Array, feature: Feature, count: int | None) -> bool:
    """Return True if *array* is one value, and not several along its first axis."""
    rank = _rank(feature)
    if rank is None:
        return array.ndim == 0 or (count == 1 and len(array) != 1)
    return array.ndim <= rank


def _rank(feature: Feature) -> int | None:
    if feature.kind == "image":
        return 2 if str(feature.color).startswith("grayscale") else 3
    if feature.kind == "multiArray":
        return len(feature.shape or feature.shape_range) or None
    return {"dictionary": 1, "sequence": 1}.get(feature.kind, 0)


def _value(array: Array, feature: Feature, arrays: Arrays, source: str) -> Any:
    if feature.kind == "dictionary":
        keys = arrays.get(f"{feature.name}.keys")
        if keys is None or keys.shape != array.shape:
            name = feature.name
            raise InputError(f"{source}: the dictionary {name!r} needs its keys, as the array '{name}.keys'")
        return dict(zip(keys.tolist(), array.tolist(), strict=True))
    if feature.kind == "image" and array.dtype.kind in "uf":
        return _image(array, feature, source)
    return array.item() if array.ndim == 0 else array


def _image(array: Array, feature: Feature, source: str) -> Any:
    from PIL import Image

    try:
        return Image.fromarray(array.astype("float32") if IMAGE_MODES.get(str(feature.color)) == "F" else array)
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: {feature.name!r} is not an image: {array.dtype} {array.shape}: {error}") from None
