"""An installation has everything that it needs, and nothing else."""

from __future__ import annotations

import configparser
import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARY = REPOSITORY / "distributions" / "library"
# What pip adds to the files of a wheel: three notes and the command.
ADDED_BY_PIP = 4


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built by the project's own build backend."""
    folder = tmp_path_factory.mktemp("dist")
    build(REPOSITORY, folder)
    return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two wheels of a release."""
    folder = tmp_path_factory.mktemp("released")
    for source in (REPOSITORY, LIBRARY):
        build(source, folder, "-t", "wheel", PYTEST_COREML_RELEASE="1")
    return folder


def build(source: Path, folder: Path, *arguments: str, **variables: str) -> None:
    """Build distributions of *source* in *folder*, by the project's own build backend."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder), *arguments]
    subprocess.run(command, cwd=source, env={**os.environ, **variables}, check=True)


def names_in(folder: Path, distribution: str) -> set[str]:
    """Return the names of the files in the wheel of *distribution*, without metadata."""
    with zipfile.ZipFile(next(folder.glob(f"{distribution}-*.whl"))) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def requirements(folder: Path, distribution: str) -> list[str]:
    """Return what the wheel of *distribution* requires, without extras."""
    with zipfile.ZipFile(next(folder.glob(f"{distribution}-*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        found = message_from_bytes(wheel.read(name)).get_all("Requires-Dist", [])
    return [words for words in found if "extra ==" not in words]


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
    assert dict(entry_points["console_scripts"]) == {"pytest-coreml": "pytest_coreml.__main__:main"}


def test_a_release_divides_the_package_between_two_wheels(built: Path, released: Path) -> None:
    """pytest rewrites the asserts of all packages beside a plugin: the plugin's own wheel has no module."""
    small, library = names_in(released, "pytest_coreml"), names_in(released, "pytest_coreml_library")
    version = next(built.glob("*.whl")).name.split("-")[1]

    assert library == {name for name in names_in(built, "pytest_coreml") if name.endswith(".py")}
    assert small == names_in(built, "pytest_coreml") - library
    assert requirements(released, "pytest_coreml_library") == []
    assert next(released.glob("pytest_coreml_library-*.whl")).name.split("-")[1] == version
    assert sorted(requirements(released, "pytest_coreml")) == sorted(
        [*requirements(built, "pytest_coreml"), f"pytest-coreml-library=={version}"]
    )


def test_pytest_goes_through_few_files_of_a_release(released: Path) -> None:
    """At each start pytest goes through all files of the distribution with the plugin, as pip installs them."""
    with zipfile.ZipFile(next(released.glob("pytest_coreml-*.whl"))) as wheel:
        names = wheel.namelist()

    assert len(names) + ADDED_BY_PIP <= 60


@pytest.mark.slow
def test_pip_finds_the_library_of_a_clone(tmp_path: Path) -> None:
    """`pip install .` installs the small part, which requires the library by its path; `pip wheel .` has all files."""
    pytest.importorskip("pip", reason="pip is not installed here")
    offline = ["--no-deps", "--no-index", "--no-build-isolation", "-q", str(REPOSITORY)]
    pip = [sys.executable, "-m", "pip"]

    subprocess.run([*pip, "install", "--target", str(tmp_path / "installed"), *offline], check=True)
    subprocess.run([*pip, "wheel", "-w", str(tmp_path), *offline], check=True)

    metadata = next(tmp_path.glob("installed/pytest_coreml-*.dist-info/METADATA")).read_text()
    assert f"\nRequires-Dist: pytest-coreml-library @ {LIBRARY.as_uri()}\n" in metadata
    assert not (tmp_path / "installed" / "pytest_coreml" / "errors.py").exists()
    assert "pytest_coreml/errors.py" in names_in(tmp_path, "pytest_coreml")
    assert [words for words in requirements(tmp_path, "pytest_coreml") if "library" in words] == []


@pytest.fixture
def build_hook() -> ModuleType:
    """The build hook, which is not in the package."""
    spec = importlib.util.spec_from_file_location("build_hook", REPOSITORY / "distributions" / "build_hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("command", "root", "expected"),
    [
        ("python -m pip install .", "/clones/core ml", "file:///clones/core%20ml/distributions/library"),
        ("python /bin/pip install -r install.txt", "/clone", "file:///clone/distributions/library"),
        # A wheel that goes to other machines, and a clone that pip deletes.
        ("python -m pip wheel install", "/clone", None),
        ("pip install git+https://example.org/us", "/tmp/pip-req-build-abc", None),
        ("pip-compile", "/clone", None),
        ("", "/clone", None),
    ],
)
def test_the_path_of_the_library_is_required_by_an_installation_from_a_clone_only(
    build_hook: ModuleType, monkeypatch: pytest.MonkeyPatch, command: str, root: str, expected: str | None
) -> None:
    """Elsewhere the path would not be there when it is read, so that the wheel has all files."""
    monkeypatch.delenv("PYTEST_COREML_RELEASE", raising=False)
    monkeypatch.setenv("PIP_BUILD_TRACKER", "/tmp/pip-build-tracker")
    monkeypatch.setattr(build_hook, "parent_command", command.split)

    found = build_hook.library_requirement(Path(root), "1.0")

    assert found == (expected and f"pytest-coreml-library @ {expected}")


def test_an_editable_installation_replaces_the_library_by_one_without_files(
    build_hook: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The modules that an earlier `pip install .` left would hide those of the clone."""
    monkeypatch.setenv("PIP_BUILD_TRACKER", "/tmp/pip-build-tracker")
    monkeypatch.setattr(build_hook, "parent_command", "pip install -e .".split)
    build_data: dict[str, list[str]] = {"dependencies": []}

    build_hook.DividedPackage.initialize(SimpleNamespace(root=str(REPOSITORY)), "editable", build_data)
    folder = REPOSITORY / "distributions" / "no_library"
    build(folder, tmp_path, "-t", "wheel")

    assert build_data["dependencies"] == [f"pytest-coreml-library @ {folder.as_uri()}"]
    assert names_in(tmp_path, "pytest_coreml_library") == set()


def test_other_installers_than_pip_get_a_wheel_with_all_files(
    build_hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may keep the wheel, or lock what it requires."""
    monkeypatch.delenv("PYTEST_COREML_RELEASE", raising=False)
    monkeypatch.delenv("PIP_BUILD_TRACKER", raising=False)
    monkeypatch.setattr(build_hook, "parent_command", "uv pip install .".split)

    assert build_hook.library_requirement(Path("/clone"), "1.0") is None


def test_the_build_hook_reads_the_command_of_its_parent(build_hook: ModuleType) -> None:
    """A child of this process sees the command line of this process."""
    code = f"""if True:
        import importlib.util
        spec = importlib.util.spec_from_file_location("build_hook", {build_hook.__file__!r})
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        print(module.parent_command())
    """
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[2]], check=True)"

    command = [sys.executable, "-c", parent, "install", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "'install'" in result.stdout


def test_the_source_distribution_can_be_tested(built: Path) -> None:
    """Tests, examples, documentation, licence and change log come along; nothing that was made here does."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", maxsplit=1)[1] for name in archive.getnames()}

    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= names
    assert {
        "distributions/build_hook.py",
        "distributions/library/pyproject.toml",
        "distributions/no_library/pyproject.toml",
    } <= names
    assert {"tests/conftest.py", "examples/models.py", "pytest_coreml/plugin/__init__.py"} <= names
    assert [name for name in names if name.startswith((".venv", "dist/", ".ci")) or "__pycache__" in name] == []


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    """The line by which a newcomer sets up and passes the tests is the line that is proven."""
    readme = (REPOSITORY / "README.md").read_text()
    line = next(line for line in readme.splitlines() if '".[test]"' in line)

    assert line in (REPOSITORY / ".ci" / "run").read_text().splitlines()
