"""`pytest-coreml compare BASE... --current CUR...`: compare finished reports with baseline reports."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.number_argument import number_from_zero
from pytest_coreml.cli.output import write_document, write_lines

if TYPE_CHECKING:
    import argparse

    from pytest_coreml.verdict.regression.comparison import Comparison

# Each format is a module `report.formats.comparison_*` with a function `render(comparison) -> str`; that of
# text has `lines`, which a terminal colors.
_FORMATS = ("text", "json", "markdown", "github")
_INCONCLUSIVE = {"report": 3, "warn": 0, "fail": 1}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "compare",
        help="compare reports with baseline reports (exit status 1: slower, 3: inconclusive)",
        description="Compare reports with baseline reports. Exit status: 0 nothing regressed, 1 something regressed, 2 "
        "a file is not a report, 3 the data cannot decide.",
    )
    parser.add_argument("baseline", nargs="+", type=Path, metavar="BASE", help="baseline report, or folder of reports")
    parser.add_argument(
        "--current",
        nargs="+",
        type=Path,
        metavar="CUR",
        required=True,
        help="report, or folder of reports, to compare with the baseline",
    )
    parser.add_argument("--format", choices=_FORMATS, default="text", help="output format (default: text)")
    parser.add_argument(
        "--tolerance",
        type=_share,
        default=0.05,
        metavar="SHARE",
        help="accepted slowdown (default: 0.05, which is 5 %%)",
    )
    parser.add_argument(
        "--moved",
        type=_share,
        metavar="SHARE",
        help="fail if more than this share of the planned cost has left a device, such as 0.02 for 2 %% (default: "
        "no limit)",
    )
    parser.add_argument(
        "--require-all", action="store_true", help="exit status 2 if a measurement exists on one side only"
    )
    parser.add_argument(
        "--inconclusive",
        choices=tuple(_INCONCLUSIVE),
        default="report",
        help="exit status for an inconclusive comparison: 3 for report, 0 for warn, 1 for fail (default: report)",
    )
    parser.add_argument(
        "--unmeasured",
        choices=("inconclusive", "fail"),
        default="inconclusive",
        help="verdict for a slowdown when CPU contention cannot be measured (default: inconclusive)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the verdicts; return 0 ok, 1 regressed, 3 inconclusive, 2 for what `--require-all` misses."""
    from pytest_coreml.facts.compute_units import DEVICES
    from pytest_coreml.report.document.runs import read_runs
    from pytest_coreml.verdict.regression.comparison import compare
    from pytest_coreml.verdict.regression.judge import Rules

    moved = dict.fromkeys(DEVICES, arguments.moved) if arguments.moved is not None else {}
    rules = Rules(arguments.tolerance, arguments.unmeasured == "fail", moved)
    result = compare(read_runs(arguments.baseline), read_runs(arguments.current), rules)
    module = importlib.import_module(f"pytest_coreml.report.formats.comparison_{arguments.format}")
    write_lines(module.lines(result)) if arguments.format == "text" else write_document(module.render(result))
    missing = len(result.only_baseline) + len(result.only_current)
    if arguments.require_all and missing:
        sys.stderr.write(f"pytest-coreml: {missing} measurements exist on one side only, and --require-all is given\n")
        return 2
    return _status(result, _INCONCLUSIVE[arguments.inconclusive])


def _status(result: Comparison, inconclusive: int) -> int:
    if result.count("failed"):
        return 1
    if result.count("inconclusive"):
        return inconclusive
    # A comparison of nothing is not a success, whatever the status for inconclusive ones is.
    judged = any(verdict != "not_judged" for row in result.rows for verdict in row.findings.verdicts)
    return 0 if judged else _INCONCLUSIVE["report"]


def _share(text: str) -> float:
    return number_from_zero(text, "a share such as 0.05 (5 %)")
