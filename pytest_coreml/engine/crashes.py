"""The models that crashed an engine, shared by all workers of a run: none is loaded again on the same compute units."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.host_lock import lock_folder, own_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits

# Seconds after which no run can still be going on that wrote a file.
_MAX_AGE: Final = 7 * 24 * 3600.0
# Path, compute units, function and fingerprint of a model.
ModelKey = tuple[str, "ComputeUnits", "str | None", str]


@dataclass(frozen=True)
class Crash:
    """The end of an engine. *error*: the message that the test saw; *test*: its node id, None outside of tests."""

    error: str
    test: str | None

    @property
    def message(self) -> str:
        """The reason why the model is not loaded again."""
        where = f" in {self.test}" if self.test else ""
        return f"not reloaded: this model crashed its engine process{where}:\n{self.error}"


class Crashes:
    """The crashes of a run by model.

    *run_id*: the id that pytest-xdist gives to the run of this worker; None in a process that is not a worker. Workers
    share a file, which exists from the first crash on. *current_test*: returns the node id of the running test.
    """

    def __init__(self, run_id: str | None, current_test: Callable[[], str | None] = lambda: None) -> None:
        self._by_model: dict[ModelKey, Crash] = {}
        self._run_id = run_id
        self._current_test = current_test

    def add(self, model: ModelKey, error: str) -> None:
        """Remember that *model* crashed an engine in the current test, unless an earlier crash is known."""
        if model in self._by_model:
            return
        self._by_model[model] = crash = Crash(error, self._current_test())
        if self._run_id is not None:
            own_folder()
            with _shared_file(self._run_id).open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps([*model, crash.error, crash.test])}\n")

    def get(self, model: ModelKey) -> Crash | None:
        """Return the crash of *model*, in this worker or another one; None when there is none."""
        if model not in self._by_model and self._run_id is not None:
            self._read(_shared_file(self._run_id))
        return self._by_model.get(model)

    def from_another_test(self, model: ModelKey) -> Crash | None:
        """Return the crash of *model*; None when there is none, or when it was in the current test."""
        crash = self.get(model)
        return crash if crash is not None and crash.test != self._current_test() else None

    def for_test(self, test: str, error: str) -> Crash | None:
        """Return the crash that *test* has reported with the message *error*, if any."""
        return next((crash for crash in self._by_model.values() if crash == Crash(error, test)), None)

    def _read(self, file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_text(encoding="utf-8").splitlines():
                # Another worker may still be writing the last line.
                with contextlib.suppress(ValueError):
                    *model, error, test = json.loads(line)
                    self._by_model.setdefault(tuple(model), Crash(error, test))


def forget(run_id: str) -> None:
    """Remove the file that the workers of the run shared, when it is over, and old files of runs that were killed."""
    _shared_file(run_id).unlink(missing_ok=True)
    for file in lock_folder().glob(_shared_file("*").name):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < time.time() - _MAX_AGE:
                file.unlink()


def _shared_file(run_id: str) -> Path:
    return lock_folder() / f"crashes-{run_id}.jsonl"
