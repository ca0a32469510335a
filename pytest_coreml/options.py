"""What the user asked for on the command line and in the ini file, read once."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pytest_coreml.compute_units import parse_compute_units
from pytest_coreml.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from pytest_coreml.compute_units import ComputeUnits

DEFAULT_REPORT: Final = "coreml-report.json"
RUNTIMES: Final = ("auto", "coreml", "reference")


class ReportAction(argparse.Action):
    """Takes `--coreml-report[=PATH]`, and gives back a test path that argparse took for the PATH.

    In `pytest --coreml-report tests/` the user means the default report, and tests/ to run.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 (argparse's signature)
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Store the path, or the default and the test path."""
        value = str(values) if values else DEFAULT_REPORT
        if is_test_path(value):
            namespace.coreml_test_path = value
            value = DEFAULT_REPORT
        setattr(namespace, self.dest, value)


def is_test_path(word: str) -> bool:
    """Say whether *word*, which follows `--coreml-report`, is something to run: a folder, a test file, a node id, a
    model."""
    path = Path(word.split("::", maxsplit=1)[0])
    return "::" in word or path.is_dir() or path.suffix in (".py", ".mlmodel", ".mlpackage")


def add_options(parser: pytest.Parser) -> None:
    """Declare the options, each with a twin in the ini file: `--coreml-calls` and `coreml_calls`."""
    group = parser.getgroup("coreml", "Core ML performance tests")
    add = group.addoption
    add(
        "--coreml-report",
        dest="coreml_report",
        action=ReportAction,
        nargs="?",
        default=None,
        metavar="PATH",
        help=f"write a JSON performance report (default path: {DEFAULT_REPORT})",
    )
    add(
        "--coreml-runtime",
        dest="coreml_runtime",
        choices=RUNTIMES,
        default=None,
        help="what executes models; auto (default): Core ML where it exists, else the reference runtime, "
        "whose times are not judged; reference: judge its times too",
    )
    add("--coreml-model", dest="coreml_model", metavar="PATH", help="the model of tests that name none")
    add(
        "--coreml-compute-units",
        dest="coreml_compute_units",
        metavar="LIST",
        help="compute units of tests that name none, separated by commas (default: all)",
    )
    add("--coreml-calls", dest="coreml_calls", metavar="N", help="measured calls a run (default: 100)")
    add(
        "--coreml-timeout",
        dest="coreml_timeout",
        metavar="SECONDS",
        help="how long an engine may give no sign of life in one step (default: 600)",
    )
    add(
        "--coreml-inconclusive",
        dest="coreml_inconclusive",
        choices=("fail", "skip"),
        default=None,
        help="what an inconclusive check does to its test (default: skip)",
    )
    for name in ("report", "runtime", "model", "compute_units", "calls", "timeout", "inconclusive"):
        parser.addini(f"coreml_{name}", f"the same as --coreml-{name.replace('_', '-')}", default="")


@dataclass(frozen=True)
class Options:
    """What the user asked for. *timeout*: seconds. *calls*: measured calls a run."""

    rootdir: Path
    report: Path | None = None
    runtime: str = "auto"
    model: str | None = None
    compute_units: tuple[ComputeUnits, ...] = ("all",)
    calls: int = 100
    timeout: float = 600.0
    inconclusive: Literal["fail", "skip"] = "skip"

    @classmethod
    def from_config(cls, config: pytest.Config) -> Options:
        """Read the options, and for those not given the ini file; `UsageError` for a value that cannot be."""

        def value(name: str) -> str | None:
            given = config.getoption(f"coreml_{name}", None)
            return given if given is not None else (config.getini(f"coreml_{name}") or None)

        report = value("report")
        return cls(
            rootdir=config.rootpath,
            report=Path(config.invocation_params.dir, report) if report else None,
            runtime=_choice("runtime", value("runtime") or "auto", RUNTIMES),
            model=value("model"),
            compute_units=_units(value("compute_units") or "all"),
            calls=_number("calls", value("calls") or "100", int),
            timeout=_number("timeout", value("timeout") or "600", float),
            inconclusive=cast(
                "Literal['fail', 'skip']", _choice("inconclusive", value("inconclusive") or "skip", ("fail", "skip"))
            ),
        )


def _units(text: str) -> tuple[ComputeUnits, ...]:
    words = text.replace(",", " ").split()
    try:
        return tuple(dict.fromkeys(parse_compute_units(word) for word in words))
    except UsageError as error:
        raise UsageError(f"--coreml-compute-units: {error}") from None


def _choice(name: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise UsageError(f"coreml_{name}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def _number(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        word = "whole number" if kind is int else "number"
        raise UsageError(f"--coreml-{name}: expected a positive {word}, got {text!r}")
    return number
