"""Models that are not networks or programs: trees, linear models, support vectors, feature engineering.

Reading order: `registry.py` (which maker makes which type), `model.py` (a loaded model: reads inputs, computes, writes
outputs), then any module of `kinds/`. `labels.py` and `links.py` are shared by classifiers and regressors.

**To add a type**, write a module in `kinds/` with a maker, which reads the message once and returns a function from
values to values:

    @predicts("scaler")
    def scaler(message, description):
        shift, scale = np.array(message.shiftValue), np.array(message.scaleValue)
        only = description.output[0].name

        def compute(values):
            return {only: (values.single() + shift) * scale}

        return compute

`values` are the inputs by name, in the types that `interface/plain_values.py` describes; absent optional inputs are
left out. What `compute` returns is converted to the declared types of the outputs. Everything is computed in double
precision, as Core ML does. A maker checks all it can when the model is loaded and raises `BadModelError` or
`UnsupportedModelError`; `compute` raises `BadInputError` for values that it cannot take. Modules in `kinds/` are found
by themselves.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from pytest_coreml.reference.classic import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.classic.registry import Maker


@functools.cache
def makers() -> Mapping[str, Maker]:
    """Return the maker of each model type, loading all modules of `kinds/`."""
    for kind in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{kind.name}")
    from pytest_coreml.reference.classic.registry import REGISTRY

    return REGISTRY
