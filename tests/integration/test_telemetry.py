"""ONNX Runtime collects telemetry by default: a run of ours leaves nothing in the home folder, and connects nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

MODEL_FILE = ["--coreml-model=Linear.mlpackage"]
DROPIN_TEST = """
import coremltools as ct, numpy as np

def test_existing():
    ct.models.MLModel("Linear.mlpackage").predict({"x": np.ones((1, 4), np.float32)})
"""
# What the system calls of a process look like that talks to another host.
CONNECTION = re.compile(r"AF_INET6?\b")


@pytest.fixture
def empty_home(project, monkeypatch):
    """An empty home folder, in an environment that leaves telemetry as it is by default."""
    home = project.path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def files_in(folder):
    """Return the names of all files below *folder*."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def run(project, *arguments, under=()):
    """Run pytest, which has to pass."""
    command = [*under, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    result = subprocess.run(command, cwd=project.path, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_an_engine_leaves_nothing_in_the_home_folder(project, empty_home):
    """A model file as a test runs in an engine."""
    project.makepyfile(
        "import pytest\n@pytest.mark.coreml_model('Linear.mlpackage')\ndef test_it(coreml_model):\n"
        "    coreml_model.measure(calls=3)"
    )

    run(project)

    assert files_in(empty_home) == []


@pytest.mark.slow
@pytest.mark.parametrize("imported_first", ["", "import onnxruntime\n"])
def test_the_drop_in_leaves_nothing_in_the_home_folder(project, empty_home, imported_first):
    """The drop-in runs ONNX Runtime in the process of pytest, where a test may import it as well, also before us."""
    project.makepyfile(imported_first + DROPIN_TEST)

    run(project, "-o", "coreml_dropin=true")

    assert files_in(empty_home) == []


def test_the_module_is_imported_with_telemetry_off(project, empty_home):
    """The import alone initializes ONNX Runtime: the reference runtime may be imported without an engine."""
    script = "import pytest_coreml.reference.execution.ort_session, time; time.sleep(1)"

    subprocess.run([sys.executable, "-c", script], cwd=project.path, timeout=300, check=True)

    assert files_in(empty_home) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed here")
def test_a_run_opens_no_network_connection(project, empty_home):
    """No process of the run asks the system for a connection to a host."""
    project.makepyfile(
        DROPIN_TEST + "\ndef test_engine(coreml_load):\n    coreml_load('Linear.mlpackage').measure(calls=3)"
    )
    log = project.path / "calls"

    run(
        project, "-o", "coreml_dropin=true", under=("strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(log))
    )

    assert [line for line in log.read_text().splitlines() if CONNECTION.search(line)] == []
