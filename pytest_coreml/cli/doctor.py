"""`pytest-coreml doctor`: check this machine, and suggest fixes."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_text

if TYPE_CHECKING:
    import argparse

    from pytest_coreml.cli.doctor_checks import Finding


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="check this machine (exit status 0: budgets can be judged)",
        description="Check this machine, and suggest fixes. Exit status: 0 only if budgets can be judged.",
    )
    parser.add_argument(
        "--timeout", type=float, default=120.0, metavar="SECONDS", help="time limit for each step (default: 120)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each check; return 0 if budgets can be judged here, else 1."""
    from pytest_coreml.cli.cache_checks import check_caches
    from pytest_coreml.cli.contention import waiting_share
    from pytest_coreml.cli.doctor_checks import check_machine, check_runtime
    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.work_folder import WorkFolder
    from pytest_coreml.machine import conditions, identity

    machine = identity()
    engine = Engine("auto", arguments.timeout)
    engine.subject = "a tiny model"
    problems: list[str] = []
    with WorkFolder("doctor-") as folder, contextlib.closing(engine):
        for finding in check_machine(machine, conditions(), waiting_share()):
            problems += _print(finding)
        for finding in check_runtime(engine, folder, machine):
            problems += _print(finding)
        if machine.is_mac and engine.facts is not None:
            for finding in check_caches(engine.facts.pid):
                problems += _print(finding)
    write_text(f"{_verdict(problems)}\n")
    return 1 if problems else 0


def _verdict(problems: list[str]) -> str:
    if problems == ["plan"]:
        return "Budgets in milliseconds can be judged here, but placement cannot: see plan."
    if problems:
        return f"Budgets in milliseconds cannot be judged here: see {', '.join(problems)}."
    return "Budgets in milliseconds can be judged here."


def _print(finding: Finding) -> list[str]:
    write_text(f"{finding.state:<4} {finding.subject:<10} {finding.text}\n")
    if finding.fix:
        write_text(f"{'':<16}-> {finding.fix}\n")
    sys.stdout.flush()
    return [finding.subject] if finding.state == "no" else []
