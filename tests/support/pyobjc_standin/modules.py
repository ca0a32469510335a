"""Put the modules `objc`, `Foundation` and `CoreML` in place, and the metadata of the installed wheel."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from standin.session import current

from pyobjc_standin.facts import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

MODULES = ("objc", "Foundation", "Quartz", "CoreML")
PACKAGE = "pyobjc-framework-CoreML"


def install() -> None:
    """Let this process import them, in the version of the scenario."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, _Loader()) if fullname in MODULES else None

    def find_distributions(self, context: Any) -> Iterable[importlib.metadata.Distribution]:
        return [_Wheel()] if context.name == PACKAGE else []


class _Wheel(importlib.metadata.Distribution):
    def read_text(self, filename: str) -> str | None:
        version = current().scenario.objc.version
        return f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n" if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return path


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from pyobjc_standin import bridge, compute_plan, core_ml, foundation, quartz

        if module.__name__ == "objc":
            module.autorelease_pool = bridge.autorelease_pool  # type: ignore[attr-defined]
            return
        if module.__name__ == "Quartz":
            vars(module).update(quartz.names())
            return
        sources = [foundation] if module.__name__ == "Foundation" else [core_ml, compute_plan]
        for source in sources:
            for name, value in vars(source).items():
                if isinstance(value, type) and issubclass(value, bridge.ObjCObject) and not name.startswith("_"):
                    setattr(module, name, value)
        if module.__name__ == "CoreML":
            # A wheel that this stand-in has no facts of is refused before anything is used.
            vars(module).update(facts()["enums"].get(str(current().scenario.objc.version), {}))
