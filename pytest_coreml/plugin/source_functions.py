"""The functions of models that tests name as their sources."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_coreml.session.sources import FunctionSource, PathFrom, Sources

if TYPE_CHECKING:
    from pathlib import Path


class SourceFunctions:
    """Reads the functions of models, once for each source and file of tests: many tests name the same model."""

    def __init__(self, rootdir: Path) -> None:
        self._sources = Sources(rootdir)
        self._known: dict[tuple[Any, Path], list[FunctionSource]] = {}

    def get(self, source: Any, file: Path) -> list[FunctionSource]:
        """Return the functions of a model that has several, none for any other source.

        *file*: that of the test, in whose folder a relative path is looked up first.
        """
        if not isinstance(source, (str, os.PathLike, PathFrom)):
            return []
        key = source, file
        if key not in self._known:
            self._known[key] = self._read(source, file.parent)
        return self._known[key]

    def _read(self, source: Any, folder: Path) -> list[FunctionSource]:
        from pytest_coreml.session.model_functions import several_functions

        path = self._sources.find(source, folder)
        return [FunctionSource(source, name) for name in several_functions(path)] if path is not None else []
