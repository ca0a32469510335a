"""`pytest-coreml doctor`: what works on this machine, and the cure for what does not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from pytest_coreml.cli.doctor_checks import Finding


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("doctor", help="say what works here (exit 0: budgets can be judged)")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="limit of a step (default 120)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each thing that was looked at; 0 when budgets can be judged here, else 1."""
    from pytest_coreml.cli.doctor_checks import look_at_machine, look_at_runtime
    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.server.run_queue import RunQueueDelay
    from pytest_coreml.machine import conditions, identity

    machine = identity()
    engine = Engine("auto", arguments.timeout)
    engine.subject = "a tiny model"
    hurdles: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pytest-coreml-doctor-") as folder:
        try:
            for finding in look_at_machine(machine, conditions(), RunQueueDelay.available()):
                hurdles += _tell(finding)
            for finding in look_at_runtime(engine, Path(folder), machine):
                hurdles += _tell(finding)
        finally:
            engine.close()
    sys.stdout.write(f"{_verdict(hurdles)}\n")
    return 1 if hurdles else 0


def _verdict(hurdles: list[str]) -> str:
    if hurdles == ["plan"]:
        return "Budgets in milliseconds can be judged here, and placement cannot: see plan."
    if hurdles:
        return f"Budgets in milliseconds cannot be judged here: see {', '.join(hurdles)}."
    return "Budgets in milliseconds can be judged here."


def _tell(finding: Finding) -> list[str]:
    sys.stdout.write(f"{finding.state:<4} {finding.subject:<10} {finding.text}\n")
    if finding.cure:
        sys.stdout.write(f"{'':<16}-> {finding.cure}\n")
    sys.stdout.flush()
    return [finding.subject] if finding.state == "no" else []
