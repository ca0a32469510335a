"""A pytest plugin for coremltools' own tests that makes them compare numbers and records their outcomes.

A case counts when it predicts, or tries to, and when it fails with an error of ours. Environment:
`CONFORMANCE_LOG`, the file that lines are appended to; `CONFORMANCE_BACKEND`, what models are converted to, mlprogram
or neuralnetwork; `CONFORMANCE_SAMPLE`, to run each n-th case only, counted from `CONFORMANCE_OFFSET`;
`CONFORMANCE_DONE`, a file of node ids to leave out.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib.util
import json
import os
import platform
import signal
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import old_packages
import pytest

from pytest_coreml import reference

if TYPE_CHECKING:
    from collections.abc import Generator

LOG = Path(os.environ["CONFORMANCE_LOG"])
# The limits for one case, in the time of the processor, and of the clock: the process may be frozen for a while
SECONDS, CLOCK_SECONDS = int(os.environ.get("CONFORMANCE_SECONDS", "120")), 1200

BACKEND = os.environ["CONFORMANCE_BACKEND"]
OTHER_BACKEND = "mlprogram" if BACKEND == "neuralnetwork" else "neuralnetwork"
# Read by coremltools' `testing_reqs`: one backend, and fp32 beside fp16.
os.environ["PYMIL_TEST_TARGETS"] = BACKEND
os.environ["INCLUDE_MIL_FP32_UNIT_TESTS"] = "1"
# Where the processor is not Intel's, coremltools also converts by torch.export, for a second round of the same cases.
os.environ.setdefault("TORCH_FRONTENDS", "TORCHSCRIPT")
RUNTIME = Path(reference.__file__).parent


class Case:
    """The case that is running: whether it has reached the runtime, was refused, and by how much its numbers are off.

    `off` is the largest difference as a share of the largest expected number, None where no comparison has failed.
    """

    reached = False
    refused = False
    # Stopped at a model that is no ML Program
    foreign = False
    off: float | None = None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the tests see a current Mac; the ini option has installed the drop-in before."""
    import coremltools
    from coremltools import _deps

    vars(_deps)["_IS_MACOS"] = True
    # Many cases are left out on Macs with Intel's processors, for defects of these.
    platform.machine = lambda: "arm64"
    if importlib.util.find_spec("torchvision") is None:
        # One file cannot be imported without it, which has one test that needs it.
        sys.modules["torchvision"] = ModuleType("torchvision")
    old_packages.restore()
    for model in (coremltools.models.MLModel, coremltools.models.CompiledMLModel):
        _note_predictions(model)
    _note_differences()


def _note_predictions(model: Any) -> None:
    predict = model.predict

    def noted(self: Any, *arguments: Any, **options: Any) -> Any:
        from pytest_coreml.reference.errors import UnsupportedModelError

        Case.reached = True
        try:
            return predict(self, *arguments, **options)
        except UnsupportedModelError:
            Case.refused = True
            raise

    model.predict = noted


def _note_differences() -> None:
    compare = np.testing.assert_allclose

    def noted(actual: Any, desired: Any, *arguments: Any, **options: Any) -> None:
        try:
            compare(actual, desired, *arguments, **options)
        except AssertionError:
            Case.off = max(Case.off or 0.0, _off(actual, desired))
            raise

    np.testing.assert_allclose = noted


def _off(actual: Any, desired: Any) -> float:
    actual, desired = np.asarray(actual, np.float64), np.asarray(desired, np.float64)
    if actual.shape != desired.shape or not np.isfinite(actual).all():
        return float("inf")
    return float(np.abs(actual - desired).max() / max(np.abs(desired).max(), 1e-12))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Select the sample, spread over the parameters of every test, and leave out the cases already run."""
    every, offset = int(os.environ["CONFORMANCE_SAMPLE"]), int(os.environ["CONFORMANCE_OFFSET"])
    done = set(Path(os.environ["CONFORMANCE_DONE"]).read_text().splitlines())
    seen: defaultdict[str, int] = defaultdict(int)
    chosen = []
    for item in items:
        name = item.nodeid.partition("[")[0]
        if seen[name] % every == offset and item.nodeid not in done and OTHER_BACKEND not in item.nodeid:
            chosen.append(item)
        seen[name] += 1
    items[:] = chosen
    # Each conversion of coremltools collects garbage: what is loaded by now is left out of it.
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Record the case that begins, so that a crash can be attributed; end the process after the time limit."""
    Case.reached = Case.refused = Case.foreign = False
    Case.off = None
    _write({"id": item.nodeid, "begins": True})
    faulthandler.dump_traceback_later(CLOCK_SECONDS, exit=True)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # whose signal ends the process
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[object]) -> None:
    """Note an error raised by the runtime before any prediction, for example while a model is loaded."""
    if call.excinfo is None:
        return
    Case.foreign = "cannot execute models of type" in str(call.excinfo.value)
    Case.reached = Case.reached or any(RUNTIME in Path(entry.path).parents for entry in call.excinfo.traceback)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record the outcome of a case."""
    if report.when != "call" and report.outcome == "passed":
        return
    # The last lines of a comparison are numbers; what it is about stands in the first ones.
    lines = [line[1:].strip() for line in str(report.longrepr).splitlines() if line.startswith("E ")]
    text = " ".join(filter(None, lines[:6])) if report.failed else ""
    outcome = "refused" if report.failed and Case.refused else report.outcome
    outcome = "skipped" if Case.foreign else outcome
    _write({"id": report.nodeid, "outcome": outcome, "counts": Case.reached, "off": Case.off, "text": text})


def _write(line: dict[str, Any]) -> None:
    with LOG.open("a") as log:
        log.write(json.dumps(line) + "\n")
