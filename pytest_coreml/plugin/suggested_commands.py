"""The commands that the text of a failure ends with; each can be run where pytest was started."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.record import Record


def figures_command(record: Record, options: Options) -> str:
    """Return the command that shows everything that was measured of *record*."""
    # A run that writes a report has the values in it already.
    if options.report is not None:
        return f"pytest-coreml show {_path(options.report, options)}"
    # Not by `&&`: the test fails again.
    return f"{_rerun(record, options)} --coreml-report; pytest-coreml show coreml-report.json"


def accept_command(record: Record, options: Options, asked: Sequence[str]) -> str | None:
    """Return the command that accepts the current values of *record* as a baseline.

    Returns None when the run has no baseline. *asked*: the arguments that pytest was started with.
    """
    if not options.baseline:
        return None
    folder = next((path for path in reversed(options.baseline) if path.is_dir()), None)
    if folder is None:
        # All tests at once, as the file had them; pytest finds models only by the name of a model or a manifest.
        models = asked if _is_of_model_file(record) or _file(record).name == SWIFT_MANIFEST else ()
        return f"{_words('pytest', *models, *options.repeated)} --coreml-report={_path(options.baseline[-1], options)}"
    report = _path(options.report or options.started_in / "coreml-report.json", options)
    # A run that writes a report has the new state in it already.
    again = "" if options.report else f"{_rerun(record, options)} --coreml-report && "
    return f"{again}pytest-coreml baseline add --replace {report} {_path(folder, options)}"


def _rerun(record: Record, options: Options) -> str:
    """Return the command that runs the test of *record* again, with the baselines of its `min_speedup`."""
    file, colons, test = record.id.partition("::")
    place = os.path.relpath(options.rootdir / file, options.started_in)
    if any(check.check.startswith("min_speedup[") for check in record.checks):
        test = test.partition("[")[0]
    if not _is_of_model_file(record):
        return _words("pytest", place + colons + test, *options.repeated)
    # What pytest names a test of a model file by cannot be given to it.
    repeated = [word for word in options.repeated if not word.startswith("--coreml-compute-units")]
    return _words("pytest", place, f"--coreml-compute-units={record.compute_units}", *repeated)


def _is_of_model_file(record: Record) -> bool:
    return _file(record).suffix in MODEL_SUFFIXES


def _file(record: Record) -> Path:
    return Path(record.id.partition("::")[0])


def _path(path: Path, options: Options) -> str:
    return shlex.quote(os.path.relpath(path, options.started_in))


def _words(*words: str) -> str:
    return " ".join(map(shlex.quote, words))
