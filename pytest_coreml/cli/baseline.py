"""`pytest-coreml baseline add REPORT... DIR`: keep baseline runs in a folder for version control."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.cli.output import write_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.verdict.regression.baseline_quality import Quality
    from pytest_coreml.verdict.regression.run import Runs

# The exit status of what cannot be decided, as that of `compare`.
_INCONCLUSIVE = 3
# The number of remarks that are printed; the rest is counted.
_MAX_REMARKS = 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "baseline",
        help="keep baseline runs in a folder for version control",
        description="Keep baseline runs in a folder for version control.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser(
        "add",
        help="add a run to a folder of baseline runs",
        description="Add runs to a folder of baseline runs, and remove the oldest ones of each machine kind.",
    )
    add.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="report of the run to add")
    add.add_argument("folder", type=Path, metavar="DIR", help="folder of baseline runs, created if missing")
    add.add_argument(
        "--keep", type=_count, default=5, metavar="N", help="runs to keep for each machine kind (default: 5)"
    )
    add.add_argument(
        "--replace",
        action="store_true",
        help="accept the new state: remove older runs of the measurements in the reports",
    )
    add.add_argument(
        "--require-usable",
        action="store_true",
        help="exit status 3 if a run could not judge a metric with a baseline, or could fail only a slowdown of more "
        "than 10 %%; the runs are added anyway",
    )
    add.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add runs; print the files written, already there and removed, and what a run cannot judge with the baselines.

    Return 0, or 3 for a baseline that is not usable, with `--require-usable`.
    """
    from pytest_coreml.errors import UsageError
    from pytest_coreml.report.document.baseline_folder import add_runs

    if arguments.folder.exists() and not arguments.folder.is_dir():
        raise UsageError(f"{arguments.folder} is a file; name the folder of baseline runs last")
    update = add_runs(arguments.reports, arguments.folder, arguments.keep, arguments.replace)
    lines = [
        *(f"written: {path}" for path in update.written),
        *(f"already there: {path}" for path in update.unchanged),
        *(f"removed: {path}" for path in update.removed),
    ]
    qualities = list(_assess_added(arguments.reports, update.runs))
    write_text("".join(f"{line}\n" for line in [*lines, *_remarks(qualities)]))
    is_usable = all(quality.usable for _, quality in qualities)
    return _INCONCLUSIVE if arguments.require_usable and not is_usable else 0


def _assess_added(reports: Sequence[Path], all_runs: Sequence[Path]) -> Iterator[tuple[str, Quality]]:
    from pytest_coreml.report.document.runs import read_runs

    return _assess(read_runs(reports), read_runs(all_runs))


def _remarks(qualities: Sequence[tuple[str, Quality]]) -> Iterator[str]:
    lines = [f"{name}: {text}" for name, quality in qualities for text in _texts(quality)]
    yield from lines[:_MAX_REMARKS]
    if len(lines) > _MAX_REMARKS:
        yield f"... and {len(lines) - _MAX_REMARKS} more"


def _assess(added: Runs, kept: Runs) -> Iterator[tuple[str, Quality]]:
    """Yield name and quality of the baseline of each measurement in *added*, on each kind of machine."""
    from pytest_coreml.escaping import printable
    from pytest_coreml.report.text.findings import key_text
    from pytest_coreml.verdict.regression.baseline_quality import assess
    from pytest_coreml.verdict.regression.machine_kind import machine_kind

    for key in added:
        chips = {machine_kind(run.machine): _chip(run.machine) for run in added.get(key)}
        for kind, chip in chips.items():
            runs = [run for run in kept.get(key) if machine_kind(run.machine) == kind]
            if runs:
                yield key_text(key) + (f" on {printable(str(chip))}" if len(chips) > 1 else ""), assess(runs)


def _chip(machine: Mapping[str, Any]) -> str:
    return str(machine["chip"] or machine.get("product"))


def _texts(quality: Quality) -> Iterator[str]:
    from pytest_coreml.report.text.causes import reason_text
    from pytest_coreml.report.text.numbers import count_of, percent
    from pytest_coreml.verdict.regression.baseline_quality import RECOMMENDED_RUNS

    for metric, reason in quality.unusable:
        yield f"{metric} cannot be judged: {reason_text(reason)}"
    if quality.uneven and quality.spread is not None and quality.sensitivity is not None:
        yield (
            f"too uneven: runs differ by {percent(quality.spread)} among themselves, so only a slowdown of "
            f"{percent(quality.sensitivity)} can fail; record more runs on an idle machine"
        )
    elif 0 < quality.runs < RECOMMENDED_RUNS:
        yield (
            f"usable, with {count_of('run', quality.runs)}; record {RECOMMENDED_RUNS}, so that the spread between runs "
            "is measured and not assumed"
        )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)
