"""The Core ML models in the folder of a Swift package, by target, and what will not reach an app."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST
from pytest_coreml.session.swift.dump_package import DumpError, dump_manifest, find_toolchain
from pytest_coreml.session.swift.manifest_text import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.session.swift.package_manifest import PackageManifest, Target

# Where SwiftPM looks for the folders of targets, by their kind.
_SOURCES: Final = ("Sources", "Source", "src", "srcs")
_PREDEFINED: Final = {"test": ("Tests", *_SOURCES), "plugin": ("Plugins",)}
# Copies of other packages, and what builds leave; folders with a dot in front are skipped too.
_SKIPPED: Final = ("DerivedData", "Pods", "Carthage")
# The first tools version by which Xcode compiles models, and takes a package for one file.
_MODEL_RULE_VERSION: Final = (5, 7)
# The first in which the only target of a package may lie in `Sources` itself.
_FLAT_SOURCES_VERSION: Final = (5, 9)
_LFS_POINTER: Final = b"version https://git-lfs"
_MAX_POINTER: Final = 1024


class PackagedModel(NamedTuple):
    """A model of a package: *label* is the target and the name of the file, unique in the package."""

    path: Path
    label: str


@dataclass(frozen=True)
class SwiftPackage:
    """The models of a package in the order of its targets, and *warnings* about what does not fit."""

    models: tuple[PackagedModel, ...]
    warnings: tuple[str, ...]


def read_package(manifest_file: Path) -> SwiftPackage:
    """Return the models of the package that *manifest_file* describes.

    A Swift toolchain reads it where there is one, else its text is read leniently. Raises OSError when it cannot be
    opened.
    """
    source = manifest_file.read_text(encoding="utf-8", errors="replace")
    notes: list[str] = []
    swift = find_toolchain()
    manifest = None
    if swift is not None:
        try:
            manifest = dump_manifest(swift, manifest_file.parent)
        except DumpError as error:
            notes.append(f"swift package dump-package failed, so the text of the manifest was read: {error}")
    if manifest is None:
        manifest = read_manifest(source)
        notes += manifest.notes
    found = _Package(manifest_file.parent, manifest)
    return SwiftPackage(tuple(found.labelled()), (*notes, *found.warnings()))


class _Owned(NamedTuple):
    """A model with the target it belongs to, and the rule by which the target lists it."""

    path: Path
    target: Target | None
    rule: str | None


class _Package:
    def __init__(self, root: Path, manifest: PackageManifest) -> None:
        self._root = root
        self._manifest = manifest
        self._folders = {target: self._folder(target) for target in manifest.targets}
        self._models = sorted(map(self._owned, _models_below(root)), key=self._order)

    def labelled(self) -> Iterator[PackagedModel]:
        """Yield the models with their labels."""
        names = Counter(self._name(model) for model in self._models)
        for model in self._models:
            name = self._name(model)
            if names[name] > 1 and model.target is not None:
                # Of several models of one name, the path below the target's folder tells.
                name = f"{model.target.name}/{_posix(model.path, self._folders[model.target])}"
            yield PackagedModel(model.path, name)

    def warnings(self) -> Iterator[str]:
        """Yield what will not reach an app, or not as it is meant."""
        if not self._models:
            yield f"no {', '.join(MODEL_SUFFIXES)} in its folder"
        yield from self._missing()
        for model in self._models:
            where = _posix(model.path, self._root)
            if model.rule is None:
                yield from self._unlisted(model, where)
            elif model.rule == "process" and model.path.suffix == ".mlpackage" and self._is_before(_MODEL_RULE_VERSION):
                version = ".".join(map(str, self._manifest.tools_version or ()))
                yield (
                    f"{where}: .process with swift-tools-version {version} copies the files of the package one by one, "
                    "without their folders; use .copy, or swift-tools-version 5.7"
                )
            pointer = _lfs_pointer(model.path)
            if pointer is not None:
                yield f"{_posix(pointer, self._root)}: a pointer of Git LFS, not downloaded: git lfs pull"

    def _missing(self) -> Iterator[str]:
        for target, folder in self._folders.items():
            for resource in target.resources:
                path = folder / resource.path
                if path.suffix in (*MODEL_SUFFIXES, "") and not _exists(path):
                    yield f"target {target.name} lists {resource.path}, which is missing: {_posix(path, self._root)}"

    def _unlisted(self, model: _Owned, where: str) -> Iterator[str]:
        if model.target is None:
            if self._manifest.is_read:
                yield f"{where}: no target lists it"
        elif model.target.is_read:
            left_out = (
                "no build includes it"
                if self._is_before(_MODEL_RULE_VERSION) or model.path.suffix == ".mlmodelc"
                else "Xcode compiles it anyway, and `swift build` before Swift 6.4 leaves it out"
            )
            yield f"{where}: no resource of target {model.target.name} lists it; {left_out}"

    def _is_before(self, version: tuple[int, int]) -> bool:
        """Return True if the tools version is known, and older."""
        return self._manifest.tools_version is not None and self._manifest.tools_version < version

    def _folder(self, target: Target) -> Path:
        if target.path is not None:
            return _normal(self._root / target.path)
        places = [self._root / name for name in _PREDEFINED.get(target.kind, _SOURCES)]
        folders = [place / target.name for place in places]
        alone = sum(other.kind == target.kind for other in self._manifest.targets) == 1
        if alone and not self._is_before(_FLAT_SOURCES_VERSION):
            folders += places
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    def _owned(self, path: Path) -> _Owned:
        """Find the target that lists a model, else the one in whose folder it lies."""
        for target, folder in self._folders.items():
            for resource in target.resources:
                if path.is_relative_to(_normal(folder / resource.path)):
                    return _Owned(path, target, resource.rule)
        owners = [
            target
            for target, folder in self._folders.items()
            if path.is_relative_to(folder)
            and not any(path.is_relative_to(_normal(folder / excluded)) for excluded in target.exclude)
        ]
        inner = max(owners, key=lambda target: len(self._folders[target].parts), default=None)
        return _Owned(path, inner, None)

    def _order(self, model: _Owned) -> tuple[int, Path]:
        targets = list(self._folders)
        return (len(targets) if model.target is None else targets.index(model.target), model.path)

    def _name(self, model: _Owned) -> str:
        if model.target is None:
            return _posix(model.path, self._root)
        return f"{model.target.name}/{model.path.name}"


def _models_below(root: Path) -> Iterator[Path]:
    """Yield the models of a package, without those of packages inside it."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        yield from (here / name for name in files if Path(name).suffix in MODEL_SUFFIXES)
        entered = []
        for name in folders:
            if Path(name).suffix in MODEL_SUFFIXES:
                yield here / name
            elif not (name.startswith(".") or name in _SKIPPED or (here / name / SWIFT_MANIFEST).is_file()):
                entered.append(name)
        folders[:] = entered


def _lfs_pointer(model: Path) -> Path | None:
    """Return the first file of a model that is a pointer of Git LFS."""
    files = [model] if model.is_file() else sorted(path for path in model.rglob("*") if path.is_file())
    return next((path for path in files if _is_pointer(path)), None)


def _is_pointer(path: Path) -> bool:
    try:
        return path.stat().st_size <= _MAX_POINTER and path.read_bytes().startswith(_LFS_POINTER)
    except OSError:
        return False


def _exists(path: Path) -> bool:
    # Unlike Path.exists, this takes a name that is too long.
    return os.path.exists(path)  # noqa: PTH110


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _posix(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()
