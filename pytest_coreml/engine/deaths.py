"""The models that ended their engine, for all workers of one run: none is loaded again on the same compute units."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from pytest_coreml.turns import lock_folder, own_folder

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.compute_units import ComputeUnits

# Path, compute units and function of a model.
Suspect = tuple[str, "ComputeUnits", "str | None"]


class Deaths:
    """Who ended an engine, and how. *run*: what pytest-xdist calls the run that this process is a worker of; None in a
    process that is none. Workers tell each other by a file, which is there from the first death on."""

    def __init__(self, run: str | None) -> None:
        self._known: dict[Suspect, str] = {}
        self._run = run

    def note(self, suspect: Suspect, how: str) -> None:
        """Remember that *suspect* has ended an engine."""
        if suspect in self._known:
            return
        self._known[suspect] = how
        if self._run is not None:
            own_folder()
            with _file_of(self._run).open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps([*suspect, how])}\n")

    def how(self, suspect: Suspect) -> str | None:
        """Say how *suspect* has ended an engine; None when it has not."""
        if suspect not in self._known and self._run is not None:
            self._read(_file_of(self._run))
        return self._known.get(suspect)

    def _read(self, file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_text(encoding="utf-8").splitlines():
                # The last one may be half written.
                with contextlib.suppress(ValueError):
                    *suspect, how = json.loads(line)
                    self._known.setdefault(tuple(suspect), how)


def forget(run: str) -> None:
    """Remove what the workers of *run* have told each other, when it is over."""
    _file_of(run).unlink(missing_ok=True)


def _file_of(run: str) -> Path:
    return lock_folder() / f"deaths-{run}.jsonl"
