"""Paths of options are relative to documented folders, also when pytest starts outside of the rootdir."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-calls=30")
TEST = """
    from pathlib import Path

    def test_model(coreml_model):
        Path(__file__).with_name("seen").write_text(str(coreml_model.path))
"""


@pytest.fixture(autouse=True)
def script(pytester: pytest.Pytester, script: Script) -> Script:
    """The answers of the engines of a project with a test in a subfolder."""
    tests = pytester.mkdir("tests")
    pytester.makepyfile(test_model=TEST).rename(tests / "test_model.py")
    pytester.makeini("[pytest]\n")
    return script


@pytest.fixture
def elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the project, in which pytest is started."""
    folder = pytester.mkdir("elsewhere")
    monkeypatch.chdir(folder)
    return folder


def fill(folder: Path) -> None:
    """Put a model, and another version of it, into *folder*."""
    for name in ("new.mlpackage", "old.mlpackage"):
        (folder / name).mkdir()


def seen(pytester: pytest.Pytester) -> Path:
    """Return the path of the model that the test had."""
    return Path((pytester.path / "tests" / "seen").read_text())


def test_of_the_ini_file_to_the_rootdir(pytester: pytest.Pytester, elsewhere: Path) -> None:
    """Wherever pytest was started."""
    fill(pytester.path)
    options = "coreml_model = new.mlpackage\ncoreml_against = old.mlpackage\ncoreml_report = report.json\n"
    pytester.makeini(f"[pytest]\n{options}")
    pytester.runpytest_inprocess(*RUN, "../tests").assert_outcomes(passed=1)

    pytester.makeini(f"[pytest]\n{options}coreml_baseline = report.json\n")
    result = pytester.runpytest_inprocess(*RUN, "../tests")

    result.stdout.fnmatch_lines([f"Core ML report: {pytester.path}/report.json"])
    assert seen(pytester) == pytester.path / "new.mlpackage"
    assert not (elsewhere / "report.json").exists()


def test_of_the_command_line_to_the_present_folder(pytester: pytest.Pytester, elsewhere: Path) -> None:
    """Also where the rootdir has the same names."""
    for folder in (pytester.path, elsewhere):
        fill(folder)
    options = ("--coreml-model=new.mlpackage", "--coreml-against=old.mlpackage", "--coreml-report=report.json")
    pytester.runpytest_inprocess(*RUN, "../tests", *options).assert_outcomes(passed=1)

    result = pytester.runpytest_inprocess(*RUN, "../tests", *options, "--coreml-baseline=report.json")

    result.stdout.fnmatch_lines([f"Core ML report: {elsewhere}/report.json"])
    assert seen(pytester) == elsewhere / "new.mlpackage"
    assert not (pytester.path / "report.json").exists()


@pytest.mark.parametrize("folder", ["tests", "."])
def test_a_model_that_is_not_there_is_looked_for_as_that_of_a_marker(
    pytester: pytest.Pytester, elsewhere: Path, folder: str
) -> None:
    """Beside the test, then in the rootdir."""
    fill(pytester.path / folder)

    result = pytester.runpytest_inprocess(*RUN, "../tests", "--coreml-model=new.mlpackage")

    result.assert_outcomes(passed=1)
    assert seen(pytester) == pytester.path / folder / "new.mlpackage"


def test_a_model_that_is_nowhere_names_all_places(pytester: pytest.Pytester, elsewhere: Path) -> None:
    """In the order in which they were looked at."""
    (pytester.path / "models" / "new.mlpackage").mkdir(parents=True)

    result = pytester.runpytest_inprocess(*RUN, "../tests", "--coreml-model=new.mlpackage")

    result.assert_outcomes(failed=1)
    places = " nor ".join(f"{folder}/new.mlpackage" for folder in (elsewhere, pytester.path / "tests", pytester.path))
    result.stdout.fnmatch_lines(
        [f"new.mlpackage: no such model: there is neither {places}; did you mean 'models/new.mlpackage'?*"]
    )
