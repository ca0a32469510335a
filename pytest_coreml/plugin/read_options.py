"""Read the options from the command line and the ini file.

The command line and `pytest.ini` give text, `pyproject.toml` may give any type of TOML. Each reader raises `UsageError`
with what was expected and what came.
"""

from __future__ import annotations

import math
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import UsageError, shown
from pytest_coreml.facts.compute_units import parse_compute_units
from pytest_coreml.facts.presets import parse_preset
from pytest_coreml.plugin.options import (
    APIS,
    CACHES,
    INCONCLUSIVE,
    PRECISIONS,
    RUNTIMES,
    UNMEASURED,
    given,
    option_of,
)
from pytest_coreml.session.options import Options, default_units
from pytest_coreml.session.sources import PathFrom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.options import Threads

    _Reader = Callable[[pytest.Config, str], Any]

_NOTHING: Final[tuple[object, ...]] = (None, "", [])
# The default of `--coreml-threads`.
_THREADS: Final = "PYTEST_COREML_THREADS"
_MAX_THREADS: Final = 1024
_UNCOMPARED: Final = "nothing would be compared"
_UNITS: Final = "names of compute units"
# pytest's own options without which it would read another ini file, by their names in its namespace.
_OF_PYTEST: Final = {"rootdir": "--rootdir", "inifilename": "--config-file"}
# As pytest's own options take them.
_SWITCH: Final = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def read_path(where: str, value: object) -> str | None:
    """Return a path, None where there is none."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{where}: expected a path, got {shown(value)}")
    return value or None


def read_paths(where: str, value: object) -> list[str]:
    """Read paths, one a line or as a list. Empty ones alone, as of an unset variable, are an error."""
    paths = [] if value is None else _texts(where, value, "a path or a list of paths")
    if value is not None and not paths:
        # Each option on the command line adds to a list.
        raise UsageError(f"{where}: expected a path, got {shown('' if value == [''] else value)}; {_UNCOMPARED}")
    return paths


def read_units(where: str, value: object) -> tuple[ComputeUnits, ...]:
    """Read names of compute units, with commas or spaces between them, or a list of such; none when none are given."""
    if value in _NOTHING:
        return ()
    words = " ".join(_texts(where, value, _UNITS)).replace(",", " ").split()
    if not words:
        raise UsageError(f"{where}: expected {_UNITS}, got {shown(value)}")
    try:
        return tuple(dict.fromkeys(map(parse_compute_units, words)))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def read_variants(where: str, value: object) -> tuple[str, ...]:
    """Read names of presets, with commas or spaces between them, or a list of such; none when none are given."""
    if value in _NOTHING:
        return ()
    names = " ".join(_texts(where, value, "names of variants, as int8,palette-4")).replace(",", " ").split()
    if not names:
        raise UsageError(f"{where}: expected names of variants, as int8,palette-4, got {shown(value)}")
    try:
        return tuple(dict.fromkeys(parse_preset(name).name for name in names))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def read_choice(where: str, value: object, choices: Sequence[str]) -> str:
    """Read one of *choices*, the first of which is the default."""
    if value is None:
        return choices[0]
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{where}: expected one of {', '.join(choices)}, got {shown(value)}")
    return value


def read_switch(where: str, value: object) -> bool:
    """Read true or false, the default, as TOML has them or in the words that pytest takes for them."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _SWITCH:
        raise UsageError(f"{where}: expected true or false, got {shown(value)}")
    return _SWITCH[word]


def read_number(where: str, value: object, kind: Callable[[str], Any], default: Any = None) -> Any:
    """Read a positive number of this *kind*."""
    if value in _NOTHING:
        return default
    try:
        number = kind(str(value))
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        word = "whole number" if kind is int else "number"
        raise UsageError(f"{where}: expected a positive {word}, got {shown(value)}")
    return number


def read_threads(where: str, value: object) -> Threads | None:
    """Read a number of threads or the word `all`, None where there is neither."""
    if value in _NOTHING:
        return None
    word = str(value).strip().lower()
    if word == "all":
        return "all"
    if word.isdecimal() and 0 < int(word) <= _MAX_THREADS:
        return int(word)
    raise UsageError(f"{where}: expected a whole number of threads, 1 to {_MAX_THREADS}, or all, got {shown(value)}")


def read_share(where: str, value: object) -> float | None:
    """Return a share from 0 to 1; None if it is not given."""
    if value in _NOTHING:
        return None
    try:
        share = float(str(value))
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"{where}: expected a share from 0 to 1, as 0.02 for 2 %, got {shown(value)}")
    return share


def _texts(where: str, value: object, expected: str) -> list[str]:
    texts = value.splitlines() if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{where}: expected {expected}, got {shown(value)}")
    return [text.strip() for text in texts if text.strip()]


def read_options(config: pytest.Config) -> Options:
    """Return the options, those that are not given from the ini file; raise `UsageError` for an impossible value."""
    values = {name: read(config, name) for name, read in _READERS.items()}
    return Options(
        rootdir=config.rootpath,
        started_in=config.invocation_params.dir,
        repeated=tuple(_repeated(config)),
        insists_on_api=bool(config.getoption("coreml_api", None)),
        compute_units=_read(read_units, config, "compute_units") or (default_units(values["runtime"]),),
        variant_cache=partial(_variant_cache, config),
        load_timeout=values["timeout"] if given(config, "timeout") not in _NOTHING else None,
        assume_idle=values.pop("unmeasured") == "fail",
        **values,
    )


def _repeated(config: pytest.Config) -> Iterator[str]:
    for name, option in _OF_PYTEST.items():
        value = config.getoption(name, None)
        if value:
            yield f"{option}={value}"
    for name in ("runtime", "api", "model", "compute_units", "variants"):
        value = config.getoption(f"coreml_{name}", None)
        if value:
            yield f"{option_of(name)}={value}"


def _is_of_command_line(config: pytest.Config, name: str) -> bool:
    return config.getoption(f"coreml_{name}", None) is not None


def _named(config: pytest.Config, name: str) -> tuple[str, Any]:
    """Return the name by which an option is given, on the command line or in the ini file, and its value."""
    return option_of(name) if _is_of_command_line(config, name) else f"coreml_{name}", given(config, name)


def _read(read: Callable[[str, object], Any], config: pytest.Config, name: str) -> Any:
    return read(*_named(config, name))


def _folder(config: pytest.Config, name: str) -> Path:
    """Return what a path is relative to: the ini file's to the rootdir, the command line's to the start folder."""
    return config.invocation_params.dir if _is_of_command_line(config, name) else config.rootpath


def _path(config: pytest.Config, name: str) -> Path | None:
    path = _read(read_path, config, name)
    return _folder(config, name) / path if path is not None else None


def _paths(config: pytest.Config, name: str) -> tuple[Path, ...]:
    return tuple(_folder(config, name) / path for path in _read(read_paths, config, name))


def _model(config: pytest.Config, name: str) -> PathFrom | None:
    path = _read(read_path, config, name)
    return PathFrom(path, _folder(config, name)) if path is not None else None


def _existing(config: pytest.Config, name: str) -> Path | None:
    where, value = _named(config, name)
    path = _path(config, name)
    if path is None and value is not None:
        raise UsageError(f"{where}: expected a path, got ''; {_UNCOMPARED}")
    if path is not None and not path.exists():
        raise UsageError(f"{where}: there is no {path}; name a model, or a folder of models of the same names")
    return path


def _threads(config: pytest.Config, name: str) -> Threads | None:
    of_environment = read_threads(_THREADS, os.environ.get(_THREADS))
    return _read(read_threads, config, name) or of_environment


def _variant_cache(config: pytest.Config) -> Path | None:
    """Return the folder for variants in pytest's cache, which is made now; None without a cache."""
    cache = getattr(config, "cache", None)
    return cache.mkdir("coreml-variants") if cache is not None else None


def _choice(choices: Sequence[str]) -> _Reader:
    return partial(_read, partial(read_choice, choices=choices))


def _number(kind: Callable[[str], Any], default: float | None) -> _Reader:
    return partial(_read, partial(read_number, kind=kind, default=default))


# All options but the compute units, whose default depends on another one.
_READERS: Final[dict[str, _Reader]] = {
    "runtime": _choice(RUNTIMES),
    "report": _path,
    "trace": _path,
    "html": _path,
    "model": _model,
    "calls": _number(int, 100),
    "timeout": _number(float, 600.0),
    "inconclusive": _choice(INCONCLUSIVE),
    "precision": _choice(PRECISIONS),
    "api": _choice(APIS),
    "threads": _threads,
    "dropin": partial(_read, read_switch),
    "explain": partial(_read, read_switch),
    "observe": partial(_read, read_switch),
    "moved": partial(_read, read_share),
    "cache": _choice(CACHES),
    "cache_size": _number(float, 10.0),
    "baseline": _paths,
    "against": _existing,
    "variants": partial(_read, read_variants),
    "tolerance": _number(float, None),
    "unmeasured": _choice(UNMEASURED),
}
