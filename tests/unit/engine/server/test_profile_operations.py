"""The times of operations are measured in a separate pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_models import save_linear

from pytest_coreml.engine import protocol
from pytest_coreml.engine.server import profile_operations as module
from pytest_coreml.engine.server.load import compile_model
from pytest_coreml.engine.server.profile_operations import profile_operations
from pytest_coreml.engine.server.specification import describe
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.reference.binding import install
from pytest_coreml.reference.execution.profiling import NodeTime, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_000_000_000


@pytest.fixture
def installed(without_core_ml: None) -> Iterator[None]:
    """The reference runtime below coremltools in this process."""
    install.install(threads=1)
    yield
    install.uninstall()


def request(path: Path, folder: Path, inputs: protocol.Inputs | None = None) -> protocol.ProfileOperations:
    """Return the request for a model at *path*, which is compiled in *folder*."""
    compiled = folder / "compiled" / "Linear.mlmodelc"
    compile_model(str(path), compiled)
    measure = protocol.Measure(inputs, 1)
    return protocol.ProfileOperations(str(path), str(compiled), "all", LoadOptions(), describe(str(path)), measure)


@pytest.mark.usefixtures("installed")
def test_operations_are_timed_within_one_call(tmp_path: Path) -> None:
    """They lie within the call on the clock of this process, and are named as in the model; no file is left."""
    before = time.perf_counter_ns()

    times = profile_operations(request(save_linear(tmp_path), tmp_path), tmp_path / "profile")

    assert times.calls == module.CALLS
    assert before <= times.start_ns <= time.perf_counter_ns()
    assert times.events
    for event in times.events:
        assert event.kind in ("linear", "relu")
        assert times.start_ns - 1000 <= event.start_ns
        assert event.end_ns <= times.start_ns + times.duration_ns + 1000
    assert list((tmp_path / "profile").iterdir()) == []


@pytest.mark.usefixtures("installed")
def test_models_that_are_loaded_later_are_not_profiled(tmp_path: Path) -> None:
    """The profiler makes predictions slower, so it is for the models of one block only."""
    before = install._FINDER.options
    profile_operations(request(save_linear(tmp_path), tmp_path), tmp_path / "profile")

    assert install._FINDER.options == before
    assert install._native_names()["_MLModelProxy"].options.profile is None


def test_the_clock_is_the_one_that_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where ONNX Runtime's clock is the monotonic one, times are taken as they are; others are left out."""
    inside = NodeTime("conv", "a", "Conv", START + 10_000, 5_000)
    outside = NodeTime("conv", "a", "Conv", START - 100_000, 5_000)
    monkeypatch.setattr(Profile, "end", lambda _: [outside, inside])
    monkeypatch.setattr(Profile, "clocks", lambda _: (10**18, 0))
    monkeypatch.setattr(module, "profiled", lambda _: __import__("contextlib").nullcontext())
    monkeypatch.setattr(module, "_call", lambda _: [(START, START + 50_000, 0.05)])

    times = profile_operations(None, tmp_path)  # type: ignore[arg-type]

    assert [(event.kind, event.start_ns) for event in times.events] == [("conv", START + 10_000)]
    assert times.native_ms == 0.05


@pytest.mark.usefixtures("installed")
def test_the_inputs_of_the_test_are_used(tmp_path: Path) -> None:
    """Inputs that the model does not take are an error, as in a prediction."""
    wrong = request(save_linear(tmp_path), tmp_path, {"z": np.zeros((1, 4), np.float32)})

    with pytest.raises(Exception, match="z"):
        profile_operations(wrong, tmp_path / "profile")
