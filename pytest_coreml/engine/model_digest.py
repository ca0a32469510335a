"""The files of a model, and the digest that identifies them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CHUNK: Final = 1 << 20


def model_files(path: Path) -> list[Path]:
    """Return the files of a model, in a stable order."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def digest(path: Path, files: Iterable[Path] | None = None) -> str:
    """Return the SHA-256 of the model at *path*, whose *files* may be known already."""
    # The manifest is omitted: each time a model is saved it gets new identifiers.
    found = hashlib.sha256()
    for file in model_files(path) if files is None else files:
        if file.name == "Manifest.json":
            continue
        found.update(file.relative_to(path).as_posix().encode() if file != path else b"")
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    return found.hexdigest()
