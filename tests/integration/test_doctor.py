"""`pytest-coreml doctor` says what works here."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from standin.commands import HOSTED_RUNNER
from standin.scenario import Failure

if TYPE_CHECKING:
    from mac_project import MacProject


def doctor() -> subprocess.CompletedProcess[str]:
    """Run the command in a separate process."""
    words = [sys.executable, "-c", "import sys; from pytest_coreml.cli import main; sys.exit(main(['doctor']))"]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_a_mac_where_all_is_well(mac_project: MacProject) -> None:
    """Every step is done, budgets can be judged, and the caches of compiled models have a size."""
    name = psutil.Process().name()
    bundles = mac_project.path / "Library/Caches" / name / "com.apple.e5rt.e5bundlecache"
    bundles.mkdir(parents=True)
    (bundles / "weights").write_bytes(os.urandom(60_000_000))

    result = doctor()

    assert result.returncode == 0, result.stdout + result.stderr
    assert "Apple M4 Pro, Mac16,8, 14 cores" in result.stdout
    assert "neuralEngine (16 cores)" in result.stdout
    assert "Budgets in milliseconds can be judged here." in result.stdout
    assert "0 compiled models, 0.0 MB kept in ~/.cache/pytest-coreml/compiled-models" in result.stdout
    assert f"Core ML keeps 0.1 GB for this process name in ~/Library/Caches/{name}/" in result.stdout
    assert {call["stage"] for s in ("compile", "load", "predict", "plan") for call in mac_project.journal(s)} == {
        "compile",
        "load",
        "predict",
        "plan",
    }


def test_a_virtual_mac_is_told(mac_project: MacProject) -> None:
    """It works there, but judges nothing."""
    mac_project.tell(sysctl=HOSTED_RUNNER)

    result = doctor()

    assert result.returncode == 1
    assert "-> run on a real Mac" in result.stdout


def test_a_load_that_fails_is_told_with_its_cause(mac_project: MacProject) -> None:
    """The output names the step, the framework's message, and a remedy."""
    mac_project.become(failures=(Failure("load", "error", "no room"),))

    result = doctor()

    assert result.returncode == 1
    assert "no room" in result.stdout
    assert "cannot be judged here: see load" in result.stdout


def test_a_crash_is_told_once(mac_project: MacProject) -> None:
    """With the last words of Core ML, and no word of what can no longer be tried."""
    mac_project.become(failures=(Failure("predict", "abort", "MLIR pass manager failed\n"),))

    result = doctor()

    assert result.returncode == 1
    assert result.stdout.count("killed by SIGABRT") == 1
    assert "its last output:\n    MLIR pass manager failed\n" in result.stdout
    assert "cannot be judged here: see predict." in result.stdout


def test_a_mac_without_plans_judges_times(mac_project: MacProject) -> None:
    """Not everything works there, so that the exit status is not 0, and what does is said."""
    mac_project.become(failures=(Failure("plan", "none"),))

    result = doctor()

    assert result.returncode == 1
    assert "Budgets in milliseconds can be judged here, but placement cannot: see plan." in result.stdout


def test_a_native_module_that_cannot_be_imported_is_no_binding(mac_project: MacProject) -> None:
    """coremltools goes on without it, as if nothing were wrong."""
    mac_project.become(failures=(Failure("import", "error", "have 'x86_64', need 'arm64'"),))

    result = doctor()

    assert result.returncode == 1
    assert "is installed but cannot be imported: have 'x86_64', need 'arm64'; install coremltools" in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
def test_without_core_ml_the_reference_runtime_is_named() -> None:
    """Linux cannot judge, and says why."""
    result = doctor()

    assert result.returncode == 1
    assert "reference runtime" in result.stdout
    assert "Core ML exists on macOS only" in result.stdout


@pytest.mark.slow
def test_waiting_beside_busy_processes_is_seen(mac_project: MacProject) -> None:
    """The counters of the Mac move while a loop shares its cores; without counters, or with still ones, it says so."""
    for scenario, line in (
        ({"counters": True, "waiting_share": 20.0}, "ok   waiting    a loop waited "),
        ({"counters": True}, "note waiting    a loop waited 0% of a second"),
        ({}, "note waiting    the time that a process waits for a CPU cannot be read here"),
    ):
        mac_project.become(**scenario)

        assert line in doctor().stdout
