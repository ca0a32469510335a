"""Records, models and a machine to make reports of: every field is set to something that tells it from the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_coreml.facts.advice import Advice
from pytest_coreml.facts.agreement import Agreement, NonFinite, OutputAgreement, OutputHealth
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, HandedCache, Remedy
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.facts.observed import Counter, DeviceObserved, Observed
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.prediction_time import Regression

SHA256 = "0123456789abcdef" * 4

MACHINE: dict[str, Any] = {
    "chip": "Apple M4 Pro",
    "model_identifier": "Mac16,8",
    "cores": {"total": 12, "performance": 8, "efficiency": 4},
    "memory_bytes": 24 * 1024**3,
    "os": {"name": "macOS", "version": "26.5.1", "build": "25F80"},
    "virtual": False,
    "rosetta": False,
    "power_source": "AC Power",
    "low_power_mode": False,
    "thermal": {"before": "nominal", "after": "fair"},
    "devices": [{"device": "cpu"}, {"device": "gpu", "name": "Apple M4 Pro"}, {"device": "neuralEngine", "cores": 16}],
    "python": "3.12.4",
    "coremltools": "9.0",
    "runtime": {"name": "coreml", "version": "26.5.1"},
    "threads": None,
}

SPEC = ModelSpec(
    file_name="Encoder.mlpackage",
    sha256=SHA256,
    type="mlProgram",
    specification_version=7,
    deployment_target={"iOS": "16", "macOS": "13"},
    size_bytes=12_400_000,
    weights_bytes=12_000_000,
    inputs=(
        Feature("image", "image", shape=(224, 320), color="RGB"),
        Feature("ids", "multiArray", dtype="int32", shape=(1, 8), shape_range=((1, 1), (1, -1)), optional=True),
        Feature("mask", "multiArray", dtype="float16", shape=(1, 8), shapes=((1, 8), (1, 16))),
    ),
    outputs=(Feature("logits", "multiArray", dtype="float32", shape=(1, 1000)),),
    states=(Feature("cache", "state", dtype="float16", shape=(2, 64)),),
    precision=("float16", "4-bit palettized"),
    operations={"conv": 12, "relu": 11},
    functions=("main", "prefill"),
    default_function="main",
    boundary=Boundary(
        inputs=(
            Crossing("image", "RGB", "float32", 286_720, (Conversion("convert", "uint8", "float32", 2, False),)),
            Crossing("ids", "int32", "uint16", 32, (Conversion("cast", "int32", "uint16"),), Remedy(None)),
            Crossing("mask", "float16", "float16", 16),
        ),
        outputs=(
            Crossing(
                *("logits", "float32", "float16", 4000, (Conversion("cast", "float16", "float32"),)),
                remedy=Remedy("float16", "iOS 16"),
            ),
        ),
        caches=(HandedCache("mask", "logits", 4016),),
        why_unknown="a part of it has no types",
    ),
    advice=(
        Advice(
            *("int32-result", "refused", {"topk": 3}, ("top", "best", "third"), "the result is int32"),
            *("compute it outside the model", "M4, macOS 27", "the compiler's messages", "high"),
        ),
        Advice(*("shape-range", "refused", {}, ("ids",), "it has a range", "enumerate", "all", "Apple", "medium")),
    ),
)

MEASUREMENT = Measurement(
    native_ms=(31.0, 32.0, 31.5, 90.0),
    wall_ms=(31.5, 32.5, 32.0, 95.0),
    wait_ms=(0.0, 0.5, 0.0, 40.0),
    warmup=20,
    batch=2,
    first_ms=44.5,
    efficiency_share=0.125,
    thermal=("nominal", "fair"),
)

PLACEMENT = Placement(
    ops=(
        Operation("w", "const", None, (), None, "main"),
        Operation("x", "conv", "neuralEngine", ("cpu", "neuralEngine"), 0.75, "main"),
        Operation("y", "gather", "cpu", ("cpu", "neuralEngine"), 0.25, "main/while_loop_0/body"),
        Operation("z", "relu", None, ("cpu",), 0.0, "main", "MLNovelComputeDevice"),
    )
)

AGREEMENT = Agreement(
    reference="cpuOnly",
    inputs=20,
    outputs=(
        OutputAgreement(
            *("logits", 41.5, 38.5, 0.9995, 0.125, 0.0105, 0.002, 0.95),
            worst={"psnr": 7, "snr": 7, "cosine": 7, "max_abs": 3, "relative_l2": 7, "kl": 7, "top1": 11},
        ),
        OutputAgreement("mask", candidate_non_finite=NonFinite(2, (0, 5), "nan")),
        OutputAgreement("scale", identical=True, max_abs=0.0, reference_non_finite=None),
    ),
    saved_input="inputs/test_encoder.npz",
)
HEALTH = OutputHealth("mask", 20, 3, NonFinite(2, (0, 5), "nan"), varies=True, repeat_difference=0.5)

OBSERVED = Observed(
    counters=(
        Counter("Neural Engine footprint", "neuralEngine", "process", "memory", "bytes", 16384, 0, 0, 0, True),
        Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6, 12.5, 4e8, None, True),
    ),
    seconds=0.51,
    calls=17,
    notes=("IOReport: none of the known groups of channels can be read",),
    devices=(
        DeviceObserved("neuralEngine", "unavailable", reason=Reason(Cause.NEVER_MOVED, ("Neural Engine footprint",))),
        DeviceObserved("gpu", "observed", "process"),
    ),
)

RECORD = Record(
    id="test_a.py::test_encoder[cpuAndNeuralEngine]",
    model=SHA256,
    model_name="Encoder.mlpackage",
    compute_units="cpuAndNeuralEngine",
    function="main",
    runtime="coreml",
    outcome="failed",
    load=LoadTimes(compile_ms=(812.0,), first_load_ms=(640.0,), load_ms=(93.0, 91.0), thermal=("nominal", "nominal")),
    predict=MEASUREMENT,
    memory_mb=48.5,
    placement=PLACEMENT,
    agreement=(AGREEMENT,),
    health=(HEALTH,),
    checks=[
        Check("predict_ms", 25, 31.5, "failed"),
        Check("size_mb", 20, 12.4, "passed"),
        Check("load_ms", 50, 92.0, "inconclusive", "the machine was disturbed"),
        Check("forbid[gpu]", 0, None, "not_judged", "this machine has no gpu"),
    ],
    regression=Regression(3, 0.12, 0.02, "failed", "12.0 % slower than 3 baseline runs"),
    duet=Regression(1, 0.01, 0.02, "passed", processes=1, baseline_ms=31.2, current_ms=31.5, against="Old.mlpackage"),
    attempt=2,
    machine=None,
    notes=["the first call took 44.5 ms"],
)


def record(**changes: Any) -> Record:
    """Return the example record with *changes*."""
    return replace(RECORD, **changes)


def bare_record(**changes: Any) -> Record:
    """Return a record of a test that measured nothing, with *changes*."""
    bare = Record("test_a.py::test_b[all]", SHA256, "Encoder.mlpackage", "all", None, "reference")
    return replace(bare, **changes)
