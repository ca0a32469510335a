"""`pytest-coreml compare BASE... --current CUR...`: finished reports against baseline reports."""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from pytest_coreml.report.comparison import Comparison, Key, Row


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("compare", help="judge reports against baseline reports (exit 1: slower, 3: unsure)")
    parser.add_argument("baseline", nargs="+", type=Path, metavar="BASE", help="report, or folder of reports")
    parser.add_argument("--current", nargs="+", type=Path, metavar="CUR", required=True, help="the same, to be judged")
    parser.add_argument("--format", choices=tuple(_WRITERS), default="text")
    parser.add_argument("--tolerance", type=_share, default=0.05, help="slowdown that is accepted (default 0.05)")
    parser.add_argument("--require-all", action="store_true", help="error when a side lacks a measurement of the other")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the verdicts; 0 ok, 1 regressed, 3 inconclusive, 2 for what `--require-all` misses."""
    from pytest_coreml.report.comparison import compare, read_runs

    result = compare(read_runs(arguments.baseline), read_runs(arguments.current), arguments.tolerance)
    sys.stdout.write(_WRITERS[arguments.format](result))
    missing = len(result.only_baseline) + len(result.only_current)
    if arguments.require_all and missing:
        sys.stderr.write(f"pytest-coreml: {missing} measurements exist on one side only, and --require-all is given\n")
        return 2
    if result.has("failed"):
        return 1
    # Nothing compared is no success.
    return 3 if result.has("inconclusive") or not any(row.verdicts for row in result.rows) else 0


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"expected a share such as 0.05 (5 %), got {text!r}")
    return value


def _name(key: Key) -> str:
    from pytest_coreml.report.figures import printable

    return printable(f"{key[0]} {key[1]} {key[2]}")


def _findings(row: Row) -> list[tuple[str, str]]:
    """Give verdict and words for each judgement of *row*."""
    from pytest_coreml.report.figures import number, printable
    from pytest_coreml.report.regression_text import regression_text

    time = [(row.time.verdict, printable(regression_text(row.time)))] if row.time else []
    sizes = [
        (str(check.verdict), f"size {number(check.value)} MB vs {number(check.limit)} MB")
        for check in row.checks
        if check.verdict == "failed" or not row.time
    ]
    return [*time, *sizes]


def _one_sided(result: Comparison) -> list[str]:
    return [f"only in the baseline: {_name(key)}" for key in result.only_baseline] + [
        f"only in the current report: {_name(key)}" for key in result.only_current
    ]


def _text(result: Comparison) -> str:
    blocks = [
        "\n".join([_name(row.key), *(f"  {verdict}: {words}" for verdict, words in _findings(row))])
        for row in result.rows
    ]
    return "\n".join([*blocks, *_one_sided(result), _total(result)]) + "\n"


def _total(result: Comparison) -> str:
    if not result.rows:
        return "nothing to compare: the two sides have no measurement in common"
    counts = ((word, sum(word in row.verdicts for row in result.rows)) for word in ("failed", "inconclusive"))
    return f"{len(result.rows)} compared, " + ", ".join(f"{count} {word}" for word, count in counts)


def _markdown(result: Comparison) -> str:
    lines = ["| measurement | verdict | |", "| --- | --- | --- |"]
    for row in result.rows:
        lines += [f"| {_plain(_name(row.key))} | {verdict} | {_plain(words)} |" for verdict, words in _findings(row)]
    return "\n".join([*lines, "", *(f"- {_plain(line)}" for line in _one_sided(result)), "", _total(result)]) + "\n"


def _plain(text: str) -> str:
    """Escape *text* so that Markdown and HTML in it are shown and not obeyed."""
    escaped = "".join(f"\\{char}" if char in r"\`*_{}[]()#+-!|~@" else char for char in text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")


def _github(result: Comparison) -> str:
    levels = {"failed": "error", "inconclusive": "warning"}
    lines = [
        f"::{levels[verdict]} title={_escaped(_name(row.key), ':,')}::{_escaped(words)}"
        for row in result.rows
        for verdict, words in _findings(row)
        if verdict in levels
    ]
    lines += [f"::notice::{_escaped(line)}" for line in _one_sided(result)]
    return "\n".join([*lines, _total(result)]) + "\n"


def _escaped(text: str, more: str = "") -> str:
    """Escape *text* for a workflow command of GitHub Actions; *more* are the characters that end a property."""
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)


def _json(result: Comparison) -> str:
    rows = [
        {
            "id": row.key[0],
            "compute_units": row.key[1],
            "function": row.key[2],
            "findings": [{"verdict": verdict, "text": words} for verdict, words in _findings(row)],
            "effect": row.time.effect if row.time else None,
            "margin": row.time.margin if row.time else None,
        }
        for row in result.rows
    ]
    sides = {"only_baseline": result.only_baseline, "only_current": result.only_current}
    return json.dumps({"measurements": rows, **sides}, indent=2) + "\n"


_WRITERS = {"text": _text, "json": _json, "markdown": _markdown, "github": _github}
