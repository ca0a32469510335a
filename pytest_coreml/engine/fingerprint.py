"""A cheap fingerprint of a model's files, which changes when the model is saved again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

# coremltools rewrites it when it only reads a package; the digest of a model leaves it out too.
_NOT_MODEL: Final = "Manifest.json"


def fingerprint(path: str) -> str:
    """Return a digest of the sizes, times and identities of all files at *path*; they are not read.

    The fingerprint of a path that does not exist is that of no files.
    """
    digest = hashlib.sha256()
    for file in sorted(_files(Path(path))):
        found = file.stat()
        digest.update(f"{file}\0{found.st_ino}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    # Systems and editors leave hidden files.
    return [file for file in files if not file.name.startswith(".") and file != path / _NOT_MODEL and file.exists()]
