"""Which configurations are observed, and what becomes of a process that ends in the middle."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from pytest_coreml.engine.lease import EngineKey
from pytest_coreml.engine.protocol import Measure, Observe
from pytest_coreml.errors import EngineDiedError, EngineError
from pytest_coreml.facts.observed import Counter, Observation
from pytest_coreml.facts.reason import Cause
from pytest_coreml.session.observations import Observations

if TYPE_CHECKING:
    from pytest_coreml.engine.lease import Lease
    from pytest_coreml.facts.compute_units import ComputeUnits

GPU = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6, idle=0, section=0)
AT_WORK = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6, idle=0, section=1e8)
LIKE = Measure(None, 10)


class Mac:
    """A Mac on which the GPU works on some compute units; *errors* end the processes that observe, in turn."""

    def __init__(self, *gpu_units: ComputeUnits, errors: tuple[Exception, ...] = (), fit: bool = True) -> None:
        self.gpu_units = gpu_units
        self.errors = list(errors)
        self.asked: list[Observe] = []
        self.closed = 0
        self.observations = Observations(cast("Any", lambda: self), lambda _: fit)
        self.subject = ""

    def start(self) -> None:
        """Start a process."""

    def ask(self, request: Observe, on_progress: object) -> Observation:
        """Observe, or end."""
        self.asked.append(request)
        if self.errors:
            raise self.errors.pop(0)
        return Observation((AT_WORK if request.load.compute_units in self.gpu_units else GPU,), 0.5, 5)

    def close(self) -> None:
        """End the process."""
        self.closed += 1

    @property
    def units(self) -> list[str]:
        """The compute units that were observed, in order."""
        return [request.load.compute_units for request in self.asked]


def lease(units: ComputeUnits = "all", runtime: str = "coreml") -> Lease:
    """Return a model that is loaded on *units*."""
    return cast(
        "Lease",
        SimpleNamespace(
            key=EngineKey("/models/Net.mlpackage", units),
            loaded=SimpleNamespace(runtime=runtime, compiled="/tmp/Net.mlmodelc"),
            resume=lambda: None,
            exclusive=nullcontext,
            report=lambda _: None,
        ),
    )


def test_a_counter_that_did_not_move_is_tried_where_it_should() -> None:
    """The same compiled files on cpuOnly, then on cpuAndGPU: there it moves, so that its rest is evidence."""
    mac = Mac("cpuAndGPU")

    observed = mac.observations.observe(lease(), LIKE, ("gpu",))

    assert mac.units == ["all", "cpuOnly", "cpuAndGPU"]
    assert {request.load.compiled for request in mac.asked} == {"/tmp/Net.mlmodelc"}
    assert observed.status("gpu") == "not_observed"
    assert (observed.counters[0].control, observed.counters[0].moved_in_run) == (0, True)
    assert mac.closed == 3


def test_a_counter_that_moved_needs_no_other_configuration() -> None:
    """And each is observed once in a run: a second test with the same inputs costs nothing."""
    mac = Mac("all")

    first = mac.observations.observe(lease(), LIKE, ("gpu",))
    second = mac.observations.observe(lease(), LIKE, ("gpu",))

    assert mac.units == ["all", "cpuOnly"]
    assert first.status("gpu") == second.status("gpu") == "observed"


def test_other_inputs_are_other_work() -> None:
    """A later test with another input is observed with it; a control and the number of calls need no repetition."""
    mac = Mac("all")
    small, large = (Measure({"x": np.zeros(size, np.float32)}, 10) for size in (1, 1000))

    for like in (small, large, replace(small, calls=99), replace(small, inputs={"x": np.zeros(1, np.float32)})):
        mac.observations.observe(lease(), like, ("gpu",))

    assert mac.units == ["all", "cpuOnly", "all"]
    assert [request.like.inputs for request in mac.asked if request.load.compute_units == "all"] == [
        small.inputs,
        large.inputs,
    ]


def test_a_counter_that_moves_nowhere_is_unavailable() -> None:
    """Also where this machine is not fit for the compute units on which it should."""
    assert Mac().observations.observe(lease(), LIKE, ("gpu",)).result("gpu").cause is Cause.NEVER_MOVED
    unfit = Mac("cpuAndGPU", fit=False)
    assert unfit.observations.observe(lease(), LIKE, ("gpu",)).status("gpu") == "unavailable"
    assert unfit.units == ["all", "cpuOnly"]


def test_an_option_alone_observes_one_configuration() -> None:
    """The control is that of another test, if there is one."""
    mac = Mac("all")

    assert mac.observations.observe(lease(), LIKE).counters[0].control is None
    mac.observations.observe(lease("cpuOnly"), LIKE)
    assert mac.observations.observe(lease(), LIKE).counters[0].control == 0
    assert mac.units == ["all", "cpuOnly"]


def test_a_process_that_ends_is_tried_once_more_without_private_counters() -> None:
    """The note says what is missing, and why."""
    mac = Mac("all", errors=(EngineDiedError("killed by signal 11 while observing\nmore"),))

    observed = mac.observations.observe(lease("cpuOnly"), LIKE, ())

    assert [request.private for request in mac.asked] == [True, False]
    assert observed.notes == ("IOReport: left out after killed by signal 11 while observing",)


@pytest.mark.parametrize("error", [EngineDiedError("killed"), EngineError("a bug")])
def test_what_cannot_be_observed_is_unavailable(error: EngineError) -> None:
    """No error of an observation reaches a test."""
    mac = Mac("all", errors=(error, error, error, error))

    found = mac.observations.observe(lease(), LIKE, ("gpu",)).result("gpu")

    assert (found.status, found.cause) == ("unavailable", Cause.COUNTERS_UNREADABLE)


def test_without_core_ml_no_process_is_started() -> None:
    """The reference runtime has no devices."""
    mac = Mac("all")

    assert mac.observations.observe(lease(runtime="reference"), LIKE, ("gpu",)).result("gpu").cause is Cause.NO_CORE_ML
    assert mac.asked == []


def test_what_counters_need_is_imported_when_something_observes() -> None:
    """A run that asks for no observation has none of it, neither beside pytest nor in an engine."""
    modules = ("plugin.markers", "plugin.hooks", "session.session", "engine.server.service", "report.document.codec")
    source = "".join(f"import pytest_coreml.{name}\n" for name in modules)
    source += "import sys; print(*(name for name in sys.modules if 'observ' in name or 'counters' in name))"

    found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)

    assert found.stdout.split() == []
