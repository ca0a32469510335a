"""Put the stand-in in place, in this process or in those that it starts."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from standin import session, system_library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    import pytest

NAME = "coremltools.libcoremlpython"
UTILS = "coremltools.models.utils"
SITE = Path(__file__).parent / "site"


def environment(path: Path, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment in which every Python runs over the scenario at *path*."""
    inherited = base.get("PYTHONPATH")
    folders = [str(SITE), *([inherited] if inherited else [])]
    return {**base, "PYTHONPATH": os.pathsep.join(folders), session.ENVIRONMENT: str(path)}


def install(path: Path) -> None:
    """Make this process one on the Mac of the scenario at *path*; to be called before coremltools is imported."""
    scenario = session.begin(path).scenario
    sys.meta_path.insert(0, _Finder())
    if scenario.objc.version is not None:
        from pyobjc_standin import modules

        modules.install()
    version = ".".join(map(str, scenario.macos))
    if scenario.counters:
        system_library.install()
    platform.system = lambda: "Darwin"
    platform.machine = lambda: scenario.machine
    platform.mac_ver = lambda *_args, **_kwargs: (version, ("", "", ""), scenario.machine)  # type: ignore[assignment]


class _Finder(importlib.abc.MetaPathFinder):
    """Answers for the native module, and sees to it that coremltools believes to be on a Mac."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == NAME:
            return importlib.util.spec_from_loader(NAME, _BindingLoader())
        if fullname == UTILS:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path)
            if spec is not None and spec.loader is not None:
                spec.loader = _MacLoader(spec.loader)
            return spec
        return None


class _BindingLoader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from standin.failures import enter

        enter("import", dress=ImportError)
        from standin import binding

        module.__doc__ = binding.__doc__
        for name in binding.__all__:
            setattr(module, name, getattr(binding, name))


class _MacLoader(importlib.abc.Loader):
    """Executes coremltools' module, then replaces the two functions that ask for the system."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module._is_macos = lambda: True  # type: ignore[attr-defined]
        module._macos_version = lambda: session.current().scenario.macos  # type: ignore[attr-defined]


def rebind(path: Path, monkeypatch: pytest.MonkeyPatch) -> session.Session:
    """Put the stand-in below a coremltools that this process has imported already, for the time of one test."""
    import coremltools
    from coremltools.models import _compiled_model, compute_device, compute_plan, model, utils

    from standin import binding

    current = session.begin(path)
    monkeypatch.setitem(sys.modules, NAME, binding)
    # On a Mac it is there, and Apple's.
    monkeypatch.setattr(coremltools, "libcoremlpython", binding, raising=False)
    for module in (model, _compiled_model, compute_device, compute_plan):
        for name in binding.__all__:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(binding, name))
    for module in (utils, model, _compiled_model):
        monkeypatch.setattr(module, "_macos_version", lambda: current.scenario.macos)
    for module in (utils, model):
        monkeypatch.setattr(module, "_is_macos", lambda: True)
    return current
