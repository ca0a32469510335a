"""Fix what newer packages took away from coremltools' tests of its scikit-learn, XGBoost and LibSVM converters.

They download the Boston housing data, which is replaced by random numbers of the same form, and look for LibSVM's
modules and constants where versions before 3.3 had them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

import numpy as np

_ROWS = 506
_FEATURES = ["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"]


def restore() -> None:
    """Replace what is missing, before the tests are imported."""
    if importlib.util.find_spec("requests") is None:
        sys.modules["requests"] = ModuleType("requests")
    if importlib.util.find_spec("pandas") is not None:
        vars(importlib.import_module("coremltools.test.utils"))["load_boston"] = _load_data
    if importlib.util.find_spec("libsvm") is not None:
        _restore_libsvm()


def _load_data() -> dict[str, Any]:
    """Return random data with the columns of the Boston housing data, two of them whole numbers."""
    generator = np.random.default_rng(0)
    data = generator.gamma(2, 3, (_ROWS, len(_FEATURES)))
    data[:, _FEATURES.index("CHAS")] = generator.integers(0, 2, _ROWS)
    data[:, _FEATURES.index("RAD")] = generator.integers(1, 9, _ROWS)
    target = data @ generator.normal(0, 1, len(_FEATURES)) + generator.normal(0, 3, _ROWS)
    return {"data": data, "target": target, "feature_names": _FEATURES}


def _restore_libsvm() -> None:
    package = importlib.import_module("libsvm")
    vars(package).setdefault("__version__", "3.37")  # the converter writes it into its models
    modules = {name: importlib.import_module(f"libsvm.{name}") for name in ("svm", "svmutil")}
    enumerations = [value for value in vars(modules["svm"]).values() if hasattr(value, "__members__")]
    constants = {name: member for enumeration in enumerations for name, member in enumeration.__members__.items()}
    for name, module in modules.items():
        vars(module).update({**constants, **vars(module)})
        sys.modules.setdefault(name, module)
