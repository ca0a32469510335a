"""The declaration of the options, on pytest's command line and in its ini file; `read_options.py` reads them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import pytest

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_REPORT: Final = "coreml-report.json"
DEFAULT_TRACE: Final = "coreml-trace.json"
DEFAULT_PAGE: Final = "coreml-report.html"
# The first of each is the default.
RUNTIMES: Final = ("auto", "coreml", "reference")
INCONCLUSIVE: Final = ("skip", "fail")
CACHES: Final = ("keep", "off")
PRECISIONS: Final = ("fast", "strict")
APIS: Final = ("coremltools", "pyobjc")
UNMEASURED: Final = ("inconclusive", "fail")


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
            namespace.coreml_test_paths = {**kept, option: KeptPath(value, self.const)}
            value = self.const
        setattr(namespace, self.dest, value)


class KeptPath(NamedTuple):
    """A *word* that argparse took for the value of an option, whose default is *default*."""

    word: str
    default: str


# Name, without the prefix `coreml_`, and what argparse is to know of it. No default stands here: the ini file's value
# comes before it.
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "report": {
        "action": OptionalPathAction,
        "nargs": "?",
        "const": DEFAULT_REPORT,
        "metavar": "PATH",
        "help": f"write a JSON performance report (default path: {DEFAULT_REPORT})",
    },
    "trace": {
        "action": OptionalPathAction,
        "nargs": "?",
        "const": DEFAULT_TRACE,
        "metavar": "PATH",
        "help": "write a timeline of compiling, loading and predicting, in the trace event format of Perfetto (default "
        f"path: {DEFAULT_TRACE})",
    },
    "html": {
        "action": OptionalPathAction,
        "nargs": "?",
        "const": DEFAULT_PAGE,
        "metavar": "PATH",
        "help": f"write the report as a single HTML page (default path: {DEFAULT_PAGE})",
    },
    "baseline": {
        "action": "append",
        "metavar": "PATH",
        "help": "compare with this report, or with the reports in this folder, one for each run (repeatable; in the "
        "ini file one path a line, relative to the rootdir)",
    },
    "runtime": {
        "choices": RUNTIMES,
        "help": "runtime that executes models; auto (default): Core ML where it exists, else the reference runtime, "
        "without judging its times; coreml: Core ML, judging everything on a virtual Mac too; reference: the reference "
        "runtime, judging its times",
    },
    "model": {"metavar": "PATH", "help": "default model for tests that don't name one"},
    "compute_units": {
        "metavar": "LIST",
        "help": "compute units for tests that don't name any, separated by commas (default: all)",
    },
    "variants": {
        "metavar": "LIST",
        "help": "compressed variants to build and test with their originals, for tests that don't name any, separated "
        "by commas, such as int8,palette-4",
    },
    "calls": {"metavar": "N", "help": "measured calls per run (default: 100)"},
    "timeout": {
        "metavar": "SECONDS",
        "help": "seconds without a response before an engine process is killed (default: 600, and 180 for a load on a "
        "virtual Mac)",
    },
    "inconclusive": {
        "choices": INCONCLUSIVE,
        "help": "outcome of a test with an inconclusive check (default: skip)",
    },
    "precision": {
        "choices": PRECISIONS,
        "help": "half precision on the reference runtime; fast (default): computed in single precision, for timing; "
        "strict: rounded after each operation, for judging outputs",
    },
    "api": {
        "choices": APIS,
        "help": "package that calls Core ML; coremltools (default); pyobjc: passes half precision, output backings and "
        "predictions in flight, and needs pytest-coreml[pyobjc]",
    },
    "threads": {
        "metavar": "N|all",
        "help": "threads of the reference runtime; all: one on each physical core (default: 1 for measured models, all "
        "for the drop-in)",
    },
    "dropin": {
        "action": "store_const",
        "const": "true",
        "help": "make coremltools' own predict() work on machines without Core ML, using the reference runtime",
    },
    "against": {
        "metavar": "MODEL",
        "help": "other version of the model to compare with, in interleaved calls; or a folder with models of the same "
        "file names",
    },
    "tolerance": {
        "metavar": "SHARE",
        "help": "accepted slowdown (default: 0.05, which is 5 %%, against a baseline; 0.02 against another version "
        "of the model)",
    },
    "moved": {
        "metavar": "SHARE",
        "help": "fail a test if more than this share of its planned cost has left a device since the baseline, such as "
        "0.02 for 2 %%",
    },
    "observe": {
        "action": "store_const",
        "const": "true",
        "help": "report for each model measured on Core ML which devices worked, by counters of the system, in a "
        "separate process",
    },
    "explain": {
        "action": "store_const",
        "const": "true",
        "help": "after a failed placement rule on Core ML, ask the compiler why operations are not on the Neural "
        "Engine; this compiles the model once more, which can take minutes",
    },
    "cache": {
        "choices": CACHES,
        "help": "compiled models on Core ML; keep (default): use those of earlier runs, and measure first loads only "
        "if a budget or a baseline needs them; off: compile in every run, and measure all first loads",
    },
    "cache_size": {
        "metavar": "GB",
        "help": "maximum size of the compiled models kept for later runs; the least recently used ones are removed "
        "(default: 10)",
    },
    "unmeasured": {
        "choices": UNMEASURED,
        "help": "verdict for a slowdown when CPU contention cannot be measured (default: inconclusive)",
    },
}
# Those of which the ini file may give several, one a line or as a list.
_LISTS: Final = ("baseline", "compute_units", "variants")


def add_options(parser: pytest.Parser) -> None:
    """Declare the options, each with a twin in the ini file: `--coreml-calls` and `coreml_calls`."""
    group = parser.getgroup("coreml", "Core ML performance tests")
    for name, settings in OPTIONS.items():
        option = f"--coreml-{name.replace('_', '-')}"
        group.addoption(option, dest=f"coreml_{name}", default=None, **settings)
        kind: Literal["linelist", "string"] = "linelist" if name in _LISTS else "string"
        parser.addini(f"coreml_{name}", f"the same as {option}", kind, default="")


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
    kept: dict[str, KeptPath] = getattr(config.option, "coreml_test_paths", {})
    for option, (word, default) in kept.items():
        if f"{option}={word}" in config.invocation_params.args:
            from pytest_coreml.errors import UsageError

            raise UsageError(f"{option}={word}: expected the name of a file, as {Path(word, default)}")
    words = [path.word for path in kept.values()]
    if words:
        given_too = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        config.args[:] = [*words, *given_too]
