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
from pytest_coreml.plugin.options import APIS, CACHES, INCONCLUSIVE, PRECISIONS, RUNTIMES, UNMEASURED, given
from pytest_coreml.session.options import Options, default_units
from pytest_coreml.session.sources import PathFrom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.options import Threads

_NOTHING: Final[tuple[object, ...]] = (None, "", [])
# The default of `--coreml-threads`.
_THREADS: Final = "PYTEST_COREML_THREADS"
_MAX_THREADS: Final = 1024
_UNITS: Final = "names of compute units"
# As pytest's own options take them.
_SWITCH: Final = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def read_path(name: str, value: object) -> str | None:
    """Return a path, None where there is none."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"coreml_{name}: expected a path, got {shown(value)}")
    return value or None


def read_paths(name: str, value: object) -> list[str]:
    """Read paths, one a line or as a list. Empty ones alone, as of an unset variable, are an error."""
    paths = [] if value is None else _texts(name, value, "a path or a list of paths")
    if value is not None and not paths:
        raise UsageError(f"coreml_{name}: expected a path, got {shown(value)}; nothing would be compared")
    return paths


def read_units(value: object) -> tuple[ComputeUnits, ...]:
    """Read names of compute units, with commas or spaces between them, or a list of such; none when none are given."""
    if value in _NOTHING:
        return ()
    words = " ".join(_texts("compute_units", value, _UNITS)).replace(",", " ").split()
    if not words:
        raise UsageError(f"--coreml-compute-units: expected {_UNITS}, got {shown(value)}")
    try:
        return tuple(dict.fromkeys(map(parse_compute_units, words)))
    except UsageError as error:
        raise UsageError(f"--coreml-compute-units: {error}") from None


def read_variants(value: object) -> tuple[str, ...]:
    """Read names of presets, with commas or spaces between them, or a list of such; none when none are given."""
    if value in _NOTHING:
        return ()
    names = " ".join(_texts("variants", value, "names of variants, as int8,palette-4")).replace(",", " ").split()
    if not names:
        raise UsageError(f"--coreml-variants: expected names of variants, as int8,palette-4, got {value!r}")
    try:
        return tuple(dict.fromkeys(parse_preset(name).name for name in names))
    except UsageError as error:
        raise UsageError(f"--coreml-variants: {error}") from None


def read_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Read one of *choices*, the first of which is the default."""
    if value is None:
        return choices[0]
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"coreml_{name}: expected one of {', '.join(choices)}, got {shown(value)}")
    return value


def read_switch(name: str, value: object) -> bool:
    """Read true or false, the default, as TOML has them or in the words that pytest takes for them."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _SWITCH:
        raise UsageError(f"coreml_{name}: expected true or false, got {shown(value)}")
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
        raise UsageError(f"--coreml-{name.replace('_', '-')}: expected a positive {word}, got {shown(value)}")
    return number


def read_threads(name: str, value: object) -> Threads | None:
    """Read a number of threads or the word `all`, None where there is neither."""
    if value in _NOTHING:
        return None
    word = str(value).strip().lower()
    if word == "all":
        return "all"
    if word.isdecimal() and 0 < int(word) <= _MAX_THREADS:
        return int(word)
    raise UsageError(f"{name}: expected a whole number of threads, 1 to {_MAX_THREADS}, or all, got {shown(value)}")


def read_share(name: str, value: object) -> float | None:
    """Return a share from 0 to 1; None if it is not given."""
    if value in _NOTHING:
        return None
    try:
        share = float(str(value))
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"--coreml-{name}: expected a share from 0 to 1, as 0.02 for 2 %, got {value!r}")
    return share


def _texts(name: str, value: object, expected: str) -> list[str]:
    texts = value.splitlines() if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"coreml_{name}: expected {expected}, got {shown(value)}")
    return [text.strip() for text in texts if text.strip()]


def read_options(config: pytest.Config) -> Options:
    """Return the options, those that are not given from the ini file; raise `UsageError` for an impossible value."""
    values = {name: read(config, name) for name, read in _READERS.items()}
    return Options(
        rootdir=config.rootpath,
        started_in=config.invocation_params.dir,
        repeated=tuple(_repeated(config)),
        insists_on_api=bool(config.getoption("coreml_api", None)),
        compute_units=read_units(given(config, "compute_units")) or (default_units(values["runtime"]),),
        variant_cache=partial(_variant_cache, config),
        load_timeout=values["timeout"] if given(config, "timeout") not in _NOTHING else None,
        assume_idle=values.pop("unmeasured") == "fail",
        **values,
    )


def _repeated(config: pytest.Config) -> Iterator[str]:
    for name in ("runtime", "api", "model", "compute_units", "variants"):
        value = config.getoption(f"coreml_{name}", None)
        if value:
            yield f"--coreml-{name.replace('_', '-')}={value}"


def _folder(config: pytest.Config, name: str) -> Path:
    """Return what a path is relative to: the ini file's to the rootdir, the command line's to the start folder."""
    is_of_command_line = config.getoption(f"coreml_{name}", None) is not None
    return config.invocation_params.dir if is_of_command_line else config.rootpath


def _path(config: pytest.Config, name: str) -> Path | None:
    path = read_path(name, given(config, name))
    return _folder(config, name) / path if path is not None else None


def _paths(config: pytest.Config, name: str) -> tuple[Path, ...]:
    return tuple(_folder(config, name) / path for path in read_paths(name, given(config, name)))


def _model(config: pytest.Config, name: str) -> PathFrom | None:
    path = read_path(name, given(config, name))
    return PathFrom(path, _folder(config, name)) if path is not None else None


def _existing(config: pytest.Config, name: str) -> Path | None:
    path = _path(config, name)
    if path is None and given(config, name) is not None:
        raise UsageError("--coreml-against: expected a path, got ''; nothing would be compared")
    if path is not None and not path.exists():
        raise UsageError(f"--coreml-against: there is no {path}; name a model, or a folder of models of the same names")
    return path


def _number(kind: Callable[[str], Any], default: Any, config: pytest.Config, name: str) -> Any:
    return read_number(name, given(config, name), kind, default)


def _choice(choices: Sequence[str], config: pytest.Config, name: str) -> str:
    return read_choice(name, given(config, name), choices)


def _threads(config: pytest.Config, name: str) -> Threads | None:
    of_environment = read_threads(_THREADS, os.environ.get(_THREADS))
    return read_threads("--coreml-threads", given(config, name)) or of_environment


def _share(config: pytest.Config, name: str) -> float | None:
    return read_share(name, given(config, name))


def _switch(config: pytest.Config, name: str) -> bool:
    return read_switch(name, given(config, name))


def _variants(config: pytest.Config, name: str) -> tuple[str, ...]:
    return read_variants(given(config, name))


def _variant_cache(config: pytest.Config) -> Path | None:
    """Return the folder for variants in pytest's cache, which is made now; None without a cache."""
    cache = getattr(config, "cache", None)
    return cache.mkdir("coreml-variants") if cache is not None else None


# All options but the compute units, whose default depends on another one.
_READERS: Final[dict[str, Callable[[pytest.Config, str], Any]]] = {
    "runtime": partial(_choice, RUNTIMES),
    "report": _path,
    "trace": _path,
    "html": _path,
    "model": _model,
    "calls": partial(_number, int, 100),
    "timeout": partial(_number, float, 600.0),
    "inconclusive": partial(_choice, INCONCLUSIVE),
    "precision": partial(_choice, PRECISIONS),
    "api": partial(_choice, APIS),
    "threads": _threads,
    "dropin": _switch,
    "explain": _switch,
    "observe": _switch,
    "moved": _share,
    "cache": partial(_choice, CACHES),
    "cache_size": partial(_number, float, 10.0),
    "baseline": _paths,
    "against": _existing,
    "variants": _variants,
    "tolerance": partial(_number, float, None),
    "unmeasured": partial(_choice, UNMEASURED),
}
