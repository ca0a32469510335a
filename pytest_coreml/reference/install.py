"""Puts our binding where coremltools looks for Apple's, before coremltools is imported."""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_coreml.reference.options import RuntimeOptions

_NAME: Final = "coremltools.libcoremlpython"


def install(options: RuntimeOptions | None = None) -> None:
    """Install the binding; must come before the first import of coremltools, and never where Core ML's own exists."""
    from pytest_coreml.reference import binding
    from pytest_coreml.reference.options import RuntimeOptions

    if is_installed():
        binding._MLModelProxy.options = options or RuntimeOptions()
        return
    if sys.platform == "darwin":
        raise RuntimeError("the reference runtime is for machines without Core ML; coremltools has its binding here")
    if "coremltools" in sys.modules:
        raise RuntimeError("install the reference runtime before coremltools is imported")
    binding._MLModelProxy.options = options or RuntimeOptions()
    module = types.ModuleType(_NAME, binding.__doc__)
    module.__file__ = None
    module.__spec__ = importlib.machinery.ModuleSpec(_NAME, None)
    names = [name for name in vars(binding) if name.startswith("_ML") or name == "_State"]
    vars(module).update({name: getattr(binding, name) for name in names})
    sys.modules[_NAME] = module
    # The gates of coremltools ask for the system and its version; nothing else of it looks at these two functions.
    from coremltools.models import _compiled_model, model, utils

    for patched in (utils, model, _compiled_model):
        vars(patched)["_macos_version"] = lambda: (26, 0)
    for patched in (utils, model):
        vars(patched)["_is_macos"] = lambda: True


def is_installed() -> bool:
    """Say whether our binding is in place."""
    return getattr(sys.modules.get(_NAME), "__file__", "native") is None
