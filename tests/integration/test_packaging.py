"""An installation has everything that it needs, and nothing else."""

from __future__ import annotations

import configparser
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built by the project's own build backend."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=REPOSITORY, check=True)
    return folder


def test_the_wheel_has_every_module_and_data_file_of_the_package(built: Path) -> None:
    """Schema, type marker and all modules; no tests, no examples."""
    package = REPOSITORY / "pytest_coreml"
    expected = {
        path.relative_to(REPOSITORY).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    assert {"pytest_coreml/py.typed", "pytest_coreml/report/report-1.schema.json"} <= expected
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_declares_the_plugin_and_the_command(built: Path) -> None:
    """pytest finds the plugin, and the shell the command."""
    entry_points = configparser.ConfigParser()

    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        entry_points.read_string(wheel.read(name).decode())

    assert dict(entry_points["pytest11"]) == {"coreml": "pytest_coreml.plugin"}
    assert dict(entry_points["console_scripts"]) == {"pytest-coreml": "pytest_coreml.cli:main"}


def test_the_source_distribution_can_be_tested(built: Path) -> None:
    """Tests, examples, documentation, licence and change log come along; nothing that was made here does."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", maxsplit=1)[1] for name in archive.getnames()}

    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= names
    assert {"tests/conftest.py", "examples/models.py", "pytest_coreml/plugin/__init__.py"} <= names
    assert [name for name in names if name.startswith((".venv", "dist/", ".ci")) or "__pycache__" in name] == []


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    """The line by which a newcomer sets up and passes the tests is the line that is proven."""
    readme = (REPOSITORY / "README.md").read_text()
    line = next(line for line in readme.splitlines() if '".[test]"' in line)

    assert line in (REPOSITORY / ".ci" / "run").read_text().splitlines()
