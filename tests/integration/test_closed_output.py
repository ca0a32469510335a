"""The reader of the output may leave: `pytest --coreml-report | head`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_what_was_measured_by_then_is_in_the_report(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends as failed, with a whole report, and without anything left in the temporary folder."""
    temporary = project.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.parametrize("number", range(50))
        def test_it(coreml_model, number):
            coreml_model.measure(calls=3)
        """
    )
    command = [
        sys.executable,
        "-u",
        "-m",
        "pytest",
        "-v",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--coreml-report",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as running:
        assert running.stdout is not None
        while b"PASSED" not in running.stdout.readline():
            pass
        running.stdout.close()
    report = json.loads((project.path / "coreml-report.json").read_text())

    assert running.returncode != 0
    assert 0 < len(report["tests"]) < 50
    # The lock by which processes of a host take turns stays for the next one.
    assert [path for path in temporary.iterdir() if not path.name.startswith("pytest-coreml-of-")] == []
