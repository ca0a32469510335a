"""`pytest-coreml cache`: list and remove the compiled models that are kept between runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from pytest_coreml.cli.number_argument import number_from_zero
from pytest_coreml.cli.output import home_relative, write_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_coreml.engine.compiled_models import KeptModel

_DEFAULT_GB: Final = 10.0
_COLUMNS: Final = ("last used", "size MB", "system", "coremltools", "model")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "cache",
        help="list and remove the compiled models that are kept between runs",
        description="List and remove the compiled models that are kept between runs on a Mac.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="list the compiled models, the least recently used one first")
    listing.set_defaults(run=_list)
    pruning = commands.add_parser("prune", help="remove the least recently used models, down to a total size")
    pruning.add_argument(
        "--size",
        type=_gigabytes,
        default=_DEFAULT_GB,
        metavar="GB",
        help=f"maximum total size, in 10^9 bytes (default: {_DEFAULT_GB:g})",
    )
    pruning.set_defaults(run=_prune)
    clearing = commands.add_parser("clear", help="remove all models that no running process uses")
    clearing.set_defaults(run=_prune, size=0.0)


def _list(_: argparse.Namespace) -> int:
    from pytest_coreml.engine.cache_folder import cache_folder
    from pytest_coreml.engine.compiled_models import list_kept

    folder = cache_folder()
    kept = list_kept(folder)
    write_text(f"{home_relative(folder)}: {count_text(kept)}\n")
    if kept:
        write_text("".join(f"{line}\n" for line in _table(kept)))
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    from pytest_coreml.engine.cache_folder import cache_folder
    from pytest_coreml.engine.compiled_models import list_kept, prune

    folder = cache_folder()
    removed = prune(folder, arguments.size * 1e9)
    left = list_kept(folder)
    write_text(f"{home_relative(folder)}: removed {count_text(removed)}; {count_text(left)} left\n")
    if sum(model.size_bytes for model in left) > arguments.size * 1e9:
        write_text("running tests use the remaining ones\n")
    return 0


def count_text(models: Sequence[KeptModel]) -> str:
    """Return number and total size of *models* as text."""
    total = sum(model.size_bytes for model in models)
    return f"{len(models)} compiled model{'' if len(models) == 1 else 's'}, {total / 1e6:.1f} MB"


def _table(models: Sequence[KeptModel]) -> list[str]:
    rows = [_COLUMNS, *map(_row, models)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(model: KeptModel) -> tuple[str, ...]:
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(model.used)) if model.used else "unknown"
    size = f"{model.size_bytes / 1e6:.1f}"
    made_from = model.compilation
    if made_from is None:
        return used, size, "-", "-", "damaged"
    return used, size, made_from.system, made_from.coremltools, made_from.name


def _gigabytes(text: str) -> float:
    return number_from_zero(text, "a number of gigabytes, 0 or more")
