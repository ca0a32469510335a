"""The stand-in works in separate processes: started by environment only, and terminating there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import psutil
import pytest
import standin_models as models
from standin.install import environment
from standin.scenario import Failure, Scenario

TOUR = """
import importlib.util, json, logging, os, platform, sys
import coremltools
from coremltools.models import MLModel
from coremltools.models.ml_program.experimental import compute_plan_utils
found = importlib.util.find_spec("coremltools.libcoremlpython")
before = os.fstat(1)
model = MLModel(sys.argv[1])
print(json.dumps({
    "spec": found.name, "system": platform.system(), "mac": platform.mac_ver()[0],
    "remote": compute_plan_utils._MLComputePlanRemoteProxy is not None,
    "same_stdout": (before.st_dev, before.st_ino) == (os.fstat(1).st_dev, os.fstat(1).st_ino),
    "load_ns": model.load_duration_in_nano_seconds,
}))
"""


def python(scenario: Scenario, folder, *arguments: str) -> subprocess.Popen[str]:
    """Start Python on the Mac of *scenario*."""
    path = folder / "scenario.json"
    scenario.save(path)
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_coremltools_of_a_new_process_finds_a_mac(tmp_path):
    """Environment alone does it; no 'Failed to load' on stderr; stdout is silent during the constructor's compile."""
    package = models.save(models.program_spec(), tmp_path / "Model.mlpackage")
    noise = Failure("compile", "stdout", "garbage\n")

    out, err = python(Scenario(failures=(noise,)), tmp_path, "-c", TOUR, str(package)).communicate(timeout=60)

    assert json.loads(out) == {
        "spec": "coremltools.libcoremlpython",
        "system": "Darwin",
        "mac": "26.5.1",
        "remote": True,
        "same_stdout": True,
        "load_ns": 30_000_000,
    }
    assert "Failed to load" not in err


STRIKE = "import standin.failures as f; f.enter('load', 'Model', 'ALL'); print('survived')"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("abort", -signal.SIGABRT), ("segfault", -signal.SIGSEGV), ("kill", -signal.SIGKILL), ("exit", 7)],
)
def test_fatal_failures_end_the_process(tmp_path, kind, status):
    """By the signal they are named after, with the last words on stderr."""
    scenario = Scenario(failures=(Failure("load", kind, "last words\n"),))
    process = python(scenario, tmp_path, "-c", STRIKE)

    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (status, "")
    assert err.startswith("last words\n")


def test_a_hang_cannot_be_interrupted(tmp_path):
    """The GIL is held in native code: no signal handler of Python's runs, and no other thread."""
    scenario = Scenario(failures=(Failure("load", "hang", "waiting\n"),))
    process = python(scenario, tmp_path, "-c", STRIKE)
    assert process.stderr is not None
    assert process.stderr.readline() == "waiting\n"
    # Until it waits for the lock, an interrupt would reach Python. macOS calls waiting processes running.
    deadline = time.monotonic() + 2
    while psutil.Process(process.pid).status() != psutil.STATUS_SLEEPING and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)

    process.kill()
    process.communicate()


def test_failures_can_be_narrowed_down(tmp_path):
    """By compute units, path and call: none of these fits."""
    fatal = [{"units": "CPU_ONLY"}, {"model": "Other"}, {"call": 2}]
    scenario = Scenario(failures=tuple(Failure("load", "abort", **narrow) for narrow in fatal))

    out, _ = python(scenario, tmp_path, "-c", STRIKE).communicate(timeout=60)

    assert out == "survived\n"
