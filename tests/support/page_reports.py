"""Reports to make pages of: a small project on a Mac, its runs over weeks, and a large one. All times are made up."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from report_examples import MACHINE, SPEC

from pytest_coreml.facts.against_original import AgainstOriginal, PairedTimes
from pytest_coreml.facts.agreement import Agreement, OutputAgreement
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.read import Report, decode_report
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.prediction_time import Regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits, Device

START = datetime(2026, 10, 1, 8, 30, tzinfo=timezone.utc)
UNITS: tuple[ComputeUnits, ...] = ("all", "cpuAndNeuralEngine", "cpuAndGPU", "cpuOnly")
REFUSAL = 'refused by the Neural Engine ("gather index type is not supported"); use an index of uint16 (iOS 18)'


def calls(median: float, seed: int, count: int = 100, disturbed: int = 4) -> Measurement:
    """Return calls around *median* ms, some of them disturbed."""
    chance = random.Random(seed)
    native = [median * chance.lognormvariate(0, 0.03) for _ in range(count)]
    waits = [0.0] * count
    for index in chance.sample(range(count), disturbed):
        native[index] *= chance.uniform(1.2, 1.9)
        waits[index] = native[index] * 0.3
    wall = [value + 0.4 for value in native]
    return Measurement(tuple(native), tuple(wall), tuple(waits), warmup=20, first_ms=median * 1.7)


def plan(count: int, units: ComputeUnits, seed: int, prefix: str = "layer") -> Placement:
    """Return a plan of *count* operations, a quarter of them in a loop."""
    chance = random.Random(seed)
    weights = [chance.expovariate(1) for _ in range(count)]
    total = sum(weights)
    return Placement(
        tuple(_operation(index, weight / total, units, prefix, count) for index, weight in enumerate(weights))
    )


def _operation(index: int, cost: float, units: ComputeUnits, prefix: str, count: int) -> Operation:
    operator = ("conv", "relu", "add", "layer_norm", "matmul", "softmax", "conv", "gather", "cast")[index % 9]
    is_refused = operator in ("gather", "cast")
    main: Device = {"cpuOnly": "cpu", "cpuAndGPU": "gpu"}.get(units, "neuralEngine")  # type: ignore[assignment]
    device: Device = "cpu" if is_refused else main
    supported: tuple[Device, ...] = ("cpu",) if is_refused or main == "cpu" else ("cpu", main)
    block = "main/while_loop_0/body" if index >= count * 0.75 else "main"
    reason = REFUSAL if is_refused and main == "neuralEngine" else None
    return Operation(f"{prefix}_{index}_{operator}_cast_fp16", operator, device, supported, cost, block, reason=reason)


def mac_report(run: int = 0, *, slower: float = 1.0, machine: dict[str, Any] | None = None) -> Report:
    """Return the report of day *run* of a project with one model and its variants."""
    speed = {"all": 5.2, "cpuAndNeuralEngine": 5.0, "cpuAndGPU": 11.0, "cpuOnly": 31.0}
    records = [_encoder(units, speed[units] * slower, 10 * run + index) for index, units in enumerate(UNITS)]
    records += [_variant(name, size, time) for name, size, time in VARIANTS]
    records.append(
        Record(
            *("test_decoder.py::test_broken[all]", None, "Decoder.mlpackage", "all", None, "coreml", "failed"),
            problem="Decoder.mlpackage: Failed to build the model execution plan",
        )
    )
    return made(records, run, machine)


def made(records: Sequence[Record], run: int = 0, machine: dict[str, Any] | None = None) -> Report:
    """Return the report of *records*, by way of its document, as it is read from disk."""
    document = build_report(records, [SPEC], machine or MACHINE, created=START + timedelta(days=run))
    return decode_report(document)


VARIANTS = (("original", 12.4, 5.2), ("int8", 6.4, 4.6), ("palette-4", 3.3, 4.9), ("sparse-75", 4.1, 5.1))


def _encoder(units: ComputeUnits, median: float, seed: int) -> Record:
    predict, placement = calls(median, seed), plan(180, units, seed=1)
    budget = 6.0 if units != "cpuOnly" else 29.0
    checks = [
        Check("predict_ms", budget, predict.median_ms, "passed" if predict.median_ms <= budget else "failed"),
        Check("load_ms", 120.0, 88.5, "passed"),
    ]
    if units == "cpuAndNeuralEngine":
        checks.append(Check("min_share[neuralEngine]", 0.95, placement.share("neuralEngine"), "failed"))
    if units == "all":
        checks.append(Check("first_load_ms", 2000.0, None, "not_judged", Cause.NOTHING_MEASURED))
    level = median / (1.12 if units == "cpuOnly" else 1.0) * 0.95
    regression = Regression(
        *(3, median * 0.95 / level - 1, 0.02, "failed" if units == "cpuOnly" else "passed"),
        reason=Cause.SLOWER if units == "cpuOnly" else None,
        baseline_runs=3,
        processes=2,
        baseline_ms=level,
        current_ms=median * 0.95,
        calls=100,
        undisturbed=96,
    )
    return Record(
        id=f"test_encoder.py::test_encoder[{units}]",
        model=SPEC.sha256,
        model_name=SPEC.file_name,
        compute_units=units,
        function=None,
        runtime="coreml",
        outcome="failed" if any(check.verdict == "failed" for check in checks) else "passed",
        load=LoadTimes((410.0,), (730.5,), (88.5, 90.25, 87.0)),
        predict=predict,
        memory_mb=42.5,
        placement=placement,
        agreement=(Agreement("cpuOnly", 20, (OutputAgreement("logits", 61.5, 58.0, 0.99999, 0.003),)),),
        checks=checks,
        regression=regression,
    )


def _variant(name: str, size: float, time: float) -> Record:
    original = VARIANTS[0]
    against = AgainstOriginal(
        *(SPEC.sha256, size, size / original[1]),
        gained={} if name == "original" else {"constexpr_blockwise_shift_scale": 12},
        times=PairedTimes(original[2], time, time / original[2], 100) if name != "original" else None,
    )
    outputs = (OutputAgreement("logits", None if name == "original" else 38.0 + size, identical=name == "original"),)
    return Record(
        id=f"test_encoder.py::test_variants[{name}-all]",
        model=SPEC.sha256,
        model_name=SPEC.file_name,
        compute_units="all",
        function=None,
        runtime="coreml",
        predict=calls(time, seed=hash_of(name)),
        agreement=(Agreement("original", 20, outputs),) if name != "original" else (),
        variant=name,
        against_original=against,
        checks=[Check("max_size_ratio", 0.6, size / original[1], "passed")] if name != "original" else [],
    )


def hash_of(name: str) -> int:
    """Return a number for *name* that is the same in every process."""
    return sum(map(ord, name))


def runs(count: int = 8) -> list[Report]:
    """Return the reports of *count* days, with a change of the system in the middle and a slower last day."""
    newer = {**MACHINE, "os": {**MACHINE["os"], "version": "26.6", "build": "25G12"}}
    return [
        mac_report(day, slower=1.35 if day == count - 1 else 1.0, machine=newer if day >= count // 2 else None)
        for day in range(count)
    ]


def large_report(tests: int = 100, operations: int = 2000, *, share_names: int = 4) -> Report:
    """Return a report of *tests*, each with a plan of *operations*; *share_names* tests are of one model."""
    base = _encoder("all", 5.0, 1)
    records = []
    for index in range(tests):
        units = UNITS[index % len(UNITS)]
        records.append(
            replace(
                base,
                id=f"test_zoo.py::test_network[Network{index // share_names}-{units}]",
                compute_units=units,
                predict=calls(5.0 + index / 10, index),
                placement=plan(operations, units, index, f"network{index // share_names}_block_{index // share_names}"),
            )
        )
    return made(records)
