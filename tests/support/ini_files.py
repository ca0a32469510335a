"""The files and tables that pytest takes options from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

_native = pytest.mark.skipif("pytest.version_tuple < (9,)", reason="[tool.pytest] is of pytest 9")
# Parameters of tests.
TOML: Final[list[ParameterSet]] = [
    pytest.param("pyproject.toml [tool.pytest.ini_options]", id="ini_options"),
    pytest.param("pyproject.toml [tool.pytest]", id="native", marks=_native),
]
ALL: Final = [pytest.param("pytest.ini [pytest]", id="ini"), *TOML]


def write(folder: Path, file: str, **options: Any) -> None:
    """Write options of ours into a *file* of `ALL`, each as one writes it there."""
    name, table = file.split()
    words = _toml if name.endswith(".toml") else _ini
    lines = [f"coreml_{option} = {words(value)}" for option, value in options.items()]
    (folder / name).write_text("\n".join([table, *lines]) + "\n")


def _toml(value: object) -> str:
    return json.dumps(value)


def _ini(value: object) -> str:
    return "".join(f"\n  {line}" for line in value) if isinstance(value, list) else str(value)
