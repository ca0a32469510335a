"""Each cause has its sentence and remedy once, and a report keeps what it says."""

from __future__ import annotations

import json

import pytest

from pytest_coreml.facts.agreement import NonFinite
from pytest_coreml.facts.model_boundary import Conversion, Crossing, HandedCache, Remedy
from pytest_coreml.facts.placement import Operation
from pytest_coreml.facts.reason import (
    BadElement,
    Cause,
    DeviceOfUnits,
    DeviceShare,
    Disturbance,
    FastLoad,
    MemoryGrowth,
    MissingModel,
    Noise,
    PlannedOperations,
    Reason,
    Slowdown,
    UnfitUnits,
    UnitsApart,
    UnusableRuns,
    WorstInput,
)
from pytest_coreml.facts.uniform_output import UniformOutput
from pytest_coreml.report.document.codec import decode_check, encode_check
from pytest_coreml.report.document.schema import report_schema
from pytest_coreml.report.text.causes import reason_text, tally
from pytest_coreml.verdict.check import Check

CAST = Conversion("cast", "float32", "float16")
GATHER = Operation("x", "gather", "cpu", ("cpu",), None, "main")
DETAILS = {
    Cause.OUTPUTS_DIFFER: WorstInput("cpuOnly", 3, 20),
    Cause.COUNTERS_UNCLEAR: ("GPU time",),
    Cause.COUNTERS_CONTRADICT: ("GPU time", "Neural Engine footprint"),
    Cause.NEVER_MOVED: ("GPU time",),
    Cause.OBSERVED_ACTIVE: DeviceShare("gpu", 0.0),
    Cause.OBSERVED_INACTIVE: DeviceShare("neuralEngine", 0.98),
    Cause.NOT_FINITE: BadElement("logits", NonFinite(3, (0, 5), "nan")),
    Cause.REFERENCE_NOT_FINITE: ("cpuOnly", NonFinite(3, (0, 5), "nan")),
    Cause.CONSTANT_OUTPUT: ("logits", 20),
    Cause.NOT_REPEATABLE: "logits",
    Cause.ODD_ONE_OUT: UnitsApart((("cpuOnly", "cpuAndGPU"), ("cpuAndNeuralEngine",)), "min_psnr", 12.5, 68.5),
    Cause.NO_MAJORITY: UnitsApart((("cpuOnly",), ("cpuAndGPU",)), "min_psnr", 12.5, None),
    Cause.NO_REFERENCE: "cpuAndGPU cannot be loaded",
    Cause.CASTS_AT_BOUNDARY: (Crossing("x", "float32", "float16", 4, (CAST,), Remedy("float16", "iOS 16")),),
    Cause.UNAVOIDABLE_CASTS: (Crossing("ids", "int32", "uint16", 4, (CAST,), Remedy(None)),),
    Cause.BOUNDARY_UNKNOWN: "a neural network has no types",
    Cause.SIZE_UNKNOWN: ("probabilities",),
    Cause.CACHES_CROSS: (HandedCache("past", "present", 2000),),
    Cause.PARTNER_NOT_SELECTED: "cpuOnly",
    Cause.PARTNER_NOT_MEASURED: "cpuOnly",
    Cause.RUN_DISTURBED: Disturbance(100, 7, 0.41),
    Cause.THERMAL_CHANGE: ("nominal", "heavy"),
    Cause.EFFICIENCY_CORES: 0.4,
    Cause.LOAD_TOO_FAST: FastLoad(6.0, 0.98, 15.0),
    Cause.UNIFORM_OUTPUT: UniformOutput("logits", 0.0, 1000),
    Cause.SLOWS_DOWN: Slowdown(10.0, 12.0, ("nominal", "fair")),
    Cause.MEMORY_GROWS: MemoryGrowth(4096.0, 4_096_000, 1000),
    Cause.UNFIT_UNITS: UnfitUnits("all", "VirtualMac2,1"),
    Cause.PLANNED_ON: PlannedOperations((GATHER,), "cpu"),
    Cause.PLANNED_ELSEWHERE: PlannedOperations((GATHER,)),
    Cause.HOLDS_BY_CONFIGURATION: DeviceOfUnits("cpuOnly", "gpu"),
    Cause.UNITS_FORBID_DEVICE: DeviceOfUnits("cpuOnly", "gpu"),
    Cause.DEVICE_OPEN: PlannedOperations((GATHER,)),
    Cause.DEVICE_UNKNOWN: PlannedOperations((GATHER,), "Novel"),
    Cause.COST_OPEN: PlannedOperations((GATHER,)),
    Cause.OTHER_VERSION: ("12.4 MB there, 6.2 MB here",),
    Cause.OTHER_UNITS: ("all", "cpuOnly"),
    Cause.PLAN_INCOMPLETE: (3, 12),
    Cause.HIGHER: 3,
    Cause.MORE_BYTES: 2000,
    Cause.TOO_NOISY: Noise(3, 0.08, 0.07, 0.14),
    Cause.COUNTED_BY_OPERATIONS: "the plan has no cost",
    Cause.NO_COST: "the plan has no cost",
    Cause.TOO_FEW_CALLS: 7,
    Cause.TOO_FEW_PAIRS: 7,
    Cause.UNKNOWN_PLACEMENT: "the plan is empty",
    Cause.NO_PREDICTIONS: "baseline",
    Cause.OTHER_WORKLOAD: ("single predictions", "batches of 8"),
    Cause.LAST_PROCESS: 2,
    Cause.VIRTUAL_MAC: "VirtualMac2,1",
    Cause.NO_DEVICE: "gpu",
    Cause.BASELINE_DISTURBED: UnusableRuns((Cause.RUN_DISTURBED,) * 2 + (Cause.LOADED_BESIDE_OTHERS,)),
    Cause.OTHER_MACHINE: ("chip A, now B",),
    Cause.OTHER_RUNTIME: ("coreml", "reference"),
    Cause.NO_OTHER_MODEL: MissingModel("New.mlpackage", "old"),
}


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.name)
def test_each_cause_has_a_sentence(cause: Cause) -> None:
    """No verdict is without words, and none shows a Python object."""
    text = reason_text(Reason(cause, DETAILS.get(cause)))

    assert text
    assert "None" not in text
    assert "Operation(" not in text


def test_sentences_are_told_apart() -> None:
    """Two causes with one sentence would be one cause."""
    texts = [reason_text(Reason(cause, DETAILS.get(cause))) for cause in Cause]

    assert len(set(texts)) == len(texts)


def test_a_reason_of_several_parts_is_one_text() -> None:
    """The code of the first part is that of the check."""
    reason = Reason(Cause.NO_DEVICE, "gpu", more=(Reason(Cause.LAST_PROCESS, 2),))

    assert reason_text(reason) == (
        "this machine has no gpu, so nothing could be planned on it; the value is of the last of 2 processes"
    )
    assert Check("forbid[gpu]", 0, None, "not_judged", reason).cause is Cause.NO_DEVICE


def test_a_report_keeps_code_and_text() -> None:
    """The details stay behind, and the text that was made of them is kept."""
    check = Check("load_ms", 5, 9, "inconclusive", Reason(Cause.RUN_DISTURBED, Disturbance(100, 7)))
    entry = json.loads(json.dumps(encode_check(check)))
    returned = decode_check(entry)

    assert entry["cause"] == "current run disturbed"
    assert returned.cause is Cause.RUN_DISTURBED
    assert reason_text(returned.reason) == reason_text(check.reason) == entry["reason"]


@pytest.mark.parametrize("cause", [{}, {"cause": None}, {"cause": "of a later version"}])
def test_a_reason_without_a_known_code_keeps_its_text(cause: dict) -> None:
    """Reports of other versions are read as they are."""
    entry = {"check": "load_ms", "limit": 5, "value": 9, "verdict": "inconclusive", "reason": "it rained", **cause}
    returned = decode_check(entry)

    assert (returned.cause, returned.reason) == (None, "it rained")


def test_the_code_is_a_field_of_the_schema() -> None:
    """It is optional: reports that were written before there were codes stay valid."""
    check = report_schema()["$defs"]["check"]

    assert "cause" in check["properties"]
    assert "cause" not in check["required"]


def test_tally() -> None:
    """Operators are counted, the most frequent first."""
    cast = Operation("y", "cast", "cpu", ("cpu",), None, "main")

    assert tally([cast, GATHER, GATHER]) == "2 x gather, 1 x cast"
