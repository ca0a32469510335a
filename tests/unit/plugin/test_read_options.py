"""From what is written to the value of an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.read_options import (
    read_choice,
    read_number,
    read_path,
    read_paths,
    read_switch,
    read_threads,
    read_units,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def calls(value: object) -> Any:
    """Read a whole number."""
    return read_number("calls", value, int, default=100)


def share(value: object) -> Any:
    """Read a number."""
    return read_number("tolerance", value, float)


def cache_size(value: object) -> Any:
    """Read a number of an option of two words."""
    return read_number("cache_size", value, float)


def word(value: object) -> str:
    """Read a word."""
    return read_choice("inconclusive", value, ("skip", "fail"))


def paths(value: object) -> list[str]:
    """Read paths."""
    return read_paths("baseline", value)


def path(value: object) -> str | None:
    """Read a path."""
    return read_path("model", value)


def switch(value: object) -> bool:
    """Read true or false."""
    return read_switch("dropin", value)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (calls, None, 100),
        (calls, "", 100),
        (calls, "50", 50),
        (calls, 50, 50),
        (share, None, None),
        (share, 0.1, 0.1),
        (share, 1, 1.0),
        (word, None, "skip"),
        (word, "fail", "fail"),
        (path, None, None),
        (path, "", None),
        (path, "a.mlpackage", "a.mlpackage"),
        (paths, None, []),
        (paths, ["a", "b c"], ["a", "b c"]),
        (paths, "\n a\n b c\n", ["a", "b c"]),
        (switch, None, False),
        (switch, True, True),
        (switch, False, False),
        (switch, "True", True),
        (switch, "off", False),
        (read_units, None, ()),
        (read_units, "all,cpuOnly all", ("all", "cpuOnly")),
        (read_units, ["all", "CPU_ONLY"], ("all", "cpuOnly")),
        (read_units, ["all, cpuOnly"], ("all", "cpuOnly")),
    ],
)
def test_what_is_meant_is_taken(read: Callable[[object], object], value: object, expected: object) -> None:
    """Text as an ini file has it, and the types of TOML."""
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (calls, "many", "--coreml-calls: expected a positive whole number, got 'many'"),
        (calls, 0, "--coreml-calls: expected a positive whole number, got 0"),
        (calls, 2.5, "--coreml-calls: expected a positive whole number, got 2.5"),
        (calls, True, "--coreml-calls: expected a positive whole number, got True"),
        (calls, [5], r"--coreml-calls: expected a positive whole number, got \[5\]"),
        (cache_size, "0", "--coreml-cache-size: expected a positive number, got '0'"),
        (share, "nan", "--coreml-tolerance: expected a positive number, got 'nan'"),
        (word, True, "coreml_inconclusive: expected one of skip, fail, got True"),
        (word, ["skip"], r"coreml_inconclusive: expected one of skip, fail, got \['skip'\]"),
        (path, 1, "coreml_model: expected a path, got 1"),
        (path, ["a"], r"coreml_model: expected a path, got \['a'\]"),
        (paths, 1, "coreml_baseline: expected a path or a list of paths, got 1"),
        (paths, ["a", 1], r"coreml_baseline: expected a path or a list of paths, got \['a', 1\]"),
        (paths, [""], r"coreml_baseline: expected a path, got \[''\]; nothing would be compared"),
        (paths, "", "coreml_baseline: expected a path, got ''; nothing would be compared"),
        (switch, "maybe", "coreml_dropin: expected true or false, got 'maybe'"),
        (switch, 1, "coreml_dropin: expected true or false, got 1"),
        (switch, ["true"], r"coreml_dropin: expected true or false, got \['true'\]"),
        (read_units, True, "coreml_compute_units: expected names of compute units, got True"),
        (read_units, [1], r"coreml_compute_units: expected names of compute units, got \[1\]"),
        (read_units, ",", "--coreml-compute-units: expected names of compute units, got ','"),
        (read_units, "cpuOnyl", "--coreml-compute-units: unknown compute units 'cpuOnyl'.*'cpuOnly'"),
    ],
)
def test_anything_else_is_told_with_what_was_expected(
    read: Callable[[object], object], value: object, expected: str
) -> None:
    """A usage error, whatever the type."""
    with pytest.raises(UsageError, match=f"^{expected}"):
        read(value)


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1.5", "9" * 400, "²", "1025", True, 1.5, ["1", "2"]])
def test_what_is_not_a_number_of_threads_is_a_usage_error(value: object) -> None:
    """The message names the option or variable, the accepted values, and the value that came."""
    with pytest.raises(UsageError, match=r"^X: expected a whole number of threads, 1 to 1024, or all, got"):
        read_threads("X", value)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("", None), ("1", 1), (16, 16), ("all", "all"), (" ALL ", "all")]
)
def test_threads_are_a_number_or_all(value: object, expected: object) -> None:
    """An empty variable is as good as none."""
    assert read_threads("X", value) == expected
