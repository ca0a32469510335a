"""Find outputs all of whose elements are equal: a model that computes nothing often gives zeros."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.facts.uniform_output import UniformOutput

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Inputs

# The least size that is looked at, which is ours: few elements may be equal by chance, or by saturation.
MIN_ELEMENTS: Final = 4


def find_uniform(outputs: Inputs) -> tuple[UniformOutput, ...]:
    """Return the outputs that are uniform, in each prediction of a batch; infinite values and NaN are not looked at.

    Most outputs are told by two elements. Only one whose first and last element are equal is read as a whole.
    """
    first, *others = outputs if isinstance(outputs, list) else [outputs]
    found = [uniform for name, value in first.items() if (uniform := _uniform(name, value)) is not None]
    return tuple(each for each in found if all(_uniform(each.output, other[each.output]) == each for other in others))


def _uniform(name: str, value: Any) -> UniformOutput | None:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size < MIN_ELEMENTS:
        return None
    first = value[(0,) * value.ndim]
    if first != value[(-1,) * value.ndim] or not math.isfinite(first) or not (value == first).all():
        return None
    return UniformOutput(name, float(first), value.size)
