"""Install our binding in place of Apple's in this process, and remove it again.

When a module of coremltools is imported, it takes names from the native module, or stores None if there is none. Both
orders of import work: a hook provides the native module, and the names are set in modules imported earlier.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.options import Precision, RuntimeOptions
from pytest_coreml.reference.threads import Threads, count_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from pytest_coreml.reference.execution.profiling import Profile

NATIVE_MODULE: Final = "coremltools.libcoremlpython"
_UTILS: Final = "coremltools.models.utils"
# Has a constant that coremltools' helpers of tests, as `compare_backend`, take from it when they are imported: without
# it they predict nothing, and pass.
_DEPENDENCIES: Final = "coremltools._deps"
_PLATFORM: Final = "_IS_MACOS"
# Its classes inherit from those of the native module, or are None: setting names is not enough.
_SUBCLASSING: Final = "coremltools.models.ml_program.experimental.compute_plan_utils"


def install(precision: Precision = "fast", threads: Threads = "all") -> bool:
    """Make coremltools predict in this process with the reference runtime, whether it is imported already or later.

    `MLModel`, `make_state`, `CompiledMLModel` and `compile_model` work as they do on a Mac. If Core ML's own binding
    exists, do nothing and return False. A second call changes the options for models that are loaded later.
    *threads*: the number of threads of each model; `all`, the default, is one on each physical core, as in an ONNX
    Runtime session of your own. Raise ValueError for another number, ImportError if ONNX Runtime is not installed.
    """
    number = count_threads(threads)
    if not is_installed() and has_native_module():
        return False
    put_in_place(RuntimeOptions(threads=number, precision=precision, spinning=number > 1))
    return True


def uninstall() -> None:
    """Remove the binding, so that coremltools is again without Core ML. Loaded models keep working."""
    if not is_installed():
        return
    sys.meta_path.remove(_FINDER)
    _FINDER.options = None
    sys.modules.pop(NATIVE_MODULE, None)
    package = sys.modules.get("coremltools")
    if package is not None:
        vars(package).pop("libcoremlpython", None)
    _set_names(dict.fromkeys(_native_names()))
    _set_names(_FINDER.gates)
    _set_names({_PLATFORM: sys.platform == "darwin"})
    _reload_subclasses()


def is_installed() -> bool:
    """Return whether our binding is installed."""
    return _FINDER in sys.meta_path


def has_native_module() -> bool:
    """Return whether Core ML's own binding can be imported, without importing coremltools."""
    if NATIVE_MODULE in sys.modules:
        return not is_installed()
    package = importlib.util.find_spec("coremltools")
    if package is None:
        return False
    places = package.submodule_search_locations
    finders = [finder for finder in sys.meta_path if finder is not _FINDER and hasattr(finder, "find_spec")]
    return any(finder.find_spec(NATIVE_MODULE, places) is not None for finder in finders)


def put_in_place(options: RuntimeOptions) -> None:
    """Install the binding, ahead of Core ML's own if that exists."""
    for needed in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(needed) is None:
            raise ImportError(f"the reference runtime needs {needed}: pip install onnx onnxruntime")
    # Before anything else in this process imports ONNX Runtime: `onnxruntime_import` tells why.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    _FINDER.options = options
    if is_installed():
        _use_options(options)
        return
    sys.meta_path.insert(0, _FINDER)
    if "coremltools" in sys.modules:
        _bind_late()


def _bind_late() -> None:
    sys.modules.pop(NATIVE_MODULE, None)
    importlib.import_module(NATIVE_MODULE)
    _set_names(_native_names())
    if _UTILS in sys.modules:
        _set_names(_open_gates(sys.modules[_UTILS]))
    _set_names({_PLATFORM: True})
    _reload_subclasses()


def _native_names() -> dict[str, Any]:
    from pytest_coreml.reference.binding import proxies

    return {name: vars(proxies)[name] for name in proxies.__all__}


@contextlib.contextmanager
def profiled(profile: Profile) -> Iterator[None]:
    """Let *profile* collect the times of operations of all models that are loaded in this block."""
    before = _FINDER.options
    assert before is not None, "the binding is installed"
    _use_options(replace(before, profile=profile))
    try:
        yield
    finally:
        _use_options(before)


def _use_options(options: RuntimeOptions) -> None:
    # Where the binding is not imported yet, the loader does this.
    if NATIVE_MODULE in sys.modules:
        _native_names()["_MLModelProxy"].options = options


def _set_names(values: Mapping[str, Any]) -> None:
    """Set these names in all modules of coremltools that define them."""
    for name, module in list(sys.modules.items()):
        if name.startswith("coremltools.") and name != NATIVE_MODULE:
            vars(module).update({key: values[key] for key in values.keys() & vars(module).keys()})


def _open_gates(utils: ModuleType) -> dict[str, Callable[[], Any]]:
    """Return replacements of the functions by which coremltools detects the system, as on a Mac.

    Beside the constant `_IS_MACOS`, nothing else in coremltools tells the system; `sys.platform`, which other packages
    read, stays unchanged.
    """
    _FINDER.gates = {name: vars(utils)[name] for name in ("_is_macos", "_macos_version")}
    return {"_is_macos": lambda: True, "_macos_version": lambda: (26, 0)}


def _reload_subclasses() -> None:
    if _SUBCLASSING in sys.modules:
        importlib.reload(sys.modules[_SUBCLASSING])


class _Finder(importlib.abc.MetaPathFinder):
    """Find the native module, and open the platform checks of coremltools when they are imported."""

    def __init__(self) -> None:
        self.options: RuntimeOptions | None = None
        # What `_open_gates` replaced
        self.gates: dict[str, Callable[[], Any]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == NATIVE_MODULE:
            return importlib.machinery.ModuleSpec(fullname, _BindingLoader())
        if fullname in (_UTILS, _DEPENDENCIES):
            spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _GateLoader(spec.loader)
            return spec
        return None


class _BindingLoader(importlib.abc.Loader):
    """Fill a module with our classes."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(_native_names())
        vars(module)["_MLModelProxy"].options = _FINDER.options


class _GateLoader(importlib.abc.Loader):
    """Execute a module of coremltools, and open its platform checks."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        vars(module).update(_open_gates(module) if module.__name__ == _UTILS else {_PLATFORM: True})


_FINDER: Final = _Finder()
