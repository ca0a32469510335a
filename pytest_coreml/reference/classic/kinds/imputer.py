"""The imputer: values in place of missing ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.chosen_field import chosen_field
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("imputer")
def imputer(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make an imputer of one value, one for each element of an array, or one for each key of a dictionary."""
    field = chosen_field(message, "ImputedValue", "the imputer has no value to put in")
    imputed = getattr(message, field)
    replaced = message.WhichOneof("ReplaceValue")
    marker = getattr(message, replaced) if replaced else math.nan
    fill = _FILLS.get(field, _fill_scalar_or_array)
    output = description.output[0].name

    def compute(values: Values) -> dict[str, Any]:
        return {output: fill(values.only(), imputed, marker)}

    return compute


def _fill_scalar_or_array(value: Any, imputed: Any, marker: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.where(_is_marker(value, marker), imputed, value)
    missing = value is None or (_is_nan(marker) and _is_nan(value)) or value == marker
    return imputed if missing else value


def _fill_each(value: Any, imputed: Any, marker: Any) -> Any:
    replacements = np.array(imputed.vector)
    if value is None:
        return replacements
    array = np.asarray(value)
    if array.size != replacements.size:
        raise BadInputError(f"the imputer has {replacements.size} values, got an array of {array.size}")
    return np.where(_is_marker(array, marker), replacements.reshape(array.shape), array)


def _fill_keys(value: Any, imputed: Any, marker: Any) -> Any:
    given = {key: number for key, number in (value or {}).items() if not (_is_nan(marker) and _is_nan(number))}
    return {**imputed.map, **given}


def _is_marker(array: Any, marker: Any) -> Any:
    return np.isnan(array) if _is_nan(marker) else array == marker


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


_FILLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "imputedDoubleArray": _fill_each,
    "imputedInt64Array": _fill_each,
    "imputedStringDictionary": _fill_keys,
    "imputedInt64Dictionary": _fill_keys,
}
