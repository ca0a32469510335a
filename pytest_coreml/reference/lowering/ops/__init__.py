"""Handlers of operations, one module a family; modules that begin with `_` hold what families share."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.lowering.registry import Handler


@functools.cache
def handlers() -> Mapping[str, Handler]:
    """Return the handler of each operation type, importing all families."""
    for family in pkgutil.iter_modules(__path__):
        if not family.name.startswith("_"):
            importlib.import_module(f"{__name__}.{family.name}")
    return REGISTRY
