"""A measurement is alone on its host: workers wait for each other, and so do separate runs of pytest.

A process that does not go on is waited for within the time limit.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mac_project import MacProject

pytestmark = pytest.mark.usefixtures("plainly")

# Each test waits for the other one, so that both want to measure at the same moment.
TEST = """
    import pathlib
    import time

    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    def test_it(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
        pathlib.Path("ready-{name}").touch()
        while len(list(pathlib.Path().glob("ready-*"))) < 2:
            time.sleep(0.001)
        coreml_model.measure(calls=300)
"""


@pytest.fixture
def rivals(mac_project: MacProject) -> MacProject:
    """A project of two tests in two files."""
    mac_project.save()
    mac_project.pytester.makepyfile(test_one=TEST.format(name="one"), test_two=TEST.format(name="two"))
    return mac_project


def sections(project: MacProject) -> list[int]:
    """Return the lengths of the sections in which one process predicted, and no other, in order."""
    pids = [call["pid"] for call in project.journal("predict")]
    assert len(set(pids)) == 2
    lengths = [len(list(calls)) for _, calls in itertools.groupby(pids)]
    # A first prediction that nobody measures may be anywhere.
    return [length for length in lengths if length > 1]


@pytest.mark.slow
def test_workers_take_turns(rivals: MacProject) -> None:
    """All calls of one worker come before all calls of the other."""
    result = rivals.run("-n", "2", "--dist=loadfile")

    result.assert_outcomes(passed=2)
    assert len(sections(rivals)) == 2


@pytest.mark.slow
def test_separate_runs_take_turns(rivals: MacProject) -> None:
    """Also two runs of pytest that were started at the same time, and know nothing of each other."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    runs = [
        subprocess.Popen([*command, name], cwd=rivals.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        for name in ("test_one.py", "test_two.py")
    ]
    outputs = [run.communicate()[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], outputs
    assert len(sections(rivals)) == 2


STUCK = """
    import pytest

    @pytest.mark.coreml_model("Net.mlpackage")
    def test_it(coreml_model):
        coreml_model.measure(calls=5)
"""


@pytest.mark.usefixtures("script")
@pytest.mark.parametrize(
    "workers", [pytest.param((), id="alone"), pytest.param(("-n", "1"), id="worker", marks=pytest.mark.slow)]
)
def test_a_run_says_what_it_waits_for_and_goes_on_after_the_time_limit(
    workers: tuple[str, ...], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without a terminal, and in a worker; the report has a note of it, without the command."""
    pytester.mkdir("Net.mlpackage")
    pytester.makepyfile(STUCK)
    temporary = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    folder = temporary / f"pytest-coreml-of-{os.getuid()}"
    folder.mkdir(mode=0o700)
    with (folder / "measuring.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        options = ("-p", "no:cacheprovider", "--coreml-report=r.json", "--coreml-timeout=3", *workers)
        result = pytester.runpytest_subprocess(*options)

    result.assert_outcomes(passed=1)
    lines = result.errlines if workers else result.outlines
    assert [line for line in lines if line.startswith("pytest-coreml: waiting for another process to finish measuring")]
    [test] = json.loads((pytester.path / "r.json").read_text())["tests"]
    assert [note.split(";")[0] for note in test["notes"]] == [
        "measured while another process held the lock for measuring, which did not respond for 3 s"
    ]
    assert test["load"]["alone"] is False
