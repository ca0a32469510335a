"""Variants of models: built when a test needs them, and kept for later runs."""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.engine.model_digest import digest
from pytest_coreml.engine.protocol import BuildByCallable, BuildVariant
from pytest_coreml.errors import EngineError, ModelError, hidden_for_ours
from pytest_coreml.session.by_value import file_of, pickled_by_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.protocol import Progress, Request
    from pytest_coreml.session.sources import VariantSource

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")


class Variants:
    """Builds the variants of a run.

    *make_engine*, *make_converting_engine*: return an engine that has not started, the latter with the packages that
    coremltools' converters need. *cache*: returns a folder that outlives the run, None if there
    is none. *report* gets the name of a model and what is done to it.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        make_converting_engine: Callable[[], Engine],
        cache: Callable[[], Path | None],
        report: Callable[[str, Progress], None],
    ) -> None:
        self._make_engine = make_engine
        self._make_converting_engine = make_converting_engine
        self._cache = cache
        self._report = report
        self._paths: dict[tuple[object, ...], Path] = {}
        self._errors: dict[tuple[object, ...], ModelError | EngineError] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def path(self, original: Path, source: VariantSource) -> Path:
        """Return the path of a variant of the model at *original*, built if it is not there.

        Raises `UnfitVariantError` if the model cannot have it, and `ModelError` or `EngineError` if it cannot be built.
        """
        key = (str(original), fingerprint(str(original)), source.name, source.build)
        # Each test of a variant that cannot be built gets the same answer, and waits for it once.
        if key in self._errors:
            raise self._errors[key]
        if key not in self._paths:
            try:
                self._paths[key] = self._built(original, source)
            except (ModelError, EngineError) as error:
                self._errors[key] = error
                raise
        return self._paths[key]

    def close(self) -> None:
        """Remove the variants that no later run can use."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._paths.clear()

    def _built(self, original: Path, source: VariantSource) -> Path:
        name = f"{original.stem}-{source.name.replace(':', '-')}{original.suffix}"
        if source.build is not None:
            return self._build_by_callable(original, source, self._temporary() / name)
        cache = self._cache()
        if cache is None:
            return self._build_by_preset(original, source.name, self._temporary() / name)
        version = importlib.metadata.version("coremltools")
        kept = cache / digest(original)[:32] / f"coremltools-{version}" / name
        return kept if kept.exists() else self._build_and_keep(original, source.name, kept)

    def _build_and_keep(self, original: Path, name: str, kept: Path) -> Path:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Another process may build the same one: each has a folder, and the first to be ready is kept.
        with tempfile.TemporaryDirectory(prefix="building-", dir=kept.parent) as folder:
            built = self._build_by_preset(original, name, Path(folder) / kept.name)
            try:
                built.rename(kept)
            except OSError:
                if not kept.exists():
                    raise
        return kept

    def _build_by_preset(self, original: Path, name: str, destination: Path) -> Path:
        self._ask(self._make_engine(), original, BuildVariant(str(original), name, str(destination)))
        return destination

    def _build_by_callable(self, original: Path, source: VariantSource, destination: Path) -> Path:
        """Build in a process that may end, where the callable can be sent to one; else in this process."""
        assert source.build is not None
        pickled = pickled_by_value(source.build)
        if pickled is not None:
            place, search = file_of(source.build), tuple(sys.path)
            request = BuildByCallable(str(original), source.name, str(destination), pickled, place, search)
            built = self._ask(self._make_converting_engine(), original, request)
            if built is not None:
                return Path(built)
        from pytest_coreml.engine.server.build_by_callable import build_by_callable

        return Path(build_by_callable(source.build, str(original), source.name, str(destination)))

    def _ask(self, engine: Engine, original: Path, request: Request[T]) -> T:
        engine.subject = original.name
        try:
            return engine.ask(request, lambda progress: self._report(original.name, progress))
        finally:
            engine.close()

    def _temporary(self) -> Path:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="pytest-coreml-variants-")
        return Path(tempfile.mkdtemp(dir=self._folder.name))
