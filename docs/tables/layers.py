"""The folders of the package in the order that the import contracts allow."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tables.markdown import code, table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which pytest depends on

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]


def layers() -> Iterator[str]:
    """Return the highest layer first, with what each folder says of itself."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    contract = next(each for each in settings["contracts"] if each["type"] == "layers")
    rows = (
        (str(number), code(name), _summary(_ROOT / "pytest_coreml", name))
        for number, row in enumerate(contract["layers"], start=1)
        for name in map(str.strip, row.split("|"))
    )
    return table(("layer", "folder or module", "content"), rows)


def _summary(package: Path, name: str) -> str:
    file = package / name / "__init__.py"
    tree = ast.parse((file if file.exists() else package / f"{name}.py").read_text("utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]
