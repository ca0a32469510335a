"""The families of layers; the guide to writing one is in the package above."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from pytest_coreml.reference.networks.layer_registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.networks.layer_registry import Handler


@functools.cache
def handlers() -> Mapping[str, Handler]:
    """Return the handler of each layer type, loading all families."""
    for family in pkgutil.iter_modules(__path__):
        if not family.name.startswith("_"):
            importlib.import_module(f"{__name__}.{family.name}")
    return REGISTRY
