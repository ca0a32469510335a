"""JSON values as the core's data: the inverse of `encode`, for documents that the schema has accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause, Reason, find_cause
from pytest_coreml.report.document.codec import NOT_READ
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.prediction_time import Regression

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Thermal
    from pytest_coreml.report.document.codec import Json


def decode_record(entry: Json) -> Record:
    """Make the record of one entry of a report; names and attempt may be missing in foreign reports."""
    return Record(
        id=entry["id"],
        model=entry["model"],
        model_name=entry.get("model_name", ""),
        compute_units=entry["compute_units"],
        function=entry["function"],
        loaded=entry.get("loaded"),
        runtime=entry["runtime"],
        outcome=entry["outcome"],
        load=decode_load(entry["load"]) if entry["load"] else None,
        predict=decode_measurement(entry["predict"]) if entry["predict"] else None,
        memory_mb=entry["memory_mb"],
        placement=decode_placement(entry["placement"]),
        checks=[decode_check(check) for check in entry["checks"]],
        regression=decode_regression(entry["regression"]) if entry["regression"] else None,
        duet=decode_regression(duet) if (duet := entry.get("duet")) else None,
        attempt=entry.get("attempt", 1),
        line=entry.get("line"),
        machine=entry.get("machine"),
        notes=list(entry.get("notes", ())),
        expected_failure=entry.get("expected_failure", False),
    )


def decode_load(value: Json) -> LoadTimes:
    """Make the compile and load times."""
    return LoadTimes(
        compile_ms=tuple(value["compile_ms"]),
        first_load_ms=tuple(value["first_load_ms"]),
        load_ms=tuple(value["load_ms"]),
        fresh_load_ms=tuple(value.get("fresh_load_ms", ())),
        thermal=decode_thermal(value.get("thermal")),
        alone=value.get("alone", True),
    )


def decode_measurement(value: Json) -> Measurement:
    """Make the measurement; its figures follow from the samples."""
    return Measurement(
        native_ms=tuple(value["native_ms"]),
        wall_ms=tuple(value["wall_ms"]),
        wait_ms=None if value["wait_ms"] is None else tuple(value["wait_ms"]),
        warmup=value["warmup"],
        batch=value.get("batch", 1),
        first_ms=value.get("first_ms"),
        thermal=decode_thermal(value.get("thermal")),
    )


def decode_thermal(value: Json | None) -> Thermal | None:
    """Make the thermal states before and after a measurement."""
    return (value["before"], value["after"]) if value is not None else None


def decode_placement(value: Json | None) -> Placement | None:
    """Make the placement, None where no plan was read; its shares follow from the operations."""
    # Reports of versions before there were codes have the text alone.
    if value is None or value.get("cause") == Cause.NO_PLAN_READ or value.get("reason") == NOT_READ:
        return None
    return Placement(
        ops=tuple(decode_operation(op) for op in value["ops"]),
        reason=value.get("reason"),
        cost_reason=value.get("cost_reason"),
    )


def decode_operation(value: Json) -> Operation:
    """Make one operation of a plan."""
    return Operation(
        name=value["name"],
        operator=value["operator"],
        preferred=value["preferred"],
        supported=tuple(value["supported"]),
        cost=value["cost"],
        block=value["block"],
        unknown_device=value.get("unknown_device"),
    )


def decode_check(value: Json) -> Check:
    """Make one judged budget or rule."""
    return Check(
        check=value["check"],
        limit=value["limit"],
        value=value["value"],
        verdict=value["verdict"],
        reason=decode_reason(value),
    )


def decode_reason(value: Json) -> Reason | str | None:
    """Return the reason of a check or comparison; its text alone for a cause that this version does not know."""
    text: str | None = value.get("reason")
    cause = find_cause(value.get("cause")) or find_cause(text)
    if cause is None or text is None:
        return text
    return cause if text == cause.value else Reason(cause, text=text)


def decode_regression(value: Json) -> Regression:
    """Make the verdict of a comparison of times."""
    return Regression(
        runs=value["runs"],
        effect=value["effect"],
        margin=value["margin"],
        verdict=value["verdict"],
        reason=decode_reason(value),
        baseline_runs=value.get("baseline_runs", 0),
        processes=value.get("processes", 0),
        baseline_ms=value.get("baseline_ms"),
        current_ms=value.get("current_ms"),
        calls=value.get("calls", 0),
        undisturbed=value.get("undisturbed", 0),
        disturbance=value.get("disturbance"),
        spread=value.get("spread"),
        sensitivity=value.get("sensitivity"),
        tail=value.get("tail"),
        baseline_tail=value.get("baseline_tail"),
        against=value.get("against"),
    )


def decode_model(sha256: str, value: Json) -> ModelSpec:
    """Make what the model with this *sha256* says of itself."""
    return ModelSpec(
        file_name=value["file_name"],
        sha256=sha256,
        type=value["type"],
        specification_version=value["specification_version"],
        deployment_target=dict(value.get("deployment_target", {})),
        size_bytes=value["size_bytes"],
        weights_bytes=value.get("weights_bytes", 0),
        inputs=_features(value["inputs"]),
        outputs=_features(value["outputs"]),
        states=_features(value.get("states", ())),
        precision=tuple(value.get("precision", ())),
        operations=dict(value.get("operations", {})),
        functions=tuple(value.get("functions", ())),
        default_function=value.get("default_function"),
    )


def decode_feature(value: Json) -> Feature:
    """Make one input, output or state."""
    return Feature(
        name=value["name"],
        kind=value["kind"],
        dtype=value.get("dtype"),
        shape=tuple(value.get("shape", ())),
        shape_range=tuple((low, high) for low, high in value.get("shape_range", ())),
        shapes=tuple(tuple(shape) for shape in value.get("shapes", ())),
        color=value.get("color"),
        optional=value.get("optional", False),
    )


def _features(values: Any) -> tuple[Feature, ...]:
    return tuple(decode_feature(value) for value in values)
