"""Read the arguments of markers: every mistake becomes a `UsageError` that names the marker and the argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import MistakesError, UsageError, all_of, did_you_mean, hidden_for_ours, shown
from pytest_coreml.facts.compute_units import parse_compute_units

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits

__tracebackhide__ = hidden_for_ours

# Takes the mark, and the name and the value of an argument.
Reader = Callable[[Any, str, Any], Any]


def read_units(mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
    """Read the settings that a mark of limits is for, which it names."""
    return tuple(parse_each(mark, parse_compute_units, as_list(mark.kwargs["compute_units"])))


def read_arguments(mark: pytest.Mark, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read every argument of *mark* by its reader; all mistakes in them are told together."""
    check_keyword_only(mark)
    known = {name: value for name, value in mark.kwargs.items() if name in readers}
    calls: list[Callable[[], Any]] = [partial(readers[name], mark, name, value) for name, value in known.items()]
    values = all_of([partial(check_names, mark, readers), *calls])[1:]
    return dict(zip(known, values, strict=True))


def read_optional_units(mark: pytest.Mark, _: str, value: Any) -> tuple[ComputeUnits, ...] | None:
    """Read compute units, or None for all."""
    return None if value is None else read_units(mark)


def as_list(value: Any) -> list[Any]:
    """Return the items of a list, tuple or set, or the one value as a list."""
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def read_mapping(
    mark: pytest.Mark, name: str, value: Any, parse: Callable[[object], str], most: float
) -> dict[Any, float]:
    """Read a dict of positive numbers up to *most*, its keys by *parse*."""
    if not isinstance(value, Mapping) or not value:
        key = "cpuOnly" if most > 1 else "neuralEngine"
        raise wrong_argument(mark, name, f"a dict, as {name}={{{key!r}: ...}}", value)
    keys = parse_each(mark, parse, list(value))
    numbers = all_of(partial(read_number, mark, f"{name}[{key!r}]", number, most) for key, number in value.items())
    return dict(zip(keys, numbers, strict=True))


def as_float(value: Any) -> float:
    """Return a real number as a float, NaN for anything else."""
    # numpy registers its numbers as real; Decimal is not.
    number = isinstance(value, (Real, Decimal)) and not isinstance(value, bool)
    return float(value) if number else math.nan


def read_number(mark: pytest.Mark, name: str, value: Any, most: float) -> float:
    """Read a positive number, or one from 0 to *most* where that is finite."""
    number = as_float(value)
    if not 0 <= number <= most or number == math.inf or (number == 0 and most == math.inf):
        raise wrong_argument(mark, name, "a positive number" if most == math.inf else "a number from 0 to 1", value)
    return number


def read_between(mark: pytest.Mark, name: str, value: Any, least: float, most: float) -> float:
    """Read a finite number from *least* to *most*."""
    number = as_float(value)
    if not least <= number <= most or math.isinf(number):
        span = f"from {least:g} to {most:g}" if most < math.inf else f", {least:g} or more" if least == 0 else ""
        raise wrong_argument(mark, name, f"a number{'' if span.startswith(',') or not span else ' '}{span}", value)
    return number


def parse_each(mark: pytest.Mark, parse: Callable[[object], Any], words: list[Any]) -> list[Any]:
    """Parse every one of *words*; all mistakes in them are told together."""
    return all_of(partial(_parse_in, mark, parse, word) for word in words)


def _parse_in(mark: pytest.Mark, parse: Callable[[object], Any], word: object) -> Any:
    try:
        return parse(word)
    except UsageError as error:
        raise UsageError(f"{mark.name}: {error}") from None


def check_keyword_only(mark: pytest.Mark) -> None:
    """Refuse positional arguments."""
    if mark.args:
        raise UsageError(f"{mark.name}: takes keyword arguments only, got {shown(mark.args[0])}; name the limit it is")


def check_names(mark: pytest.Mark, valid: Collection[str]) -> None:
    """Refuse arguments that are not among *valid*."""
    unknown = sorted(set(mark.kwargs) - set(valid))
    if unknown:
        raise MistakesError([_unknown(mark, name, valid) for name in unknown])


def _unknown(mark: pytest.Mark, name: str, valid: Collection[str]) -> str:
    hint = did_you_mean(name, valid) or f"; it takes {', '.join(valid) or 'none'}"
    return f"{mark.name}: unknown argument {name!r}{hint}"


def wrong_argument(mark: pytest.Mark, name: str, expected: str, value: object) -> UsageError:
    """Return the error about a value of the argument *name*."""
    return UsageError(f"{mark.name}: {name}: expected {expected}, got {shown(value)}")
