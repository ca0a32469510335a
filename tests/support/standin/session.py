"""The scenario of this process, the journal of its native calls, and what the operating system remembers.

Scenario, journal and memory are files side by side, so that several processes share them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from standin.scenario import Scenario, load

ENVIRONMENT = "COREML_STANDIN"
# What is kept of a first load: nothing, the part that does not depend on the path, or all.
Known = Literal["nothing", "moved", "all"]


class Session:
    """One process over the stand-in."""

    def __init__(self, path: Path) -> None:
        self.scenario: Scenario = load(path)
        self.journal = path.with_suffix(".journal")
        self.cache = path.with_suffix(".cache")
        self.calls: Counter[tuple[Any, ...]] = Counter()
        self.awake = False
        self.predictions = 0
        self.loaded: set[str] = set()
        self._predicting_since: float | None = None

    def note_prediction(self) -> None:
        """Count a prediction of this process."""
        self.predictions += 1
        if self._predicting_since is None:
            self._predicting_since = time.monotonic()

    @property
    def predicting_seconds(self) -> float:
        """The time since the first prediction of this process."""
        return time.monotonic() - self._predicting_since if self._predicting_since is not None else 0.0

    def note(self, stage: str, **facts: Any) -> None:
        """Append one native call to the journal."""
        line = json.dumps({"stage": stage, "pid": os.getpid(), **facts}) + "\n"
        with self.journal.open("a", encoding="utf-8") as stream:
            stream.write(line)

    def recall(self, compiled: str, units: str) -> Known:
        """Return what the system's cache knows of a compiled model, by the identity of its file, and keep it.

        The cache has a link to the file, so that no other file gets the same identity while it is there.
        """
        data = Path(compiled, "coremldata.bin")
        if not data.is_file():
            return "nothing"
        self.cache.mkdir(exist_ok=True)
        entry = self.cache / f"{units}-{data.stat().st_ino}"
        path = self.cache / f"{entry.name}.path"
        known: Known = "nothing"
        if entry.exists() and entry.samefile(data):
            known = "all" if path.read_text(encoding="utf-8") == str(data.resolve()) else "moved"
        else:
            with contextlib.suppress(OSError):  # another process is faster, or the file is on another disk
                os.link(data, entry)
        path.write_text(str(data.resolve()), encoding="utf-8")
        return known


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the native calls that were made under the scenario at *path*, by all processes, in order."""
    journal = path.with_suffix(".journal")
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


_current: list[Session] = []


def begin(path: Path) -> Session:
    """Make the scenario at *path* the one of this process."""
    _current[:] = [Session(path)]
    return _current[0]


def current() -> Session:
    """Return the session of this process."""
    return _current[0]
