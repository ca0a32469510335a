"""The core's data as JSON values: for the report, and for workers of pytest-xdist, which can send nothing else.

JSON cannot express infinity and NaN. They are written as null where null means "unknown". Samples are written as they
are, so that validation refuses an invalid one and names its place. Decoders expect what the schema accepts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.advice import Advice
from pytest_coreml.facts.against_original import AgainstOriginal, PairedTimes
from pytest_coreml.facts.agreement import Agreement, NonFinite, OutputAgreement, OutputHealth
from pytest_coreml.facts.io import IO
from pytest_coreml.facts.measurement import Footprint, LoadTimes, Measurement
from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, HandedCache, Remedy
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.facts.placement import Move, Operation, Placement
from pytest_coreml.facts.reason import Cause
from pytest_coreml.facts.reported_model import ReportedModel
from pytest_coreml.facts.scenario import Scenario, ScenarioModel
from pytest_coreml.facts.sustained import footprint_slope, quarter_medians, time_slope
from pytest_coreml.facts.uniform_output import UniformOutput
from pytest_coreml.report.document.dataclass_codec import DataclassCodec, Json, ValueCodec
from pytest_coreml.report.document.reason_codec import decode_reason, encode_reason
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.prediction_time import Regression
from pytest_coreml.verdict.variant_rows import VariantGroup, VariantRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.measurement import Thermal
    from pytest_coreml.facts.observed import Observed

# The placement of a record without one: the reference runtime has no plans, and plans are read on request only.
NOT_READ: Final = "no plan was read"


def finite(number: float | None) -> float | None:
    """Return *number*, or None if it is NaN or infinite."""
    return number if number is not None and math.isfinite(number) else None


def _encode_thermal(thermal: Thermal) -> Json:
    return {"before": thermal[0], "after": thermal[1]}


def _decode_thermal(entry: Json) -> Thermal:
    return entry["before"], entry["after"]


def _optional(encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> ValueCodec:
    return ValueCodec(
        lambda value: None if value is None else encode(value),
        lambda value: None if value is None else decode(value),
    )


def _items(encode: Callable[[Any], Any], decode: Callable[[Any], Any], sequence: type = tuple) -> ValueCodec:
    return ValueCodec(
        lambda values: [encode(value) for value in values],
        lambda values: sequence([decode(value) for value in values]),
    )


_TUPLE: Final = ValueCodec(list, tuple)
_LIST: Final = ValueCodec(list, list)
_DICT: Final = ValueCodec(dict, dict)
_FINITE: Final = ValueCodec(finite, None)

# The codec of every annotation of a field that does not name a dataclass; None: the value is a JSON value.
_CODECS: Final[dict[str, ValueCodec | None]] = {
    **dict.fromkeys(("bool", "bool | None", "float", "int", "int | None", "str", "str | None")),
    **dict.fromkeys(("Certainty", "Clock", "ComputeUnits", "Device | None", "Effect", "FeatureKind", "Outcome")),
    **dict.fromkeys(("Device", "Runtime", "Verdict")),
    "float": None,
    "float | None": _FINITE,
    "tuple[float, ...]": _TUPLE,
    "tuple[float, ...] | None": _optional(list, tuple),
    "tuple[str, ...]": _TUPLE,
    "tuple[Device, ...]": _TUPLE,
    "tuple[int, ...]": _TUPLE,
    "tuple[tuple[int, int], ...]": _items(list, tuple),
    "tuple[tuple[int, ...], ...]": _items(list, tuple),
    "list[str]": _LIST,
    "dict[str, int]": _DICT,
    "dict[str, str]": _DICT,
    "Mapping[str, str]": _DICT,
    "Mapping[str, OutputPlace]": _DICT,
    "Thermal | None": _optional(_encode_thermal, _decode_thermal),
    # The limit and the value of a check, which are numbers in a report.
    "Any": _FINITE,
}


# Load times.
_LOAD: Final = DataclassCodec(LoadTimes, _CODECS)
encode_load, decode_load = _LOAD.encode, _LOAD.decode


_IO: Final = DataclassCodec(IO, _CODECS)
# Predictions: the metrics follow from the samples, of which there must be at least one.
_METRICS: Final = ("undisturbed", "min_ms", "p10_ms", "median_ms", "p90_ms", "p95_ms", "item_ms", "throughput")
_UNIFORM: Final = DataclassCodec(UniformOutput, _CODECS)
_FOOTPRINT: Final = DataclassCodec(Footprint, _CODECS)


def _follows(measurement: Measurement) -> Json:
    entry: Json = {name: finite(getattr(measurement, name)) for name in _METRICS}
    if measurement.seconds is None:
        return entry
    footprint = measurement.footprint
    return {
        **entry,
        "quarters_ms": quarter_medians(measurement),
        "slope_ms_per_minute": finite(time_slope(measurement)),
        "slope_bytes_per_call": finite(footprint_slope(footprint)) if footprint is not None else None,
    }


_MEASUREMENT: Final = DataclassCodec(
    Measurement,
    {
        **_CODECS,
        "IO | None": _optional(_IO.encode, _IO.decode),
        "tuple[UniformOutput, ...]": _items(_UNIFORM.encode, _UNIFORM.decode),
        "Footprint | None": _optional(_FOOTPRINT.encode, _FOOTPRINT.decode),
    },
    derived=_follows,
)
encode_measurement, decode_measurement = _MEASUREMENT.encode, _MEASUREMENT.decode


# Placements: the shares follow from the operations.
_OPERATION: Final = DataclassCodec(Operation, _CODECS)
encode_operation, decode_operation = _OPERATION.encode, _OPERATION.decode


_MOVE: Final = DataclassCodec(Move, _CODECS)


def _status_and_shares(placement: Placement) -> Json:
    known = not placement.unknown
    return {
        "status": "planned" if known else "unknown",
        "share": {
            "ops": dict(placement.shares("ops")) if known else {},
            "cost": dict(placement.shares("cost")) if known and placement.has_cost else None,
        },
    }


_PLACEMENT: Final = DataclassCodec(
    Placement,
    {**_CODECS, "tuple[Operation, ...]": _items(encode_operation, decode_operation)},
    derived=_status_and_shares,
)


def encode_placement(placement: Placement | None) -> Json:
    """Return the JSON object of *placement*; of an unknown one, with a cause code, if no plan was read."""
    if placement is None:
        return {**_PLACEMENT.encode(Placement((), NOT_READ)), "cause": Cause.NO_PLAN_READ.value}
    return _PLACEMENT.encode(placement)


def decode_placement(entry: Json | None) -> Placement | None:
    """Return the placement, None if no plan was read."""
    # Reports of versions without cause codes contain only the text.
    if entry is None or entry.get("cause") == Cause.NO_PLAN_READ or entry.get("reason") == NOT_READ:
        return None
    return _PLACEMENT.decode(entry)


# Observed devices.
def _encode_observed(observed: Observed) -> Json:
    # Late: most reports have none.
    from pytest_coreml.report.document.observed_codec import encode_observed

    return encode_observed(observed)


def _decode_observed(entry: Json) -> Observed:
    from pytest_coreml.report.document.observed_codec import decode_observed

    return decode_observed(entry)


# Agreement: infinite ratios are null, of outputs that are `identical`.
_NON_FINITE: Final = DataclassCodec(NonFinite, _CODECS)
_AGREEMENT_CODECS: Final = {**_CODECS, "NonFinite | None": _optional(_NON_FINITE.encode, _NON_FINITE.decode)}
_OUTPUT: Final = DataclassCodec(OutputAgreement, _AGREEMENT_CODECS)
_AGREEMENT: Final = DataclassCodec(
    Agreement, {**_CODECS, "tuple[OutputAgreement, ...]": _items(_OUTPUT.encode, _OUTPUT.decode)}
)
_HEALTH: Final = DataclassCodec(OutputHealth, _AGREEMENT_CODECS)


# Verdicts: their entries contain the cause code beside the text of the reason.
_CHECK: Final = DataclassCodec(
    Check,
    {**_CODECS, "Reason | str | None": ValueCodec(reason_text, None)},
    derived=lambda check: {"cause": check.cause and check.cause.value},
)
encode_check: Final = _CHECK.encode


def decode_check(entry: Json) -> Check:
    """Return the result of one check."""
    return _CHECK.decode(entry, reason=decode_reason(entry))


_REGRESSION: Final = DataclassCodec(
    Regression,
    {**_CODECS, "Reason | str | None": ValueCodec(encode_reason, None)},
    derived=lambda regression: {"cause": regression.cause and regression.cause.value},
)
encode_regression: Final = _REGRESSION.encode


def decode_regression(entry: Json) -> Regression:
    """Return the verdict of a comparison of times."""
    return _REGRESSION.decode(entry, reason=decode_reason(entry))


# Boundaries: an empty one is of a report that has none.
_CONVERSION: Final = DataclassCodec(Conversion, _CODECS)
_REMEDY: Final = DataclassCodec(Remedy, _CODECS)
_CROSSING: Final = DataclassCodec(
    Crossing,
    {
        **_CODECS,
        "tuple[Conversion, ...]": _items(_CONVERSION.encode, _CONVERSION.decode),
        "Remedy | None": _optional(_REMEDY.encode, _REMEDY.decode),
    },
)
encode_crossing: Final = _CROSSING.encode
_CACHE: Final = DataclassCodec(HandedCache, _CODECS)
encode_cache: Final = _CACHE.encode
_BOUNDARY: Final = DataclassCodec(
    Boundary,
    {
        **_CODECS,
        "tuple[Crossing, ...]": _items(_CROSSING.encode, _CROSSING.decode),
        "tuple[HandedCache, ...]": _items(_CACHE.encode, _CACHE.decode),
    },
    derived=lambda boundary: {"size_bytes": boundary.size_bytes},
)


_ADVICE: Final = DataclassCodec(Advice, _CODECS)


def _encode_boundary(boundary: Boundary) -> Json | None:
    return _BOUNDARY.encode(boundary) if boundary.crossings else None


def _decode_boundary(entry: Json | None) -> Boundary:
    return _BOUNDARY.decode(entry) if entry is not None else Boundary()


# Models.
_FEATURE: Final = DataclassCodec(Feature, _CODECS)
_MODEL: Final = DataclassCodec(
    ModelSpec,
    {
        **_CODECS,
        "tuple[Feature, ...]": _items(_FEATURE.encode, _FEATURE.decode),
        "Boundary": ValueCodec(_encode_boundary, _decode_boundary),
        "tuple[Advice, ...]": _items(_ADVICE.encode, _ADVICE.decode),
    },
    absent={"deployment_target": {}, "weights_bytes": 0},
)


def encode_model(spec: ModelSpec) -> Json:
    """Return the JSON object of *spec* without its SHA-256, which is the object's key in a report."""
    entry = _MODEL.encode(spec)
    del entry["sha256"]
    return entry


def decode_model(sha256: str, entry: Json) -> ModelSpec:
    """Return the description of the model with this *sha256*."""
    return _MODEL.decode(entry, sha256=sha256)


# Scenarios.
_SCENARIO_MODEL: Final = DataclassCodec(ScenarioModel, _CODECS)
_SCENARIO: Final = DataclassCodec(
    Scenario, {**_CODECS, "tuple[ScenarioModel, ...]": _items(_SCENARIO_MODEL.encode, _SCENARIO_MODEL.decode)}
)


# Variants.
_PAIRED_TIMES: Final = DataclassCodec(PairedTimes, _CODECS)
_AGAINST_ORIGINAL: Final = DataclassCodec(
    AgainstOriginal, {**_CODECS, "PairedTimes | None": _optional(_PAIRED_TIMES.encode, _PAIRED_TIMES.decode)}
)


_VARIANT_ROW: Final = DataclassCodec(VariantRow, {**_CODECS, "dict[str, float]": _DICT})
_VARIANT_GROUP: Final = DataclassCodec(
    VariantGroup, {**_CODECS, "tuple[VariantRow, ...]": _items(_VARIANT_ROW.encode, _VARIANT_ROW.decode)}
)
encode_variant_group: Final = _VARIANT_GROUP.encode


# Device reports.
_REPORTED_MODEL: Final = DataclassCodec(ReportedModel, _CODECS)


# Records.
def _encode_predict(measurement: Measurement) -> Json | None:
    return encode_measurement(measurement) if measurement.native_ms else None


_RECORD: Final = DataclassCodec(
    Record,
    {
        **_CODECS,
        "LoadTimes | None": _optional(encode_load, decode_load),
        "Measurement | None": _optional(_encode_predict, decode_measurement),
        "Placement | None": ValueCodec(encode_placement, decode_placement),
        "ReportedModel | None": _optional(_REPORTED_MODEL.encode, _REPORTED_MODEL.decode),
        "Observed | None": _optional(_encode_observed, _decode_observed),
        "AgainstOriginal | None": _optional(_AGAINST_ORIGINAL.encode, _AGAINST_ORIGINAL.decode),
        "tuple[Move, ...]": _items(_MOVE.encode, _MOVE.decode),
        "tuple[Agreement, ...]": _items(_AGREEMENT.encode, _AGREEMENT.decode),
        "tuple[OutputHealth, ...]": _items(_HEALTH.encode, _HEALTH.decode),
        "list[Check]": _items(encode_check, decode_check, list),
        "tuple[Scenario, ...]": _items(_SCENARIO.encode, _SCENARIO.decode),
        "Regression | None": _optional(encode_regression, decode_regression),
    },
    # Reports of other tools may omit it.
    absent={"model_name": ""},
)
encode_record, decode_record = _RECORD.encode, _RECORD.decode
