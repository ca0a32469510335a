"""The models that ended their engine, for all workers of one run: none is loaded again on the same compute units."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.engine.host_lock import lock_folder, own_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits

# Path, compute units and function of a model.
Suspect = tuple[str, "ComputeUnits", "str | None"]


@dataclass(frozen=True)
class Death:
    """The end of an engine. *how*: what the test was told that saw it; *test*: its node id, None outside of tests."""

    how: str
    test: str | None

    @property
    def refusal(self) -> str:
        """Why the model is not loaded again."""
        where = f" in {self.test}" if self.test else ""
        return f"not loaded again in this run, since it ended its engine{where}:\n{self.how}"


class Deaths:
    """Who ended an engine, how, and in which test.

    *run*: what pytest-xdist calls the run that this process is a worker of; None in a process that is none. Workers
    tell each other by a file, which is there from the first death on. *present*: gives the test that runs now.
    """

    def __init__(self, run: str | None, present: Callable[[], str | None] = lambda: None) -> None:
        self._known: dict[Suspect, Death] = {}
        self._run = run
        self._present = present

    def note(self, suspect: Suspect, how: str) -> None:
        """Remember that *suspect* has ended an engine in the present test."""
        if suspect in self._known:
            return
        self._known[suspect] = death = Death(how, self._present())
        if self._run is not None:
            own_folder()
            with _file_of(self._run).open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps([*suspect, death.how, death.test])}\n")

    def of(self, suspect: Suspect) -> Death | None:
        """Say how *suspect* has ended an engine; None when it has not."""
        if suspect not in self._known and self._run is not None:
            self._read(_file_of(self._run))
        return self._known.get(suspect)

    def elsewhere(self, suspect: Suspect) -> Death | None:
        """Give the same, but None when that was in the present test."""
        death = self.of(suspect)
        return death if death is not None and death.test != self._present() else None

    def told(self, how: str, test: str) -> Death | None:
        """Give the death that *test* was told of in the words of *how*, if these are of one."""
        return next((death for death in self._known.values() if death == Death(how, test)), None)

    def _read(self, file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_text(encoding="utf-8").splitlines():
                # The last one may be half written.
                with contextlib.suppress(ValueError):
                    *suspect, how, test = json.loads(line)
                    self._known.setdefault(tuple(suspect), Death(how, test))


def forget(run: str) -> None:
    """Remove what the workers of *run* have told each other, when it is over."""
    _file_of(run).unlink(missing_ok=True)


def _file_of(run: str) -> Path:
    return lock_folder() / f"deaths-{run}.jsonl"
