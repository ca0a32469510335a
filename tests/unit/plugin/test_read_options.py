"""From what is written to the value of an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.read_options import (
    read_choice,
    read_number,
    read_options,
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
    return read_number("X", value, int, default=100)


def share(value: object) -> Any:
    """Read a number."""
    return read_number("X", value, float)


def units(value: object) -> tuple[str, ...]:
    """Read compute units."""
    return read_units("X", value)


def word(value: object) -> str:
    """Read a word."""
    return read_choice("X", value, ("skip", "fail"))


def paths(value: object) -> list[str]:
    """Read paths."""
    return read_paths("X", value)


def path(value: object) -> str | None:
    """Read a path."""
    return read_path("X", value)


def switch(value: object) -> bool:
    """Read true or false."""
    return read_switch("X", value)


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
        (units, None, ()),
        (units, "all,cpuOnly all", ("all", "cpuOnly")),
        (units, ["all", "CPU_ONLY"], ("all", "cpuOnly")),
        (units, ["all, cpuOnly"], ("all", "cpuOnly")),
    ],
)
def test_what_is_meant_is_taken(read: Callable[[object], object], value: object, expected: object) -> None:
    """Text as an ini file has it, and the types of TOML."""
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (calls, "many", "X: expected a positive whole number, got 'many'"),
        (calls, 0, "X: expected a positive whole number, got 0"),
        (calls, 2.5, "X: expected a positive whole number, got 2.5"),
        (calls, True, "X: expected a positive whole number, got True"),
        (calls, [5], r"X: expected a positive whole number, got \[5\]"),
        (share, "0", "X: expected a positive number, got '0'"),
        (share, "nan", "X: expected a positive number, got 'nan'"),
        (word, True, "X: expected one of skip, fail, got True"),
        (word, ["skip"], r"X: expected one of skip, fail, got \['skip'\]"),
        (path, 1, "X: expected a path, got 1"),
        (path, ["a"], r"X: expected a path, got \['a'\]"),
        (paths, 1, "X: expected a path or a list of paths, got 1"),
        (paths, ["a", 1], r"X: expected a path or a list of paths, got \['a', 1\]"),
        (paths, [""], "X: expected a path, got ''; nothing would be compared"),
        (paths, "", "X: expected a path, got ''; nothing would be compared"),
        (switch, "maybe", "X: expected true or false, got 'maybe'"),
        (switch, 1, "X: expected true or false, got 1"),
        (switch, ["true"], r"X: expected true or false, got \['true'\]"),
        (units, True, "X: expected names of compute units, got True"),
        (units, [1], r"X: expected names of compute units, got \[1\]"),
        (units, ",", "X: expected names of compute units, got ','"),
        (units, "cpuOnyl", "X: unknown compute units 'cpuOnyl'.*'cpuOnly'"),
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


def test_a_suggested_command_reads_the_same_ini_file(pytester: pytest.Pytester) -> None:
    """Its options are those that change what is tested, of pytest and of the plugin."""
    pytester.makefile(".ini", other="[pytest]\n")
    config = pytester.parseconfig("--rootdir=.", "-c", "other.ini", "--coreml-compute-units=cpuOnly", "-q")

    assert read_options(config).repeated == ("--rootdir=.", "--config-file=other.ini", "--coreml-compute-units=cpuOnly")
