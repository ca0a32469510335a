"""An engine that dies, hangs or is killed is one failed test, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import standin_models as models
from standin.scenario import Failure

if TYPE_CHECKING:
    from mac_project import MacProject

DEATHS = """
    import pytest

    @pytest.mark.coreml_model("Abort.mlpackage")
    def test_abort(coreml_model): pass

    @pytest.mark.coreml_model("Abort.mlpackage")
    def test_abort_again(coreml_all): pass

    @pytest.mark.coreml_model("Abort.mlpackage")
    def test_abort_elsewhere(coreml_cpu_only):
        coreml_cpu_only.predict(coreml_cpu_only.example_inputs())

    @pytest.mark.coreml_model("Segfault.mlpackage")
    def test_segfault(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())

    @pytest.mark.coreml_model("Memory.mlpackage")
    def test_memory(coreml_model):
        coreml_model.measure()

    @pytest.mark.coreml_model("Leave.mlpackage")
    def test_leave(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
        coreml_model._lease.engine._process._popen.wait()
        coreml_model.predict(coreml_model.example_inputs())

    @pytest.mark.coreml_model("Noise.mlpackage")
    @pytest.mark.coreml_budget(size_mb=1)
    def test_noise(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
"""


def left_behind(project: MacProject) -> list[object]:
    """Return the engines that still run, and what is left in the folder for temporary files."""
    engines = {call["pid"] for stage in ("compile", "load") for call in project.journal(stage)}
    alive = [pid for pid in engines if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    # The lock by which processes of a host take turns stays for the next one.
    ours = {path.name for path in project.temporary.glob("pytest-coreml-*")}
    return [*alive, *(name for name in ours if not name.startswith("pytest-coreml-of-"))]


@pytest.mark.slow
def test_each_death_is_one_failed_test_and_the_run_goes_on(mac_project: MacProject) -> None:
    """With the stage, the model, its compute units, the signal by name and the last lines of stderr."""
    for name in ("Abort", "Segfault", "Memory", "Leave", "Noise"):
        mac_project.save(models.program_spec(1), f"{name}.mlpackage")
    mac_project.become(
        failures=(
            Failure("load", "abort", "MLIR pass manager failed\n", units="ALL", model="Abort"),
            Failure("predict", "segfault", model="Segfault"),
            Failure("predict", "grow", model="Memory", megabytes=50, call=1),
            Failure("predict", "kill", model="Memory", call=2),
            Failure("predict", "exit_later", model="Leave"),
            *(Failure(stage, "stdout", "\x00\xffgarbage\n", model="Noise") for stage in ("compile", "load", "predict")),
        )
    )
    mac_project.test(DEATHS)

    result = mac_project.run("-v")
    loads = [call for call in mac_project.journal("load") if "Abort" in call["path"]]

    result.assert_outcomes(passed=2, failed=5)
    result.stdout.fnmatch_lines(
        [
            "*process was killed by SIGABRT (native code called abort) while loading Abort.mlpackage on all*",
            "*MLIR pass manager failed*",
            "*not reloaded: this model crashed its engine process*",
        ]
    )
    for line in (
        "*the engine process was killed by SIGSEGV*while predicting with Segfault.mlpackage on all*",
        "*the engine process was killed by SIGKILL (*memory runs out) while * Memory.mlpackage on all*",
        "*the engine process exited with status 7 between two steps, before predicting with Leave.mlpackage on all*",
    ):
        result.stdout.fnmatch_lines([line])
    # Errors are told without the way through our own code.
    result.stdout.no_fnmatch_line("*client.py:*")
    assert [call["units"] for call in loads].count("ALL") == 1
    assert [test["outcome"] for test in mac_project.report["tests"]][-1] == "passed"
    assert left_behind(mac_project) == []


AFTERWARDS = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    def test_dies(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())

    def test_measures(coreml_model):
        coreml_model.measure()

    def test_loads(coreml_load):
        coreml_load("Model.mlpackage")

    def test_dies_of_loading(coreml_cpu_only): pass

    def test_loads_on_it(coreml_cpu_only): pass

    @pytest.mark.coreml_budget(memory_mb=1000)
    def test_dies_while_it_is_judged(coreml_cpu_and_gpu, coreml_cpu_and_neural_engine): pass
"""


@pytest.mark.slow
@pytest.mark.usefixtures("in_one_process")
def test_later_tests_of_a_model_say_in_which_one_it_ended_its_engine(mac_project: MacProject) -> None:
    """One crash is one crash; each failed test is in the report, once for each model that is known."""
    mac_project.save()
    mac_project.become(
        failures=(
            Failure("predict", "segfault", units="ALL"),
            Failure("load", "abort", units="CPU_ONLY"),
            Failure("predict", "abort", units="CPU_AND_NE"),
        )
    )
    mac_project.test(AFTERWARDS)

    result = mac_project.run()
    told = [line.partition("not reloaded: ")[2] for line in result.outlines if "engine process in test" in line]
    died, aborted = (f"test_models.py::{name}" for name in ("test_dies[all]", "test_dies_of_loading"))
    tests = [(test["id"].rpartition("::")[2], test["compute_units"]) for test in mac_project.report["tests"]]

    result.assert_outcomes(failed=6)
    assert told == [f"this model crashed its engine process in {test}:" for test in (died, died, aborted)]
    assert tests == [
        ("test_dies[all]", "all"),
        ("test_measures[all]", "all"),
        ("test_loads", "all"),
        ("test_dies_of_loading", "cpuOnly"),
        ("test_loads_on_it", "cpuOnly"),
        ("test_dies_while_it_is_judged", "cpuAndGPU"),
        ("test_dies_while_it_is_judged", "cpuAndNeuralEngine"),
    ]
    assert {test["outcome"] for test in mac_project.report["tests"]} == {"failed"}
    assert left_behind(mac_project) == []


# A worker of pytest-xdist ignores Ctrl-C, and hands that down.
HEEDING_CTRL_C = """
import signal, sys
import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(["-p", "no:randomly", "-p", "no:cacheprovider", "--coreml-report"]))
"""


HANG = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_budget(size_mb=1)
    def test_before(coreml_cpu_only): pass

    @pytest.mark.coreml_model("Model.mlpackage")
    def test_hang(coreml_all): pass

    def test_after(): pass
"""


@pytest.fixture
def hanging(mac_project: MacProject) -> MacProject:
    """A Mac where loading for the Neural Engine never returns, and holds the interpreter's lock."""
    mac_project.save()
    mac_project.become(failures=(Failure("load", "hang", "waiting for ANECompilerService\n", units="ALL"),))
    mac_project.test(HANG)
    return mac_project


@pytest.mark.slow
def test_a_hang_ends_at_the_time_limit(hanging: MacProject) -> None:
    """The failure names the time without a response, and the option that allows more."""
    result = hanging.run("--coreml-timeout=10")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*did not respond for 10 s while loading Model.mlpackage on all and was killed*",
            "*waiting for ANECompilerService*",
            "*to allow more time: --coreml-timeout=20*",
        ]
    )
    assert left_behind(hanging) == []


@pytest.mark.slow
# A worker of pytest-xdist never sees Ctrl-C.
@pytest.mark.usefixtures("in_one_process")
def test_an_interrupt_in_a_native_call_leaves_a_report_and_nothing_else(hanging: MacProject) -> None:
    """Ctrl-C, as a terminal sends it to the whole group: the report has the tests that were over."""
    command = [sys.executable, "-c", HEEDING_CTRL_C]
    process = subprocess.Popen(command, cwd=hanging.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    while not any(call["units"] == "ALL" for call in hanging.journal("load")) and process.poll() is None:
        time.sleep(0.05)

    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert [test["id"] for test in hanging.report["tests"]] == ["test_models.py::test_before"]
    assert left_behind(hanging) == []


@pytest.mark.slow
@pytest.mark.usefixtures("in_one_process")
def test_a_killed_run_leaves_nothing_although_its_engine_hangs(hanging: MacProject) -> None:
    """The engine and its folder go within seconds, without a further run."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    process = subprocess.Popen(command, cwd=hanging.path, stdout=subprocess.DEVNULL)
    while not any(call["units"] == "ALL" for call in hanging.journal("load")) and process.poll() is None:
        time.sleep(0.05)

    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while left_behind(hanging) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert left_behind(hanging) == []
