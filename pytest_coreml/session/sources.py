"""From what a test names as its model to a file that an engine can open."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.work_folder import WorkFolder
from pytest_coreml.errors import ModelError, UsageError, hidden_for_ours, shown
from pytest_coreml.facts.presets import ORIGINAL
from pytest_coreml.session.callable_name import callable_name
from pytest_coreml.session.near_models import models_named, near_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_coreml.session.declaration import Declaration, Variant

__tracebackhide__ = hidden_for_ours

# The name of a lambda that builds a model.
_UNNAMED: Final = "model"


@dataclass(frozen=True)
class PathFrom:
    """A path that is relative to *folder*, and if there is none, to what a marker's is relative to."""

    path: str
    folder: Path


@dataclass(frozen=True)
class FunctionSource:
    """One function of the model that *original* names."""

    original: Any
    function: str


@dataclass(frozen=True, eq=False)
class VariantSource:
    """A variant of the model that *original* names; without *build* the preset *name*, or the original itself."""

    original: Any
    name: str
    build: Callable[[Any], Any] | None = None

    @property
    def is_original(self) -> bool:
        """True for the original."""
        return self.name == ORIGINAL


def with_variants(original: Any, variants: Iterable[Variant]) -> list[VariantSource]:
    """Return *original* and its *variants* as sources."""
    return [VariantSource(original, ORIGINAL), *(VariantSource(original, each.name, each.build) for each in variants)]


def sources_with_variants(declaration: Declaration) -> Sequence[Any]:
    """Return the sources of a test, each beside its variants."""
    if not declaration.variants:
        return declaration.sources
    return [each for source in declaration.sources for each in with_variants(source, declaration.variants)]


class Sources:
    """Finds models by path, and builds each that is given as a callable once.

    *rootdir*: the folder in which paths are looked up last. *tell* gets the name of each model that is built.
    *build_variant* returns the path of a variant of the model at a path.
    """

    def __init__(
        self,
        rootdir: Path,
        tell: Callable[[str], None] = lambda _: None,
        build_variant: Callable[[Path, VariantSource], Path] = lambda path, _: path,
    ) -> None:
        self._rootdir = rootdir
        self._build_variant = build_variant
        self._tell = tell
        self._built: dict[Callable[[], Any], Path] = {}
        self._folder: WorkFolder | None = None

    def resolve(self, source: Any, test_folder: Path) -> Path:
        """Return the path of a source: a path relative to *test_folder*, then to the rootdir; a `PathFrom`; a callable.

        Raises `ModelError` naming every place that was looked at, and `UsageError` for what is not a source.
        """
        if isinstance(source, FunctionSource):
            return self.resolve(source.original, test_folder)
        if isinstance(source, VariantSource):
            original = self.resolve(source.original, test_folder)
            return original if source.is_original else self._build_variant(original, source)
        if callable(source):
            if source not in self._built:
                self._built[source] = self._build(source, test_folder)
            return self._built[source]
        if not isinstance(source, (str, os.PathLike, PathFrom)):
            expected = "a path, or a callable that returns an MLModel or a path"
            raise UsageError(f"coreml_load: expected {expected}, got {shown(source)}{wrap_hint(source)}")
        places = self._places(source, test_folder)
        for place in places:
            if place.exists():
                return place
        raise ModelError(self._not_found(source, places))

    def find(self, source: Any, test_folder: Path) -> Path | None:
        """Return the path of a source that is a path, None for one that is missing or is another kind of source."""
        if not isinstance(source, (str, os.PathLike, PathFrom)):
            return None
        return next((place for place in self._places(source, test_folder) if place.exists()), None)

    def close(self) -> None:
        """Remove the models that were built."""
        if self._folder is not None:
            self._folder.remove()
            self._folder = None
        self._built.clear()

    def _places(self, source: Any, test_folder: Path) -> list[Path]:
        path, folders = source, [test_folder, self._rootdir]
        if isinstance(source, PathFrom):
            path, folders = source.path, [source.folder, *folders]
        return [folder / Path(path).expanduser() for folder in dict.fromkeys(folders)]

    def _not_found(self, source: Any, places: list[Path]) -> str:
        looked = " nor ".join(str(place) for place in places)
        words = f"there is neither {looked}" if len(places) > 1 else f"there is no {looked}"
        path = source.path if isinstance(source, PathFrom) else source
        return f"{path}: no such model: {words}{self._hint(Path(path).name, places)}"

    def _hint(self, name: str, places: list[Path]) -> str:
        elsewhere = next(models_named(name, self._rootdir), None)
        if elsewhere is None:
            return near_model(name, dict.fromkeys(place.parent for place in places))
        relative = elsewhere.relative_to(self._rootdir).as_posix()
        return f"; did you mean {relative!r}? A test's paths are relative to its file, then to {self._rootdir}"

    def _build(self, build: Callable[[], Any], test_folder: Path) -> Path:
        name = label(build)
        self._tell(name)
        model = build()
        if isinstance(model, (str, Path)):
            return self.resolve(model, test_folder)
        if not hasattr(model, "save"):
            raise UsageError(f"coreml_model: {name}() returned {type(model).__name__}, expected an MLModel or a path")
        self._folder = self._folder or WorkFolder("models-")
        suffix = ".mlpackage" if getattr(model, "is_package", True) else ".mlmodel"
        path = self._folder.path / f"{len(self._built)}" / f"{label(build)}{suffix}"
        path.parent.mkdir()
        model.save(str(path))
        return path


def wrap_hint(source: object) -> str:
    """Return what to write for a model object, which is not a source; an empty text for anything else."""
    is_model = hasattr(source, "predict") and hasattr(source, "save")
    return "; write a callable that returns it: lambda: model" if is_model else ""


def file_name(source: Any, unnamed: str = _UNNAMED) -> str:
    """Return the file name of a source that may not exist, the name of a callable, or the type of anything else.

    *unnamed*: the name of a lambda without one.
    """
    if isinstance(source, (FunctionSource, VariantSource)):
        return file_name(source.original, unnamed)
    if isinstance(source, PathFrom):
        return Path(source.path).name
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    return callable_name(source, unnamed) if callable(source) else type(source).__name__


def label(source: Any) -> str:
    """Return the word for a source in test ids and file names."""
    if isinstance(source, VariantSource):
        return f"{label(source.original)}-{source.name}"
    if isinstance(source, FunctionSource):
        return f"{label(source.original)}-{source.function}"
    if isinstance(source, PathFrom):
        return label(source.path)
    if callable(source):
        return callable_name(source, _UNNAMED)
    return Path(source).stem
