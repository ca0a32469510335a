"""From what stands on the command line or in an ini file to the value of an option.

The command line and `pytest.ini` give text, `pyproject.toml` may give whatever TOML has. Each of these raises
`UsageError` with what was expected and what came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import UsageError
from pytest_coreml.facts.compute_units import parse_compute_units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits

_NOTHING: Final[tuple[object, ...]] = (None, "", [])
_UNITS: Final = "names of compute units"
# As pytest's own options take them.
_SWITCH: Final = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def read_path(name: str, value: object) -> str | None:
    """Read a path, None when there is none."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"coreml_{name}: expected a path, got {value!r}")
    return value or None


def read_paths(name: str, value: object) -> list[str]:
    """Read paths, one a line or as a list."""
    return [] if value is None else _texts(name, value, "a path or a list of paths")


def read_units(value: object) -> tuple[ComputeUnits, ...]:
    """Read names of compute units, with commas or spaces between them, or a list of such; none when none are given."""
    if value in _NOTHING:
        return ()
    words = " ".join(_texts("compute_units", value, _UNITS)).replace(",", " ").split()
    if not words:
        raise UsageError(f"--coreml-compute-units: expected {_UNITS}, got {value!r}")
    try:
        return tuple(dict.fromkeys(map(parse_compute_units, words)))
    except UsageError as error:
        raise UsageError(f"--coreml-compute-units: {error}") from None


def read_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Read one of *choices*, the first of which is the default."""
    if value is None:
        return choices[0]
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"coreml_{name}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def read_switch(name: str, value: object) -> bool:
    """Read true or false, the default, as TOML has them or in the words that pytest takes for them."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _SWITCH:
        raise UsageError(f"coreml_{name}: expected true or false, got {value!r}")
    return _SWITCH[word]


def read_number(name: str, value: object, kind: Callable[[str], Any], default: Any = None) -> Any:
    """Read a positive number of this *kind*."""
    if value in _NOTHING:
        return default
    try:
        number = kind(str(value))
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        word = "whole number" if kind is int else "number"
        raise UsageError(f"--coreml-{name}: expected a positive {word}, got {value!r}")
    return number


def _texts(name: str, value: object, expected: str) -> list[str]:
    texts = value.splitlines() if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"coreml_{name}: expected {expected}, got {value!r}")
    return [text.strip() for text in texts if text.strip()]
