"""Read marks of pytest into the data of `markers.py`; every mistake becomes a `UsageError` with the nearest valid
name."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import MistakesError, UsageError, all_of, did_you_mean, shown
from pytest_coreml.facts.agreement import LIMITS
from pytest_coreml.facts.compute_units import COMPUTE_UNITS, parse_compute_units, parse_device, units_hint
from pytest_coreml.facts.limits import AgreementRule, BoundaryRule, Budget, PlacementRule, Reference
from pytest_coreml.facts.metrics import SPEEDUP, get_metric
from pytest_coreml.facts.presets import ORIGINAL, parse_preset
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES
from pytest_coreml.session.declaration import Variant
from pytest_coreml.session.sources import FunctionSource, VariantSource, wrap_hint

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import Meaning, OutputLimit

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
    _check_names(mark, ("function", "inputs", "against"))
    sources = tuple(source.values[0] if is_param(source) else source for source in source_parameters(mark))
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
    return ModelSource(sources, function, inputs, against)


def source_parameters(mark: pytest.Mark) -> list[Any]:
    """Return the sources of a `coreml_model` mark, a `pytest.param` as it is.

    Raises `UsageError` for a `pytest.param` of another number of values than one.
    """
    found = [each for argument in mark.args for each in ([argument] if is_param(argument) else _as_list(argument))]
    for each in found:
        if is_param(each) and len(each.values) != 1:
            raise UsageError(f"coreml_model: expected one source in a pytest.param, got {len(each.values)} values")
    return found


def is_param(value: object) -> bool:
    """Return True for what `pytest.param` returns."""
    return isinstance(value, tuple) and hasattr(value, "marks") and hasattr(value, "values")


def read_variants(mark: pytest.Mark) -> tuple[Variant, ...]:
    """Read a `coreml_variants` mark: presets, and callables by the names of their variants."""
    words = [word for argument in mark.args for word in _as_list(argument)]
    presets = [Variant(preset.name) for preset in _each(mark, parse_preset, words)]
    for name, build in mark.kwargs.items():
        if not callable(build):
            raise _wrong(mark, name, "a callable that takes an MLModel and returns one", build)
    named = {each.name: each for each in [*presets, *(Variant(name, build) for name, build in mark.kwargs.items())]}
    if ORIGINAL in named:
        raise UsageError(f"coreml_variants: {ORIGINAL!r} is the name of the model itself; choose another one")
    if not named:
        raise UsageError("coreml_variants: expected at least one variant, as coreml_variants('int8', 'palette-4')")
    return tuple(named.values())


def read_compute_units(mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
    """Read a `coreml_compute_units` mark: units as words, or lists of them."""
    _check_names(mark, ())
    words = [word for argument in mark.args for word in _as_list(argument)]
    if not words:
        raise UsageError("coreml_compute_units: expected at least one of all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine")
    return tuple(dict.fromkeys(_each(mark, parse_compute_units, words)))


def read_budget(mark: pytest.Mark) -> Budget:
    """Read a `coreml_budget` mark."""
    limits = _read(mark, dict.fromkeys(_names(Budget), _limit) | _BUDGET_READERS)
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
    values = _read(mark, _PLACEMENT_READERS)
    if not set(values) & {"forbid", "min_share", "max_transitions", "max_moved"}:
        raise UsageError("coreml_placement: expected forbid=, min_share=, max_transitions= or max_moved=")
    return PlacementRule(**values)


def read_boundary(mark: pytest.Mark) -> BoundaryRule:
    """Read a `coreml_boundary` mark."""
    values = _read(mark, _BOUNDARY_READERS)
    if not values.get("forbid_casts") and values.get("max_bytes") is None:
        raise UsageError("coreml_boundary: expected forbid_casts=True or max_bytes=")
    return BoundaryRule(**values)


def read_agreement(mark: pytest.Mark) -> AgreementRule:
    """Read a `coreml_agreement` mark."""
    values = {name: value for name, value in _read(mark, _AGREEMENT_READERS).items() if value is not None}
    limits = [name for name in LIMITS if name in values]
    if "reference" in values and not limits:
        raise UsageError("coreml_agreement: expected a limit for the reference, as coreml_agreement(min_psnr=40)")
    if "margin" in values and "min_top1" not in values:
        raise UsageError("coreml_agreement: margin is of min_top1: add it, as coreml_agreement(min_top1=1, margin=0.1)")
    rule = AgreementRule(**values)
    if unused := [name for name in sorted(rule.named_outputs) if rule.outputs and name not in rule.outputs]:
        raise UsageError(
            f"coreml_agreement: outputs={list(rule.outputs or ())} leaves out {unused[0]!r}, which has a limit"
        )
    if not (limits or rule.finite or rule.varying or rule.repeatable):
        raise UsageError("coreml_agreement: expected a limit, or one of finite, varying and repeatable")
    return rule


# The markers of limits, and what each is read by.
LIMIT_READERS: dict[str, Callable[[pytest.Mark], Meaning]] = {
    "coreml_budget": read_budget,
    "coreml_placement": read_placement,
    "coreml_boundary": read_boundary,
    "coreml_agreement": read_agreement,
}


def read_units(mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
    """Read the settings that a mark of limits is for, which it names."""
    return tuple(_each(mark, parse_compute_units, _as_list(mark.kwargs["compute_units"])))


def _read(mark: pytest.Mark, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    """Read every argument of *mark* by its reader; all mistakes in them are told together."""
    _check_keyword_only(mark)
    known = {name: value for name, value in mark.kwargs.items() if name in readers}
    calls: list[Callable[[], Any]] = [partial(readers[name], mark, name, value) for name, value in known.items()]
    values = all_of([partial(_check_names, mark, readers), *calls])[1:]
    return dict(zip(known, values, strict=True))


def _names(data: type) -> list[str]:
    return [field.name for field in fields(data)]


def _check_source(mark: pytest.Mark, name: str, source: object) -> None:
    # The last two are of the test that a model file stands for.
    if not (isinstance(source, (str, Path, FunctionSource, VariantSource)) or callable(source)):
        mistake = _wrong(mark, name, "a path or a callable that returns an MLModel or a path", source)
        raise UsageError(f"{mistake}{wrap_hint(source)}")


def _units(mark: pytest.Mark, _: str, value: Any) -> tuple[ComputeUnits, ...] | None:
    return None if value is None else read_units(mark)


def _limit(mark: pytest.Mark, name: str, value: Any) -> float | None:
    return None if value is None else _number(mark, name, value, math.inf)


def _scenario(mark: pytest.Mark, name: str, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise _wrong(mark, name, "the name of a scenario", value)
    return value


def _speedup(mark: pytest.Mark, name: str, value: Any) -> dict[ComputeUnits, float]:
    return _mapping(mark, name, value, parse_compute_units, math.inf)


def _devices(mark: pytest.Mark, _: str, value: Any) -> tuple[Device, ...]:
    return tuple(_each(mark, parse_device, _as_list(value)))


def _shares(mark: pytest.Mark, name: str, value: Any) -> dict[Device, float]:
    return _mapping(mark, name, value, parse_device, 1.0)


def _by(mark: pytest.Mark, name: str, value: Any) -> str:
    if value not in ("cost", "ops"):
        raise _wrong(mark, name, "'cost' or 'ops'", value)
    return str(value)


def _operators(mark: pytest.Mark, name: str, value: Any) -> frozenset[str]:
    words = _as_list(value)
    if not all(isinstance(word, str) for word in words):
        raise _wrong(mark, name, "operator names, as ['gather', 'cast']", value)
    return frozenset(word.rsplit(".", 1)[-1] for word in words)


def _truth(mark: pytest.Mark, name: str, value: Any) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):  # of numpy
        raise _wrong(mark, name, "True or False", value)
    return bool(value)


def _transitions(mark: pytest.Mark, name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise _wrong(mark, name, "a whole number, 0 or more", value)
    return int(value)


def _reference(mark: pytest.Mark, name: str, value: Any) -> Reference | None:
    """Read a reference; a callable that needs no argument builds a model."""
    if value is None:
        return None
    if isinstance(value, Path) or (isinstance(value, str) and Path(value).suffix in (*MODEL_SUFFIXES, ".npz")):
        return Reference("outputs" if Path(value).suffix == ".npz" else "source", value)
    if callable(value) and not isinstance(value, type):
        return Reference("callable" if _takes_inputs(value) else "source", value)
    if value == "original":
        return Reference("original")
    try:
        return Reference("units", parse_compute_units(value))
    except UsageError:
        hint = units_hint(value, [*COMPUTE_UNITS, "original"])
        expected = "compute units, 'original', the path of a model or of an .npz, or a callable from inputs to outputs"
        raise UsageError(f"{mark.name}: {name}: expected {expected}, got {shown(value)}{hint}") from None


def _takes_inputs(function: Callable[..., Any]) -> bool:
    import inspect

    try:
        inspect.signature(function).bind(object())
    except TypeError:
        return False
    except ValueError:  # a function of an extension, without a signature
        return True
    return True


def _inputs(mark: pytest.Mark, name: str, value: Any) -> Any:
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0:
        return int(value)
    if callable(value) or (isinstance(value, (str, Path)) and Path(value).suffix == ".npz"):
        return value
    raise _wrong(mark, name, "a number of examples, 1 or more, the path of an .npz, or a callable", value)


def _outputs(mark: pytest.Mark, name: str, value: Any) -> tuple[str, ...]:
    words = _as_list(value)
    if not words or not all(isinstance(word, str) for word in words):
        raise _wrong(mark, name, "names of outputs, as ['logits']", value)
    return tuple(words)


def _output_limit(least: float, most: float, mark: pytest.Mark, name: str, value: Any) -> OutputLimit:
    """Read a limit from *least* to *most*, or a dict of such by output."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return _between(mark, name, value, least, most)
    if not value or not all(isinstance(output, str) for output in value):
        raise _wrong(mark, name, f"a number, or a dict, as {name}={{'logits': ...}}", value)
    numbers = all_of(partial(_between, mark, f"{name}[{key!r}]", number, least, most) for key, number in value.items())
    return dict(zip(value, numbers, strict=True))


def _between(mark: pytest.Mark, name: str, value: Any, least: float, most: float) -> float:
    number = _as_float(value)
    if not least <= number <= most or math.isinf(number):
        span = f"from {least:g} to {most:g}" if most < math.inf else f", {least:g} or more" if least == 0 else ""
        raise _wrong(mark, name, f"a number{'' if span.startswith(',') or not span else ' '}{span}", value)
    return number


def _switch(mark: pytest.Mark, name: str, value: Any) -> Any:
    if not isinstance(value, bool) and not (name == "varying" and value == "any"):
        raise _wrong(mark, name, "True, False or 'any'" if name == "varying" else "True or False", value)
    return value


_Reader = Callable[[Any, str, Any], Any]
_AGREEMENT_READERS: dict[str, _Reader] = {
    "reference": _reference,
    "inputs": _inputs,
    "outputs": _outputs,
    **dict.fromkeys(("min_psnr", "min_snr"), partial(_output_limit, -math.inf, math.inf)),
    "min_cosine": partial(_output_limit, -1, 1),
    **dict.fromkeys(("max_abs", "max_relative_l2", "max_kl"), partial(_output_limit, 0, math.inf)),
    "min_top1": partial(_output_limit, 0, 1),
    "margin": lambda mark, name, value: _between(mark, name, value, 0, math.inf),
    **dict.fromkeys(("finite", "varying", "repeatable"), _switch),
    "compute_units": _units,
}
_BUDGET_READERS: dict[str, _Reader] = {"min_speedup": _speedup, "scenario": _scenario, "compute_units": _units}
_BOUNDARY_READERS: dict[str, _Reader] = {"forbid_casts": _truth, "max_bytes": _limit, "compute_units": _units}
_PLACEMENT_READERS: dict[str, _Reader] = {
    "forbid": _devices,
    "min_share": _shares,
    "by": _by,
    "allow": _operators,
    "max_transitions": _transitions,
    "max_moved": _shares,
    "compute_units": _units,
}


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _mapping(mark: pytest.Mark, name: str, value: Any, parse: Callable[[object], str], most: float) -> dict[Any, float]:
    if not isinstance(value, Mapping) or not value:
        raise _wrong(mark, name, f"a dict, as {name}={{'{'cpuOnly' if most > 1 else 'neuralEngine'}': ...}}", value)
    keys = _each(mark, parse, list(value))
    numbers = all_of(partial(_number, mark, f"{name}[{key!r}]", number, most) for key, number in value.items())
    return dict(zip(keys, numbers, strict=True))


def _as_float(value: Any) -> float:
    """Return a real number as a float, NaN for anything else."""
    # numpy registers its numbers as real; Decimal is not.
    number = isinstance(value, (Real, Decimal)) and not isinstance(value, bool)
    return float(value) if number else math.nan


def _number(mark: pytest.Mark, name: str, value: Any, most: float) -> float:
    number = _as_float(value)
    if not 0 <= number <= most or number == math.inf or (number == 0 and most == math.inf):
        raise _wrong(mark, name, "a positive number" if most == math.inf else "a number from 0 to 1", value)
    return number


def _each(mark: pytest.Mark, parse: Callable[[object], Any], words: list[Any]) -> list[Any]:
    return all_of(partial(_in, mark, parse, word) for word in words)


def _in(mark: pytest.Mark, parse: Callable[[object], Any], word: object) -> Any:
    try:
        return parse(word)
    except UsageError as error:
        raise UsageError(f"{mark.name}: {error}") from None


def _check_keyword_only(mark: pytest.Mark) -> None:
    if mark.args:
        raise UsageError(f"{mark.name}: takes keyword arguments only, got {shown(mark.args[0])}; name the limit it is")


def _check_names(mark: pytest.Mark, valid: Collection[str]) -> None:
    unknown = sorted(set(mark.kwargs) - set(valid))
    if unknown:
        raise MistakesError([_unknown(mark, name, valid) for name in unknown])


def _unknown(mark: pytest.Mark, name: str, valid: Collection[str]) -> str:
    hint = did_you_mean(name, valid) or f"; it takes {', '.join(valid) or 'none'}"
    return f"{mark.name}: unknown argument {name!r}{hint}"


def _wrong(mark: pytest.Mark, name: str, expected: str, value: object) -> UsageError:
    return UsageError(f"{mark.name}: {name}: expected {expected}, got {shown(value)}")
