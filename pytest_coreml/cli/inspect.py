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
    parser = subparsers.add_parser(
        "inspect",
        help="print what a model file declares, without loading the model",
        description="Print the inputs, outputs, sizes and operations of a model file, and advice on its placement, "
        "without loading the model.",
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="path of a .mlpackage, .mlmodel or .mlmodelc")
    parser.add_argument("--function", metavar="NAME", help="function of an ML Program with several")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="time limit (default: 120)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the specification of a model, with all of its functions unless one is named; return 0."""
    spec, others = read(arguments.model, arguments.function, arguments.timeout)
    if arguments.format == "json":
        by_function = {"other_functions": {name: asdict(other) for name, other in others.items()}} if others else {}
        sys.stdout.write(json.dumps({**asdict(spec), **by_function}, indent=2) + "\n")
    else:
        from pytest_coreml.report.text.specification_text import spec_lines

        write_text("\n".join(spec_lines(spec, others)) + "\n")
    return 0


def read(path: Path, function: str | None, timeout: float) -> tuple[ModelSpec, dict[str, ModelSpec]]:
    """Return the specification, and those of the other functions where no *function* is named.

    They are read by an engine process. Raises `ModelError` if *path* is not a model.
    """
    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.protocol import Describe
    from pytest_coreml.session.near_models import near_model

    if not path.exists():
        raise UsageError(f"{path}: there is no such file or package{near_model(path.name, [path.parent])}")
    engine = Engine("auto", timeout)
    engine.subject = path.name
    try:
        spec = engine.ask(Describe(str(path), function))
        names = [name for name in spec.functions if name != spec.default_function] if function is None else []
        return spec, {name: engine.ask(Describe(str(path), name)) for name in names}
    finally:
        engine.close()
