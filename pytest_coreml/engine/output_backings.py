"""Check the arrays that a user passes as output backings, before the engine makes arrays like them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.engine.protocol import Backing
from pytest_coreml.errors import InputError, did_you_mean, hidden_for_ours
from pytest_coreml.facts.model_spec import shape_fits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.model_spec import Feature, ModelSpec

__tracebackhide__ = hidden_for_ours


def check_backings(arrays: Mapping[str, Any], spec: ModelSpec) -> dict[str, Backing]:
    """Return type and shape of each array, by the name of its output.

    Raises `InputError` for an unknown output, one that is not a multi-array, another shape or type than it declares,
    another layout than C order, a read-only array, and memory that two outputs share.
    """
    outputs = {feature.name: feature for feature in spec.outputs}
    for name, array in arrays.items():
        if name not in outputs:
            hint = did_you_mean(name, outputs) or f"; it has {', '.join(map(repr, outputs))}"
            raise InputError(f"{spec.file_name} has no output {name!r}{hint}")
        problem = _problem(array, outputs[name])
        if problem is not None:
            raise InputError(f"{spec.file_name}: output_backings[{name!r}]: {problem}")
    for (one, first), (other, second) in itertools.combinations(arrays.items(), 2):
        # Of contiguous arrays the bounds decide.
        if np.may_share_memory(first, second):
            raise InputError(
                f"{spec.file_name}: output_backings: {one!r} and {other!r} share memory; make an array for each"
            )
    return {name: Backing(array.dtype.name, array.shape) for name, array in arrays.items()}


def _problem(array: Any, feature: Feature) -> str | None:
    if feature.kind != "multiArray" or not isinstance(array, np.ndarray):
        return f"only a multi-array can be written into a numpy array, got {feature.describe()}, {type(array).__name__}"
    if array.dtype.name != feature.dtype:
        return f"expected an array of the declared type {feature.dtype}, got {array.dtype}"
    if not shape_fits(array.shape, feature):
        return f"expected {feature.describe()}, got the shape {array.shape}"
    if not array.flags.c_contiguous:
        return "expected a C-contiguous array, got one with gaps or another order; numpy.empty makes such an array"
    return None if array.flags.writeable else "the array is read-only"
