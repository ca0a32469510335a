"""An engine records its requests."""

from __future__ import annotations

import numpy as np
import report_examples

from pytest_coreml.engine import protocol
from pytest_coreml.engine.server import recorder as recorder_module
from pytest_coreml.engine.server.recorder import Recorder, count_bytes
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.timeline import Recording, Total

LOAD = protocol.Load("/models/A.mlpackage", "cpuOnly", LoadOptions("f"))
TIMES = LoadTimes((3.0,), (2.0,), (1.0, 1.5))


def record(recorder: Recorder, request: object, answer: object, *predictions: tuple[float, float]) -> Recording | None:
    """Record a request with predictions of these native and wall times in ms."""
    with recorder.request(request) as answered:
        for native_ms, wall_ms in predictions:
            inputs, outputs = {"x": np.zeros(3, np.float32)}, {"y": np.zeros(9, np.float32)}
            recorder.note_prediction(native_ms, wall_ms, inputs, outputs)
        answered.value = answer
    return recorder.take(request)


def loaded(recorder: Recorder) -> Recording:
    """Record a load."""
    found = record(recorder, LOAD, protocol.Loaded(report_examples.SPEC, TIMES, "reference", "/tmp/A.mlmodelc"))
    assert found is not None
    return found


def test_a_load_is_recorded_with_the_model() -> None:
    """Compiling and each load follow each other, with the times of the answer."""
    found = loaded(Recorder())

    assert [(event.kind, event.duration_ns) for event in found.events] == [
        *(("compile", 3_000_000), ("first load", 2_000_000), ("load", 1_000_000), ("load", 1_500_000))
    ]
    assert all(a.end_ns <= b.start_ns for a, b in zip(found.events, found.events[1:], strict=False))
    assert (found.model, found.sha256) == (report_examples.SPEC.file_name, report_examples.SPEC.sha256)
    assert (found.subject.compiled, found.subject.function) == ("/tmp/A.mlmodelc", "f")


def test_a_prediction_is_recorded_between_conversions() -> None:
    """The time of the call beyond its native time is split by the bytes of inputs and outputs, 12 and 36."""
    recorder = Recorder()
    loaded(recorder)

    found = record(recorder, protocol.Predict({}), None, (6.0, 10.0))

    assert found is not None
    assert [(event.lane, event.kind, event.duration_ns, event.details) for event in found.events] == [
        ("data", "inputs", 1_000_000, {"bytes": 12}),
        ("activity", "predict", 6_000_000, {}),
        ("data", "outputs", 3_000_000, {"bytes": 36}),
    ]
    assert found.events[0].end_ns == found.events[1].start_ns
    assert found.events[1].end_ns == found.events[2].start_ns


def test_a_measurement_has_its_warm_up_and_its_samples() -> None:
    """The phases contain their predictions, by the number of warm-up calls."""
    recorder = Recorder()
    loaded(recorder)
    measurement = Measurement((1.0, 1.0), (1.0, 1.0), None, warmup=1)

    found = record(recorder, protocol.Measure(None, 2), measurement, (1.0, 1.0), (1.0, 1.0), (1.0, 1.0))

    assert found is not None
    measure, warm_up, *rest = found.events
    calls = [event for event in rest if event.kind == "predict"]
    assert (measure.kind, measure.details, warm_up.kind) == ("measure", {"calls": 2}, "warm up")
    assert [measure.start_ns <= call.start_ns and call.end_ns <= measure.end_ns for call in calls] == [
        *(False, True, True)
    ]


def test_more_events_than_the_limit_are_summed_up(monkeypatch) -> None:
    """A measurement of a very short call makes 100,000 predictions: those beyond the limit count in the sums."""
    monkeypatch.setattr(recorder_module, "MAX_EVENTS", 3)
    recorder = Recorder()
    loaded(recorder)

    found = record(recorder, protocol.Predict({}), None, *[(1.0, 1.0)] * 3)

    assert found is not None
    assert len(found.events) == 3
    assert found.left_out["activity", "predict"] == Total(2, 2_000_000)
    assert found.left_out["data", "inputs"] == Total(2, 0, 24)


def test_an_engine_without_a_model_names_the_path() -> None:
    """A fresh process that loads once knows its path and compute units, and not the digest."""
    request = protocol.LoadAgain("/models/A.mlpackage", "/tmp/A.mlmodelc", "all", LoadOptions())

    found = record(Recorder(), request, 2.5)

    assert found is not None
    assert (found.model, found.subject.path, found.subject.compiled) == (None, request.path, request.compiled)
    assert [(event.kind, event.duration_ns) for event in found.events] == [("load", 2_500_000)]


def test_a_request_without_events_has_no_recording() -> None:
    """Nothing is sent of a request that does nothing with a model."""
    assert record(Recorder(), protocol.ListDevices(), ()) is None


def test_bytes_are_those_of_arrays_and_images() -> None:
    """A batch has those of all its inputs; a text has no size."""
    image = type("Image", (), {"width": 4, "height": 2, "getbands": lambda self: ("R", "G", "B")})()

    assert count_bytes([{"x": np.zeros((2, 2)), "label": "cat"}, {"x": image}]) == 32 + 24
