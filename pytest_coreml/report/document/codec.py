"""The core's data as JSON values: for the report, and for xdist workers, which can send nothing else.

Infinity and NaN are no JSON. Where "not known" may stand instead, null is written; samples are written as they are, so
that validation refuses a bad one by its place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.placement import Placement
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.causes import reason_text

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import LoadTimes, Measurement, Thermal
    from pytest_coreml.facts.model_spec import Feature, ModelSpec
    from pytest_coreml.facts.placement import Operation
    from pytest_coreml.facts.reason import Reason
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.prediction_time import Regression

Json = dict[str, Any]

# What a record without a placement has in a report: the reference runtime plans nothing, and no plan is read unasked.
NOT_READ: Final = "no plan was read"


def encode_record(record: Record) -> Json:
    """Give the report's entry for one test on one compute-units setting."""
    return {
        "id": record.id,
        "model": record.model,
        "model_name": record.model_name,
        "compute_units": record.compute_units,
        "function": record.function,
        "loaded": record.loaded,
        "runtime": record.runtime,
        "machine": record.machine,
        "outcome": record.outcome,
        "attempt": record.attempt,
        "line": record.line,
        "load": encode_load(record.load) if record.load else None,
        "predict": encode_measurement(record.predict) if record.predict and record.predict.native_ms else None,
        "memory_mb": finite(record.memory_mb),
        "placement": encode_placement(record.placement) if record.placement is not None else _not_read(),
        "checks": [encode_check(check) for check in record.checks],
        "regression": encode_regression(record.regression) if record.regression else None,
        "duet": encode_regression(record.duet) if record.duet else None,
        "notes": list(record.notes),
        "expected_failure": record.expected_failure,
    }


def encode_load(load: LoadTimes) -> Json:
    """Give the compile and load times."""
    return {
        "compile_ms": list(load.compile_ms),
        "first_load_ms": list(load.first_load_ms),
        "load_ms": list(load.load_ms),
        "fresh_load_ms": list(load.fresh_load_ms),
        "thermal": encode_thermal(load.thermal),
        "alone": load.alone,
    }


def encode_measurement(measurement: Measurement) -> Json:
    """Give the samples and the figures made of them; there must be at least one sample."""
    return {
        "native_ms": list(measurement.native_ms),
        "wall_ms": list(measurement.wall_ms),
        "wait_ms": None if measurement.wait_ms is None else list(measurement.wait_ms),
        "warmup": measurement.warmup,
        "batch": measurement.batch,
        "first_ms": finite(measurement.first_ms),
        "thermal": encode_thermal(measurement.thermal),
        "undisturbed": measurement.undisturbed,
        "min_ms": measurement.min_ms,
        "p10_ms": measurement.p10_ms,
        "median_ms": measurement.median_ms,
        "p90_ms": measurement.p90_ms,
        "p95_ms": measurement.p95_ms,
    }


def encode_thermal(thermal: Thermal | None) -> Json | None:
    """Give the thermal states before and after a measurement."""
    return {"before": thermal[0], "after": thermal[1]} if thermal is not None else None


def _not_read() -> Json:
    return {**encode_placement(Placement((), NOT_READ)), "cause": Cause.NO_PLAN_READ}


def encode_placement(placement: Placement) -> Json:
    """Give the operations with their planned devices, and the shares of the devices."""
    known = not placement.unknown
    return {
        "status": "planned" if known else "unknown",
        "reason": placement.reason,
        "cost_reason": placement.cost_reason,
        "share": {
            "ops": dict(placement.shares("ops")) if known else {},
            "cost": dict(placement.shares("cost")) if known and placement.has_cost else None,
        },
        "ops": [encode_operation(operation) for operation in placement.ops],
    }


def encode_operation(operation: Operation) -> Json:
    """Give one operation of a plan."""
    return {
        "name": operation.name,
        "operator": operation.operator,
        "preferred": operation.preferred,
        "supported": list(operation.supported),
        "cost": finite(operation.cost),
        "block": operation.block,
        "unknown_device": operation.unknown_device,
    }


def encode_check(check: Check) -> Json:
    """Give one judged budget or rule."""
    return {
        "check": check.check,
        "limit": finite(check.limit),
        "value": finite(check.value),
        "verdict": check.verdict,
        "cause": check.cause,
        "reason": reason_text(check.reason),
    }


def encode_regression(regression: Regression) -> Json:
    """Give the verdict of a comparison of times."""
    return {
        "runs": regression.runs,
        "effect": finite(regression.effect),
        "margin": finite(regression.margin),
        "verdict": regression.verdict,
        "cause": regression.cause,
        "reason": encode_reason(regression.reason),
        "baseline_runs": regression.baseline_runs,
        "processes": regression.processes,
        "baseline_ms": finite(regression.baseline_ms),
        "current_ms": finite(regression.current_ms),
        "calls": regression.calls,
        "undisturbed": regression.undisturbed,
        "disturbance": finite(regression.disturbance),
        "spread": finite(regression.spread),
        "sensitivity": finite(regression.sensitivity),
        "tail": finite(regression.tail),
        "baseline_tail": finite(regression.baseline_tail),
        "against": regression.against,
    }


def encode_reason(reason: Reason | str | None) -> str | None:
    """Return the reason of a comparison: the cause code if its sentence is made from the other fields, else a text."""
    return reason.value if isinstance(reason, Cause) else reason_text(reason)


def encode_model(spec: ModelSpec) -> Json:
    """Give what a model says of itself; its SHA-256 is the key under which it stands."""
    return {
        "file_name": spec.file_name,
        "type": spec.type,
        "specification_version": spec.specification_version,
        "deployment_target": dict(spec.deployment_target),
        "size_bytes": spec.size_bytes,
        "weights_bytes": spec.weights_bytes,
        "inputs": [encode_feature(feature) for feature in spec.inputs],
        "outputs": [encode_feature(feature) for feature in spec.outputs],
        "states": [encode_feature(feature) for feature in spec.states],
        "precision": list(spec.precision),
        "operations": dict(spec.operations),
        "functions": list(spec.functions),
        "default_function": spec.default_function,
    }


def encode_feature(feature: Feature) -> Json:
    """Give one input, output or state."""
    return {
        "name": feature.name,
        "kind": feature.kind,
        "dtype": feature.dtype,
        "shape": list(feature.shape),
        "shape_range": [list(extent) for extent in feature.shape_range],
        "shapes": [list(shape) for shape in feature.shapes],
        "color": feature.color,
        "optional": feature.optional,
    }


def finite(number: float | None) -> float | None:
    """Give *number*, or None when it is NaN or infinite."""
    return number if number is not None and math.isfinite(number) else None
