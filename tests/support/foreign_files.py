"""Models and recordings of others, which are not part of the project: in a folder that the environment names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "PYTEST_COREML_FOREIGN_FILES"
FOLDER: Final = Path(os.environ.get(VARIABLE) or os.devnull)
MODELS: Final = FOLDER / "models"
RECORDINGS: Final = FOLDER / "recordings"


def needs(*paths: Path) -> pytest.MarkDecorator:
    """Return the mark that skips a test unless all *paths* are there."""
    missing = [path.relative_to(FOLDER).as_posix() for path in paths if not path.exists()]
    return pytest.mark.skipif(bool(missing), reason=f"{VARIABLE} names no folder with {', '.join(missing)}")
