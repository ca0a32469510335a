"""Import our modules as any others, without pytest's assertion rewriting.

pytest rewrites the asserts of each module of a plugin. Ours have none for users, and each module takes twice as long
through the rewriting finder, and much longer at the first start after an installation. When this module is imported, a
finder goes before that of pytest: https://docs.python.org/3/reference/import.html#the-meta-path
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_PREFIX: Final = "pytest_coreml."


class PlainFinder:
    """Finds the modules of this package on its path."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of a module of ours; None for others, which the other finders find."""
        return PathFinder.find_spec(name, path, target) if name.startswith(_PREFIX) else None


sys.meta_path.insert(0, PlainFinder)
