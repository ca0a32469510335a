"""`pytest-coreml baseline add REPORT... DIR`: keep runs to judge against, in a folder for version control."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.regression.baseline_quality import Quality
    from pytest_coreml.verdict.regression.run import Runs

# More measurements with the same complaint are counted.
_NAMED = 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("baseline", help="keep runs to judge against, in a folder for version control")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="add a run to a folder of baseline runs")
    add.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="report of the run to add")
    add.add_argument("folder", type=Path, metavar="DIR", help="folder of baseline runs, made when there is none")
    add.add_argument("--keep", type=_count, default=5, metavar="N", help="runs to keep for each machine (default 5)")
    add.add_argument(
        "--replace", action="store_true", help="accept the new state: forget older runs of what the reports measured"
    )
    add.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add, and say what was written, removed, and is still too thin or too uneven to judge with."""
    from pytest_coreml.errors import UsageError
    from pytest_coreml.report.document.baseline_folder import add_runs

    if arguments.folder.exists() and not arguments.folder.is_dir():
        raise UsageError(f"{arguments.folder} is a file; name the folder of baseline runs last")
    kept = add_runs(arguments.reports, arguments.folder, arguments.keep, arguments.replace)
    lines = [*(f"written: {path}" for path in kept.written), *(f"removed: {path}" for path in kept.removed)]
    lines += _complaints(arguments.reports, kept.runs)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _complaints(reports: Sequence[Path], runs_kept: Sequence[Path]) -> Iterator[str]:
    from pytest_coreml.report.document.runs import read_runs

    assessed = _assess(read_runs(reports), read_runs(runs_kept))
    lines = [f"{name}: {words}" for name, quality in assessed if (words := _words(quality))]
    yield from lines[:_NAMED]
    if len(lines) > _NAMED:
        yield f"... and {len(lines) - _NAMED} more"


def _assess(added: Runs, kept: Runs) -> Iterator[tuple[str, Quality]]:
    """Give name and quality of the baseline of each measurement in *added*, on each kind of machine."""
    from pytest_coreml.report.text.findings import key_text
    from pytest_coreml.report.text.numbers import printable
    from pytest_coreml.verdict.regression.baseline_quality import assess
    from pytest_coreml.verdict.regression.machine_kind import machine_kind

    for key in added:
        chips = {machine_kind(run.machine): run.machine["chip"] for run in added.get(key)}
        for kind, chip in chips.items():
            runs = [run.predict for run in kept.get(key) if run.predict and machine_kind(run.machine) == kind]
            if runs:
                yield key_text(key) + (f" on {printable(str(chip))}" if len(chips) > 1 else ""), assess(runs)


def _words(quality: Quality) -> str | None:
    from pytest_coreml.report.text.numbers import percent

    if quality.usable < quality.runs and quality.thin:
        return (
            f"too thin: only {quality.usable} of {quality.runs} runs have enough undisturbed calls; record on a free "
            "machine"
        )
    if quality.thin:
        runs = f"{quality.runs} run{'' if quality.runs == 1 else 's'}"
        return f"too thin: {runs}, the shortest of {quality.calls} calls; record 3 runs of 100 calls"
    if quality.uneven and quality.spread is not None and quality.sensitivity is not None:
        return (
            f"too uneven: runs differ by {percent(quality.spread)} among themselves, so that only a slowdown of "
            f"{percent(quality.sensitivity)} can fail; record more runs on a free machine"
        )
    return None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)
