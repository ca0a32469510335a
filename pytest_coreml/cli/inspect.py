"""`pytest-coreml inspect`: print the description of a model file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_text
from pytest_coreml.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from pytest_coreml.facts.model_spec import ModelSpec


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("inspect", help="print what a model file declares, without loading the model")
    parser.add_argument("model", metavar="MODEL", type=Path, help="path of a .mlpackage, .mlmodel or .mlmodelc")
    parser.add_argument("--function", metavar="NAME", help="function of an ML Program with several")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="time limit (default: 120)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the specification of a model; return 0."""
    spec = read(arguments.model, arguments.function, arguments.timeout)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(asdict(spec), indent=2) + "\n")
    else:
        from pytest_coreml.report.text.specification_text import spec_lines

        write_text("\n".join(spec_lines(spec)) + "\n")
    return 0


def read(path: Path, function: str | None, timeout: float) -> ModelSpec:
    """Return the specification, read by an engine process; raise `ModelError` if *path* is not a model."""
    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.protocol import Describe
    from pytest_coreml.session.near_models import near_model

    if not path.exists():
        raise UsageError(f"{path}: there is no such file or package{near_model(path.name, [path.parent])}")
    engine = Engine("auto", timeout)
    engine.subject = path.name
    try:
        return engine.ask(Describe(str(path), function))
    finally:
        engine.close()
