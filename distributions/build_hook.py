"""Divide the package between two wheels: `pytest-coreml`, which a start of pytest imports, and the library behind it.

At each start pytest goes through all files of a distribution that has a plugin; docs/architecture.md says more. The
files of `pytest-coreml` are `only-include` in its pyproject.toml. All others are the library's, or come with
`pytest-coreml` where a wheel has to stand alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if sys.version_info >= (3, 11):
    import tomllib
else:
    # Comes with hatchling.
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = "pytest-coreml-library"
# Set for a release, which has both wheels.
RELEASE_VARIABLE = "PYTEST_COREML_RELEASE"
PIP_COMMANDS = ("install", "wheel", "download", "lock")


class DividedPackage(BuildHookInterface[Any]):
    """Adds the library's files to a wheel, or the requirement of the library."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Choose; an editable installation has all files in place, and a copy of the library would hide them."""
        if version == "editable":
            return
        root = Path(self.root)
        requirement = None
        if self.metadata.core.name == LIBRARY:
            root = root.parents[1]
        else:
            requirement = library_requirement(root, self.metadata.version)
        if requirement is None:
            build_data["force_include"].update({str(root / file): file for file in library_files(root)})
        else:
            build_data["dependencies"].append(requirement)


def library_files(root: Path) -> Iterator[str]:
    """Yield the files of the package that are not in `only-include`, relative to *root*."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    start = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    for path in sorted((root / "pytest_coreml").rglob("*")):
        file = path.relative_to(root).as_posix()
        if path.is_file() and file not in start and "__pycache__" not in path.parts:
            yield file


def library_requirement(root: Path, version: str) -> str | None:
    """Return the requirement of the library, or None for a wheel with all files.

    While the library is on no package index, only a path finds it. A path holds for `pip install` from a folder that
    stays. It does not hold for a wheel that is copied, locked or cached, nor for a clone that pip deletes.
    """
    if os.environ.get(RELEASE_VARIABLE):
        return f"{LIBRARY}=={version}"
    if is_pip_install() and not any(part.startswith("pip-") for part in root.parts):
        return f"{LIBRARY} @ {(root / 'distributions' / 'library').as_uri()}"
    return None


def is_pip_install() -> bool:
    """Return True if the parent process is `pip install`; by the same variable hatchling finds that it is pip."""
    if "PIP_BUILD_TRACKER" not in os.environ:
        return False
    return next((word for word in parent_command() if word in PIP_COMMANDS), None) == "install"


def parent_command() -> list[str]:
    """Return the command line of the parent process; no words where the system does not tell."""
    on_linux = Path("/proc", str(os.getppid()), "cmdline")
    if on_linux.exists():
        return on_linux.read_text(errors="replace").split("\0")
    try:
        command = ["ps", "-o", "args=", "-p", str(os.getppid())]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    except OSError:
        return []
