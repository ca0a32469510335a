"""The command line `pytest-coreml`: one module for each command."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from pytest_coreml._version import __version__
from pytest_coreml.cli import baseline, cache, compare, doctor, import_results, inspect, show, validate
from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.facts.garbage import collection_paused

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (compare, baseline, show, validate, inspect, import_results, cache, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; 2 for a usage error, which is reported in one line on stderr."""
    arguments = parser().parse_args(argv)
    try:
        # Millions of samples are created and kept to the end: collection among them takes a quarter of the time.
        with collection_paused():
            status: int = arguments.run(arguments)
        sys.stdout.flush()
    except CoreMLTestError as error:
        sys.stderr.write(f"pytest-coreml: {error}\n")
        return 2
    except BrokenPipeError:
        # The reader, such as `head`, has stopped. Python would report the same error again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    main_parser = argparse.ArgumentParser(
        prog="pytest-coreml",
        description="Show, compare and import reports of Core ML performance tests, and inspect models.",
    )
    main_parser.add_argument("--version", action="version", version=f"pytest-coreml {__version__}")
    subparsers = main_parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(subparsers)
    return main_parser
