"""Puts our binding where coremltools looks for Apple's, in this process; and takes it away again.

coremltools takes names from its native module when each of its modules is imported, and keeps None where there is none.
So both orders work: the binding is found by an import hook, and modules that came earlier get their names set.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.options import Precision, RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

NATIVE_MODULE: Final = "coremltools.libcoremlpython"
_UTILS: Final = "coremltools.models.utils"
# Its classes inherit from those of the native module, or are None: setting names is not enough.
_SUBCLASSING: Final = "coremltools.models.ml_program.experimental.compute_plan_utils"


def install(precision: Precision = "fast", threads: int = 1) -> bool:
    """Let coremltools predict in this process by the reference runtime, whether it is imported already or later.

    `MLModel`, `make_state`, `CompiledMLModel` and `compile_model` work as they do on a Mac. Where Core ML's own binding
    exists, this does nothing and gives False. A second call changes the options for models that are loaded later.
    Raises ImportError when ONNX Runtime is not installed.
    """
    if not is_installed() and has_native_module():
        return False
    put_in_place(RuntimeOptions(threads=threads, precision=precision))
    return True


def uninstall() -> None:
    """Take the binding away: coremltools is again without Core ML. Models that were loaded keep working."""
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
    _reload_subclasses()


def is_installed() -> bool:
    """Say whether our binding is in place."""
    return _FINDER in sys.meta_path


def has_native_module() -> bool:
    """Say whether Core ML's own binding can be imported, without importing coremltools."""
    if NATIVE_MODULE in sys.modules:
        return not is_installed()
    package = importlib.util.find_spec("coremltools")
    if package is None:
        return False
    places = package.submodule_search_locations
    finders = [finder for finder in sys.meta_path if finder is not _FINDER and hasattr(finder, "find_spec")]
    return any(finder.find_spec(NATIVE_MODULE, places) is not None for finder in finders)


def put_in_place(options: RuntimeOptions) -> None:
    """Put the binding in place, before Core ML's own where that exists."""
    for needed in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(needed) is None:
            raise ImportError(f"the reference runtime needs {needed}: pip install onnx onnxruntime")
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
    _reload_subclasses()


def _native_names() -> dict[str, Any]:
    from pytest_coreml.reference.binding import proxies

    return {name: value for name, value in vars(proxies).items() if name.startswith("_ML") or name == "_State"}


def _use_options(options: RuntimeOptions) -> None:
    # Where the binding is not imported yet, the loader does this.
    if NATIVE_MODULE in sys.modules:
        _native_names()["_MLModelProxy"].options = options


def _set_names(values: Mapping[str, Any]) -> None:
    """Set these names in the modules of coremltools that have them."""
    for name, module in list(sys.modules.items()):
        if name.startswith("coremltools.") and name != NATIVE_MODULE:
            vars(module).update({key: values[key] for key in values.keys() & vars(module).keys()})


def _open_gates(utils: ModuleType) -> dict[str, Callable[[], Any]]:
    """Give the functions by which coremltools asks for the system, as they are where Core ML exists.

    Nothing else of coremltools looks at these two; `sys.platform`, which other packages ask, is left alone.
    """
    _FINDER.gates = {name: vars(utils)[name] for name in ("_is_macos", "_macos_version")}
    return {"_is_macos": lambda: True, "_macos_version": lambda: (26, 0)}


def _reload_subclasses() -> None:
    if _SUBCLASSING in sys.modules:
        importlib.reload(sys.modules[_SUBCLASSING])


class _Finder(importlib.abc.MetaPathFinder):
    """Answers for the native module, and opens the gates of coremltools when they are imported."""

    def __init__(self) -> None:
        self.options: RuntimeOptions | None = None
        # What `_open_gates` replaced
        self.gates: dict[str, Callable[[], Any]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == NATIVE_MODULE:
            return importlib.machinery.ModuleSpec(fullname, _BindingLoader())
        if fullname == _UTILS:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _UtilsLoader(spec.loader)
            return spec
        return None


class _BindingLoader(importlib.abc.Loader):
    """Fills a module with our classes."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(_native_names())
        vars(module)["_MLModelProxy"].options = _FINDER.options


class _UtilsLoader(importlib.abc.Loader):
    """Executes a module of coremltools, and opens its gates."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        vars(module).update(_open_gates(module))


_FINDER: Final = _Finder()
