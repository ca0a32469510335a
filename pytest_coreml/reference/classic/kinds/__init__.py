"""Model types, one a module, by the names of the format."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from pytest_coreml.reference.classic.model_kinds import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.classic.model_kinds import Maker


@functools.cache
def makers() -> Mapping[str, Maker]:
    """Return the maker of each model type, loading all modules of `kinds/`."""
    for kind in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{kind.name}")
    return REGISTRY
