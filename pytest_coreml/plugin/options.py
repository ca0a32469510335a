"""The declaration of the options, on pytest's command line and in its ini file; `read_options.py` reads them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_REPORT: Final = "coreml-report.json"
DEFAULT_TRACE: Final = "coreml-trace.json"
DEFAULT_PAGE: Final = "coreml-report.html"


class OptionalPathAction(argparse.Action):
    """Takes an option with an optional PATH, as `--coreml-report[=PATH]`, whose default path is *const*.

    It keeps a test path that argparse took for the PATH: `pytest --coreml-report tests/` means the default report, and
    tests/ to run.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 (argparse's signature)
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store the path, or the default and the test path."""
        value = str(values) if values else self.const
        if is_test_path(value):
            option = option_string or self.option_strings[0]
            # pytest parses the command line several times, each time into a copy of what it has parsed before.
            kept = getattr(namespace, "coreml_test_paths", {})
            namespace.coreml_test_paths = {**kept, option: (value, self.const)}
            value = self.const
        setattr(namespace, self.dest, value)


# The options by the groups of the help, and by their names without the prefix `coreml_`: what argparse needs, the
# default in words, and the meaning of each choice, of which the first is the default. argparse gets no default: the ini
# file's value comes before it.
GROUPS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "models": {
        "model": {"metavar": "PATH", "default": "none", "help": "model for tests that don't name one"},
        "compute_units": {
            "metavar": "LIST",
            "default": "all",
            "help": "compute units for tests that don't name any, separated by commas",
        },
        "variants": {
            "metavar": "LIST",
            "default": "none",
            "help": "compressed variants to build and test with their originals, for tests that don't name any, "
            "separated by commas, such as int8,palette-4",
        },
    },
    "results": {
        "report": {
            "action": OptionalPathAction,
            "nargs": "?",
            "const": DEFAULT_REPORT,
            "metavar": "PATH",
            "default": f"no report; without PATH {DEFAULT_REPORT}",
            "help": "write a JSON report",
        },
        "html": {
            "action": OptionalPathAction,
            "nargs": "?",
            "const": DEFAULT_PAGE,
            "metavar": "PATH",
            "default": f"no page; without PATH {DEFAULT_PAGE}",
            "help": "write the report as a single HTML page",
        },
        "trace": {
            "action": OptionalPathAction,
            "nargs": "?",
            "const": DEFAULT_TRACE,
            "metavar": "PATH",
            "default": f"no timeline; without PATH {DEFAULT_TRACE}",
            "help": "write a timeline of compiling, loading, predicting and each operation, in the trace event format "
            "of Perfetto",
        },
        "observe": {
            "action": "store_const",
            "const": "true",
            "default": "off",
            "help": "report for each model measured on Core ML which devices worked, by counters of the system, in a "
            "separate process",
        },
        "explain": {
            "action": "store_const",
            "const": "true",
            "default": "off",
            "help": "after a failed placement rule on Core ML, ask the compiler why operations are not on the Neural "
            "Engine; this compiles the model once more, which can take minutes",
        },
    },
    "verdicts": {
        "baseline": {
            "action": "append",
            "metavar": "PATH",
            "default": "none",
            "help": "compare with this report, or with the reports in this folder, one for each run (repeatable; in "
            "the ini file one path a line, relative to the rootdir)",
        },
        "against": {
            "metavar": "MODEL",
            "default": "none",
            "help": "other version of the model to compare with, in interleaved calls; or a folder with models of the "
            "same file names",
        },
        "tolerance": {
            "metavar": "SHARE",
            "default": "0.05 against a baseline, 0.02 against another version of the model",
            "help": "accepted slowdown, as a share: 0.05 is 5 %",
        },
        "moved": {
            "metavar": "SHARE",
            "default": "no limit",
            "help": "fail a test if more than this share of its planned cost has left a device since the baseline, "
            "such as 0.02 for 2 %",
        },
        "inconclusive": {
            "choices": {
                "skip": "the test is skipped, with the reason",
                "fail": "the test fails",
            },
            "default": "skip",
            "help": "outcome of a test with an inconclusive check",
        },
        "unmeasured": {
            "choices": {
                "inconclusive": "the data cannot decide",
                "fail": "the machine is assumed to be idle",
            },
            "default": "inconclusive",
            "help": "verdict for a slowdown when CPU contention cannot be measured",
        },
    },
    "measurement": {
        "calls": {"metavar": "N", "default": "100", "help": "measured calls for each model"},
        "timeout": {
            "metavar": "SECONDS",
            "default": "600, and 180 for a load on a virtual Mac",
            "help": "time without a response before an engine process is killed, in s",
        },
        "cache": {
            "choices": {
                "keep": "use those of earlier runs, and measure first loads only if a budget or a baseline needs them",
                "off": "compile in every run, and measure all first loads",
            },
            "default": "keep",
            "help": "compiled models on Core ML",
        },
        "cache_size": {
            "metavar": "GB",
            "default": "10",
            "help": "maximum size of the compiled models kept for later runs, in 10^9 bytes; the least recently used "
            "ones are removed",
        },
    },
    "runtime": {
        "runtime": {
            "choices": {
                "auto": "Core ML where it exists, else the reference runtime, without judging its times",
                "coreml": "Core ML, judging everything on a virtual Mac too",
                "reference": "the reference runtime, judging its times",
            },
            "default": "auto",
            "help": "runtime that executes models",
        },
        "api": {
            "choices": {
                "coremltools": "converts half precision to single precision",
                "pyobjc": "passes half precision, output backings and predictions in flight; needs "
                "pytest-coreml[pyobjc]",
            },
            "default": "coremltools",
            "help": "Python package that calls Core ML",
        },
        "precision": {
            "choices": {
                "fast": "computed in single precision, for timing",
                "strict": "rounded after each operation, for judging outputs",
            },
            "default": "fast",
            "help": "half precision on the reference runtime",
        },
        "threads": {
            "metavar": "N|all",
            "default": "1 for measured models, all for the drop-in",
            "help": "threads of the reference runtime; all: one on each physical core",
        },
        "dropin": {
            "action": "store_const",
            "const": "true",
            "default": "off",
            "help": "make coremltools' own predict() work on machines without Core ML, using the reference runtime",
        },
    },
}
OPTIONS: Final = {name: settings for group in GROUPS.values() for name, settings in group.items()}
RUNTIMES, INCONCLUSIVE, CACHES, PRECISIONS, APIS, UNMEASURED = (
    tuple(OPTIONS[name]["choices"]) for name in ("runtime", "inconclusive", "cache", "precision", "api", "unmeasured")
)
# Those of which the ini file may give several, one a line or as a list.
_LISTS: Final = ("baseline", "compute_units", "variants")


def add_options(parser: pytest.Parser) -> None:
    """Declare the options, each with a twin in the ini file: `--coreml-calls` and `coreml_calls`."""
    for title, options in GROUPS.items():
        group = parser.getgroup(f"coreml-{title}", f"Core ML performance tests: {title}")
        for name, settings in options.items():
            option = option_of(name)
            group.addoption(option, dest=f"coreml_{name}", **_for_argparse(settings))
            kind: Literal["linelist", "string"] = "linelist" if name in _LISTS else "string"
            parser.addini(f"coreml_{name}", f"the same as {option}", kind, default="")


def option_of(name: str) -> str:
    """Return the option of the command line for a *name*, as `--coreml-cache-size` for `cache_size`."""
    return f"--coreml-{name.replace('_', '-')}"


def _for_argparse(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `add_argument`; the help has the meaning of each choice, and the default."""
    choices: dict[str, str] = settings.get("choices", {})
    meanings = "".join(f"; {choice}: {meaning}" for choice, meaning in choices.items())
    text = f"{settings['help']}{meanings} (default: {settings['default']})".replace("%", "%%")
    return {**settings, **({"choices": tuple(choices)} if choices else {}), "default": None, "help": text}


def given(config: pytest.Config, name: str) -> Any:
    """Return the option *name* of the command line, else that of the ini file; None when neither has it."""
    value = config.getoption(f"coreml_{name}", None)
    return value if value is not None else _of_ini_file(config, f"coreml_{name}")


def _of_ini_file(config: pytest.Config, name: str) -> Any:
    try:
        value = config.getini(name)
    except (TypeError, pytest.UsageError) as error:
        value = _as_written(config, name, error)
    return None if value in ("", []) else value


def _as_written(config: pytest.Config, name: str, error: Exception) -> Any:
    """Return the value in the table `[tool.pytest]` as it is written.

    pytest wants one type for each option there. This plugin accepts 50 and "50", a name and a list of names, and has
    its own errors for the rest.
    """
    # The attribute of pytest 9.1 and later, and of 9.0; earlier ones refuse nothing.
    written = vars(config).get("_inicfg") or vars(config).get("inicfg") or {}
    if name not in written:
        raise pytest.UsageError(f"{name}: {error}") from None
    return written[name].value


def is_any_given(config: pytest.Config) -> bool:
    """Return True if one of our options is given."""
    return any(given(config, name) is not None for name in OPTIONS)


def is_test_path(word: str) -> bool:
    """Return True if *word*, which follows an option with an optional path, is something to run.

    That is a folder, also one that does not exist, a test file, a node id, a model or the manifest of a Swift package.
    """
    path = Path(word.split("::", maxsplit=1)[0])
    # Unlike Path.is_dir, this takes a name that is too long.
    is_folder = os.path.isdir(path)  # noqa: PTH112
    is_file = path.suffix in (".py", *MODEL_SUFFIXES) or path.name == SWIFT_MANIFEST
    return "::" in word or word.endswith("/") or is_folder or is_file


def return_test_paths(config: pytest.Config) -> None:
    """Return to pytest the test paths that argparse took for values of options with an optional path.

    Raises `UsageError` where one stood behind an equals sign: it is a path to write to, and is not a file.
    """
    # By option: the word that argparse took for its value, and the default.
    kept: dict[str, tuple[str, str]] = getattr(config.option, "coreml_test_paths", {})
    for option, (word, default) in kept.items():
        if f"{option}={word}" in config.invocation_params.args:
            from pytest_coreml.errors import UsageError

            raise UsageError(f"{option}={word}: expected the name of a file, as {Path(word, default)}")
    words = [word for word, _ in kept.values()]
    if words:
        given_too = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        config.args[:] = [*words, *given_too]
