"""Put the modules into the wheel `pytest-coreml-library`, and entry points and data files into `pytest-coreml`.

At each start pytest goes through all files of a distribution that has a plugin, and rewrites the asserts of its
packages; docs/architecture.md says more. Where a wheel has to stand alone, the modules come with `pytest-coreml`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = "pytest-coreml-library"
# Set for a release, which has both wheels.
RELEASE_VARIABLE = "PYTEST_COREML_RELEASE"
PIP_COMMANDS = ("install", "wheel", "download", "lock")


class DividedPackage(BuildHookInterface[Any]):
    """Adds the files of the package that belong to a wheel, and the requirement of the library."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Choose; an editable installation has all files in place, and a library left in place would hide them."""
        root = Path(self.root)
        if version == "editable":
            if is_pip_install():
                build_data["dependencies"].append(requirement_by_path(root, "no_library"))
            return
        if self.metadata.core.name == LIBRARY:
            root = root.parents[1]
            files = modules(root)
        elif requirement := library_requirement(root, self.metadata.version):
            files = package_files(root) - modules(root)
            build_data["dependencies"].append(requirement)
        else:
            files = package_files(root)
        build_data["force_include"].update({str(root / file): file for file in sorted(files)})


def modules(root: Path) -> set[str]:
    """Return the modules of the package, relative to *root*."""
    return {file for file in package_files(root) if file.endswith(".py")}


def package_files(root: Path) -> set[str]:
    """Return the files of the package, relative to *root*."""
    paths = (path for path in (root / "pytest_coreml").rglob("*") if "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix() for path in paths if path.is_file()}


def library_requirement(root: Path, version: str) -> str | None:
    """Return the requirement of the library, or None for a wheel with all files.

    While the library is on no package index, only a path finds it. A path holds for `pip install` from a folder that
    stays. It does not hold for a wheel that is copied, locked or cached, nor for a clone that pip deletes.
    """
    if os.environ.get(RELEASE_VARIABLE):
        return f"{LIBRARY}=={version}"
    if is_pip_install() and not any(part.startswith("pip-") for part in root.parts):
        return requirement_by_path(root, "library")
    return None


def requirement_by_path(root: Path, folder: str) -> str:
    """Return the requirement of the library that *folder* of the distributions makes."""
    return f"{LIBRARY} @ {(root / 'distributions' / folder).as_uri()}"


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
