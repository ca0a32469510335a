"""Read marks of pytest into the data of `markers.py`; every mistake becomes a `UsageError` with the nearest valid
name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import UsageError, all_of, hidden_for_ours
from pytest_coreml.facts.compute_units import OBSERVABLE_DEVICES, parse_compute_units, parse_device
from pytest_coreml.facts.limits import BoundaryRule, Budget, PlacementRule
from pytest_coreml.facts.metrics import SPEEDUP, get_metric
from pytest_coreml.facts.presets import ORIGINAL, parse_preset
from pytest_coreml.plugin.agreement_marker import read_agreement
from pytest_coreml.plugin.marker_arguments import (
    Reader,
    as_list,
    check_names,
    parse_each,
    read_arguments,
    read_mapping,
    read_number,
    read_optional_units,
    wrong_argument,
)
from pytest_coreml.session.declaration import Variant
from pytest_coreml.session.sources import FunctionSource, VariantSource, wrap_hint

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import Meaning

__tracebackhide__ = hidden_for_ours

Source = Any  # a path, or a callable that returns a path or an MLModel


@dataclass(frozen=True)
class ModelSource:
    """The arguments of a `coreml_model` marker."""

    sources: tuple[Source, ...]
    function: str | None = None
    inputs: Any = None
    """Features to measure with, or a callable that returns them."""
    against: Source | None = None
    """The source of another version, to be run interleaved."""


def read_model(mark: pytest.Mark) -> ModelSource:
    """Read a `coreml_model` mark."""
    check_names(mark, ("function", "inputs", "against"))
    sources = tuple(source.values[0] if is_param(source) else source for source in source_parameters(mark))
    for source in sources:
        _check_source(mark, "a source", source)
    if not sources:
        raise UsageError("coreml_model: expected at least one source, as coreml_model('Encoder.mlpackage')")
    function, inputs = mark.kwargs.get("function"), mark.kwargs.get("inputs")
    if function is not None and not isinstance(function, str):
        raise wrong_argument(mark, "function", "the name of a function", function)
    if inputs is not None and not isinstance(inputs, dict) and not callable(inputs):
        raise wrong_argument(mark, "inputs", "a dict of input names to values, or a callable that returns one", inputs)
    against = mark.kwargs.get("against")
    if against is not None:
        _check_source(mark, "against", against)
    return ModelSource(sources, function, inputs, against)


def source_parameters(mark: pytest.Mark) -> list[Any]:
    """Return the sources of a `coreml_model` mark, a `pytest.param` as it is.

    Raises `UsageError` for a `pytest.param` of another number of values than one.
    """
    found = [each for argument in mark.args for each in ([argument] if is_param(argument) else as_list(argument))]
    for each in found:
        if is_param(each) and len(each.values) != 1:
            raise UsageError(f"coreml_model: expected one source in a pytest.param, got {len(each.values)} values")
    return found


def is_param(value: object) -> bool:
    """Return True for what `pytest.param` returns."""
    return isinstance(value, tuple) and hasattr(value, "marks") and hasattr(value, "values")


def read_variants(mark: pytest.Mark) -> tuple[Variant, ...]:
    """Read a `coreml_variants` mark: presets, and callables by the names of their variants."""
    words = [word for argument in mark.args for word in as_list(argument)]
    presets = [Variant(preset.name) for preset in parse_each(mark, parse_preset, words)]
    for name, build in mark.kwargs.items():
        if not callable(build):
            raise wrong_argument(mark, name, "a callable that takes an MLModel and returns one", build)
    named = {each.name: each for each in [*presets, *(Variant(name, build) for name, build in mark.kwargs.items())]}
    if ORIGINAL in named:
        raise UsageError(f"coreml_variants: {ORIGINAL!r} is the name of the model itself; choose another one")
    if not named:
        raise UsageError("coreml_variants: expected at least one variant, as coreml_variants('int8', 'palette-4')")
    return tuple(named.values())


def read_compute_units(mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
    """Read a `coreml_compute_units` mark: units as words, or lists of them."""
    check_names(mark, ())
    words = [word for argument in mark.args for word in as_list(argument)]
    if not words:
        raise UsageError("coreml_compute_units: expected at least one of all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine")
    return tuple(dict.fromkeys(parse_each(mark, parse_compute_units, words)))


def read_budget(mark: pytest.Mark) -> Budget:
    """Read a `coreml_budget` mark."""
    limits = read_arguments(mark, dict.fromkeys(_names(Budget), _limit) | _BUDGET_READERS)
    values = {name: value for name, value in limits.items() if value is not None}
    limiting = sorted(set(values) - {"compute_units", "scenario"})
    if not limiting:
        raise UsageError("coreml_budget: expected at least one limit, as coreml_budget(predict_ms=25)")
    of_a_model = [name for name in limiting if get_metric(name).needs != ("prediction",) or name == SPEEDUP.name]
    if "scenario" in values and of_a_model:
        names = ", ".join(of_a_model)
        raise UsageError(f"coreml_budget: a scenario has no {names}: leave out scenario= to limit a model")
    return Budget(**values)


def read_placement(mark: pytest.Mark) -> PlacementRule:
    """Read a `coreml_placement` mark."""
    values = read_arguments(mark, _PLACEMENT_READERS)
    if not set(values) & {"forbid", "min_share", "max_transitions", "max_moved", "observed"}:
        raise UsageError("coreml_placement: expected forbid=, min_share=, max_transitions=, max_moved= or observed=")
    return PlacementRule(**values)


def read_boundary(mark: pytest.Mark) -> BoundaryRule:
    """Read a `coreml_boundary` mark."""
    values = read_arguments(mark, _BOUNDARY_READERS)
    if not values.get("forbid_casts") and values.get("max_bytes") is None:
        raise UsageError("coreml_boundary: expected forbid_casts=True or max_bytes=")
    return BoundaryRule(**values)


def read_device_report(mark: pytest.Mark) -> tuple[str, ...]:
    """Read a `coreml_device_report` mark: patterns of files, or lists of them."""
    check_names(mark, ())
    words = [word for argument in mark.args for word in as_list(argument)]
    for word in words:
        if not isinstance(word, (str, Path)) or not str(word).strip():
            raise wrong_argument(mark, "a pattern", "a path, which may have wildcards", word)
    if not words:
        raise UsageError("coreml_device_report: expected at least one path, as coreml_device_report('perf/*.json')")
    return tuple(map(str, words))


LIMIT_READERS: dict[str, Callable[[pytest.Mark], Meaning]] = {
    "coreml_budget": read_budget,
    "coreml_placement": read_placement,
    "coreml_boundary": read_boundary,
    "coreml_agreement": read_agreement,
}


def _names(data: type) -> list[str]:
    return [field.name for field in fields(data)]


def _check_source(mark: pytest.Mark, name: str, source: object) -> None:
    # The last two are of the test that a model file stands for.
    if not (isinstance(source, (str, Path, FunctionSource, VariantSource)) or callable(source)):
        mistake = wrong_argument(mark, name, "a path or a callable that returns an MLModel or a path", source)
        raise UsageError(f"{mistake}{wrap_hint(source)}")


def _limit(mark: pytest.Mark, name: str, value: Any) -> float | None:
    return None if value is None else read_number(mark, name, value, math.inf)


def _scenario(mark: pytest.Mark, name: str, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise wrong_argument(mark, name, "the name of a scenario", value)
    return value


def _speedup(mark: pytest.Mark, name: str, value: Any) -> dict[ComputeUnits, float]:
    return read_mapping(mark, name, value, parse_compute_units, math.inf)


def _devices(mark: pytest.Mark, _: str, value: Any) -> tuple[Device, ...]:
    return tuple(parse_each(mark, parse_device, as_list(value)))


def _shares(mark: pytest.Mark, name: str, value: Any) -> dict[Device, float]:
    return read_mapping(mark, name, value, parse_device, 1.0)


def _observed(mark: pytest.Mark, name: str, value: Any) -> dict[Device, bool]:
    if not isinstance(value, Mapping) or not value:
        raise wrong_argument(mark, name, f"a dict, as {name}={{'neuralEngine': True}}", value)
    devices = parse_each(mark, parse_device, list(value))
    if unseen := [device for device in devices if device not in OBSERVABLE_DEVICES]:
        raise UsageError(f"{mark.name}: {name}: no counter reports the work of {unseen[0]}; use neuralEngine or gpu")
    expected = all_of(partial(_truth, mark, f"{name}[{key!r}]", each) for key, each in value.items())
    return dict(zip(devices, expected, strict=True))


def _by(mark: pytest.Mark, name: str, value: Any) -> str:
    if value not in ("cost", "ops"):
        raise wrong_argument(mark, name, "'cost' or 'ops'", value)
    return str(value)


def _operators(mark: pytest.Mark, name: str, value: Any) -> frozenset[str]:
    words = as_list(value)
    if not all(isinstance(word, str) for word in words):
        raise wrong_argument(mark, name, "operator names, as ['gather', 'cast']", value)
    return frozenset(word.rsplit(".", 1)[-1] for word in words)


def _truth(mark: pytest.Mark, name: str, value: Any) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):  # of numpy
        raise wrong_argument(mark, name, "True or False", value)
    return bool(value)


def _transitions(mark: pytest.Mark, name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise wrong_argument(mark, name, "a whole number, 0 or more", value)
    return int(value)


_UNITS: dict[str, Reader] = {"compute_units": read_optional_units}
_BUDGET_READERS: dict[str, Reader] = {
    "min_speedup": _speedup,
    "scenario": _scenario,
    **_UNITS,
}
_BOUNDARY_READERS: dict[str, Reader] = {
    "forbid_casts": _truth,
    "max_bytes": _limit,
    **_UNITS,
}
_PLACEMENT_READERS: dict[str, Reader] = {
    "forbid": _devices,
    "min_share": _shares,
    "by": _by,
    "allow": _operators,
    "max_transitions": _transitions,
    "max_moved": _shares,
    "observed": _observed,
    **_UNITS,
}
