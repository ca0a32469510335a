"""Find models whose names are like that of a missing one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.errors import nearest
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Not deeper: this is a hint, and the folder may hold anything.
_HINT_DEPTH: Final = 4
_MAX_NAMES: Final = 2000


def near_model(name: str, folders: Iterable[Path]) -> str:
    """Return `; did you mean 'x'?` for the model in *folders* whose name is most similar; an empty text for none."""
    # By the stem: all names of models are alike in their suffix.
    names = {entry.stem: entry.name for folder in folders for entry in _models_in(folder)[:_MAX_NAMES]}
    near = nearest(Path(name).stem, names)
    return f"; did you mean {names[near]!r}?" if near is not None else ""


def near_path(path: str, folder: Path) -> str:
    """Return `; did you mean 'x'?` for the model that *path*, relative to *folder*, may mean; an empty text for none.

    That is one of a similar name in its own folder, or one of the same name elsewhere below *folder*.
    """
    elsewhere = next(models_named(Path(path).name, folder), None)
    if elsewhere is not None:
        return f"; did you mean {elsewhere.relative_to(folder).as_posix()!r}?"
    return near_model(path, [Path(folder, path).parent])


def models_named(name: str, root: Path) -> Iterator[Path]:
    """Yield the files and folders of this name below *root*."""
    for depth in range(_HINT_DEPTH):
        yield from filter(_exists, root.glob("*/" * depth + name))


def _models_in(folder: Path) -> list[Path]:
    try:
        # A link to nothing is what was asked for, and not there.
        return [entry for entry in sorted(folder.iterdir()) if entry.suffix in MODEL_SUFFIXES and _exists(entry)]
    except OSError:
        return []


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, RuntimeError):
        # A link to itself, before Python 3.13.
        return False
