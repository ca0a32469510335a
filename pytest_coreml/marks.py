"""Read marks of pytest into the data of `markers.py`; every mistake becomes a `UsageError` with the nearest valid
name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.compute_units import parse_compute_units, parse_device
from pytest_coreml.errors import UsageError
from pytest_coreml.markers import Budget, PlacementRule

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.compute_units import ComputeUnits

Source = Any  # a path, or a callable that returns a path or an MLModel


@dataclass(frozen=True)
class ModelMark:
    """What `coreml_model` says. *inputs*: features to measure with, or a callable that returns them. *against*: the
    source of another version, to be run alternately."""

    sources: tuple[Source, ...]
    function: str | None = None
    inputs: Any = None
    against: Source | None = None


def read_model(mark: pytest.Mark) -> ModelMark:
    """Read a `coreml_model` mark."""
    _check_names(mark, ("function", "inputs", "against"))
    # A list too: pytest takes a mark with one callable and nothing else for a decorator of that callable.
    sources = tuple(source for argument in mark.args for source in _as_list(argument))
    for source in sources:
        _check_source(mark, "a source", source)
    if not sources:
        raise UsageError("coreml_model: expected at least one source, as coreml_model('Encoder.mlpackage')")
    function, inputs = mark.kwargs.get("function"), mark.kwargs.get("inputs")
    if function is not None and not isinstance(function, str):
        raise _wrong(mark, "function", "the name of a function", function)
    if inputs is not None and not isinstance(inputs, dict) and not callable(inputs):
        raise _wrong(mark, "inputs", "a dict of input names to values, or a callable that returns one", inputs)
    against = mark.kwargs.get("against")
    if against is not None:
        _check_source(mark, "against", against)
    return ModelMark(sources, function, inputs, against)


def read_compute_units(mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
    """Read a `coreml_compute_units` mark: units as words, or lists of them."""
    _check_names(mark, ())
    words = [word for argument in mark.args for word in _as_list(argument)]
    if not words:
        raise UsageError("coreml_compute_units: expected at least one of all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine")
    return tuple(dict.fromkeys(_in(mark, parse_compute_units, word) for word in words))


def read_budget(mark: pytest.Mark) -> Budget:
    """Read a `coreml_budget` mark."""
    _check_keyword_only(mark)
    _check_names(mark, [field.name for field in fields(Budget)])
    values: dict[str, Any] = {}
    for name, value in mark.kwargs.items():
        if name == "compute_units":
            values[name] = _units(mark, value)
        elif name == "min_speedup":
            values[name] = _mapping(mark, name, value, parse_compute_units, math.inf)
        elif value is not None:
            values[name] = _number(mark, name, value, math.inf)
    if not set(values) - {"compute_units"}:
        raise UsageError("coreml_budget: expected at least one limit, as coreml_budget(predict_ms=25)")
    return Budget(**values)


def read_placement(mark: pytest.Mark) -> PlacementRule:
    """Read a `coreml_placement` mark."""
    _check_keyword_only(mark)
    _check_names(mark, [field.name for field in fields(PlacementRule)])
    values = {name: _PLACEMENT_READERS[name](mark, value) for name, value in mark.kwargs.items()}
    if not set(values) & {"forbid", "min_share", "max_transitions"}:
        raise UsageError("coreml_placement: expected forbid=, min_share= or max_transitions=")
    return PlacementRule(**values)


def _check_source(mark: pytest.Mark, name: str, source: object) -> None:
    if not (isinstance(source, (str, Path)) or callable(source)):
        raise _wrong(mark, name, "a path or a callable that returns an MLModel or a path", source)


def _units(mark: pytest.Mark, value: Any) -> tuple[ComputeUnits, ...] | None:
    return None if value is None else tuple(_in(mark, parse_compute_units, word) for word in _as_list(value))


def _by(mark: pytest.Mark, value: Any) -> str:
    if value not in ("cost", "ops"):
        raise _wrong(mark, "by", "'cost' or 'ops'", value)
    return str(value)


def _operators(mark: pytest.Mark, value: Any) -> frozenset[str]:
    words = _as_list(value)
    if not all(isinstance(word, str) for word in words):
        raise _wrong(mark, "allow", "operator names, as ['gather', 'cast']", value)
    return frozenset(word.rsplit(".", 1)[-1] for word in words)


def _transitions(mark: pytest.Mark, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(mark, "max_transitions", "a whole number, 0 or more", value)
    return value


_PLACEMENT_READERS: dict[str, Callable[[Any, Any], Any]] = {
    "forbid": lambda mark, value: tuple(_in(mark, parse_device, word) for word in _as_list(value)),
    "min_share": lambda mark, value: _mapping(mark, "min_share", value, parse_device, 1.0),
    "by": _by,
    "allow": _operators,
    "max_transitions": _transitions,
    "compute_units": _units,
}


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _mapping(mark: pytest.Mark, name: str, value: Any, parse: Callable[[object], str], most: float) -> dict[Any, float]:
    if not isinstance(value, Mapping) or not value:
        raise _wrong(mark, name, f"a dict, as {name}={{'{'cpuOnly' if most > 1 else 'neuralEngine'}': ...}}", value)
    return {_in(mark, parse, key): _number(mark, f"{name}[{key!r}]", number, most) for key, number in value.items()}


def _number(mark: pytest.Mark, name: str, value: Any, most: float) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= most or value == math.inf or (value == 0 and most == math.inf):
        raise _wrong(mark, name, "a positive number" if most == math.inf else "a number from 0 to 1", value)
    return float(value)


def _in(mark: pytest.Mark, parse: Callable[[object], Any], word: object) -> Any:
    try:
        return parse(word)
    except UsageError as error:
        raise UsageError(f"{mark.name}: {error}") from None


def _check_keyword_only(mark: pytest.Mark) -> None:
    if mark.args:
        raise UsageError(f"{mark.name}: takes keyword arguments only, got {mark.args[0]!r}; name the limit it is")


def _check_names(mark: pytest.Mark, valid: Any) -> None:
    for name in sorted(set(mark.kwargs) - set(valid)):
        near = difflib.get_close_matches(name, list(valid), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(valid) or 'none'}"
        raise UsageError(f"{mark.name}: unknown argument {name!r}{hint}")


def _wrong(mark: pytest.Mark, name: str, expected: str, value: object) -> UsageError:
    return UsageError(f"{mark.name}: {name}: expected {expected}, got {value!r}")
