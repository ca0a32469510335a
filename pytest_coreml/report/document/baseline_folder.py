"""A folder of baseline runs for version control: the newest runs of each machine kind, small and stable."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.read import read_document
from pytest_coreml.report.document.write import write_report
from pytest_coreml.verdict.record import variant_of
from pytest_coreml.verdict.regression.machine_kind import machine_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_coreml.report.document.dataclass_codec import Json

DEFAULT_KEEP: Final = 5
# Durations come from clocks that count nanoseconds at best, which is the sixth digit of a millisecond.
_DIGITS: Final = 6
_SAMPLE_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "load": ("compile_ms", "first_load_ms", "load_ms"),
    "predict": ("native_ms", "wall_ms", "wait_ms"),
}
_LOCK_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.02
# The chip, a digest of what makes machines comparable, the time of the run, and a number if two have the same time.
_FILE_NAME: Final = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}-\d{8}T\d{6}Z(-\d+)?\.json")


@dataclass(frozen=True)
class FolderUpdate:
    """The result of adding runs to a folder."""

    written: tuple[Path, ...]
    """The files that were written."""
    removed: tuple[Path, ...]
    """The files that were removed."""
    runs: tuple[Path, ...]
    """All runs that the folder contains now."""
    unchanged: tuple[Path, ...] = ()
    """The files of runs that were already there."""


def add_runs(reports: Sequence[Path], folder: Path, keep: int = DEFAULT_KEEP, replace: bool = False) -> FolderUpdate:
    """Add *reports* to *folder*, and remove all but the newest *keep* runs of their machine kinds.

    *replace*: remove the measurements of the reports from the runs that are already there. Only files that an earlier
    call has written are changed. Raise `ReportError` for a file that is not a report, and if a file cannot be written.
    """
    documents = [_thin(document) for path in reports for document in _by_machine(read_document(path))]
    with _locked(folder):
        runs = _Folder(folder)
        if replace:
            runs.forget(documents)
        for document in documents:
            runs.add(document)
        runs.trim({_kind(document) for document in documents}, keep)
    return FolderUpdate(tuple(runs.written), tuple(runs.removed), tuple(runs.runs), tuple(runs.unchanged))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Create *folder* if needed, and hold a lock on it: two commands at once would take the same names.

    The folder itself is locked, since a file for it would turn up in version control.
    Raise `ReportError` if it cannot be created, or another process holds the lock for a minute.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ReportError(f"cannot write to the baseline folder {folder}: {error.strerror or error}") from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while not _is_locked(descriptor):
        if time.monotonic() > deadline:
            raise ReportError(
                f"cannot write to the baseline folder {folder}: another process has been writing to it for "
                f"{_LOCK_SECONDS:.0f} s"
            )
        time.sleep(_POLL_SECONDS)


def _is_locked(descriptor: int) -> bool:
    """Try to lock; return True if this process holds the lock now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Folder:
    """The runs in a folder, by file; other files in it are ignored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.runs = {path: document for path in _files(folder) if (document := _own(path)) is not None}
        self.written: list[Path] = []
        self.removed: list[Path] = []
        self.unchanged: list[Path] = []

    def add(self, document: Json) -> None:
        """Write *document*, unless the folder contains it."""
        path = self._free_name(document)
        if path not in self.runs:
            self._write(path, document)
        elif path not in self.written:
            self.unchanged.append(path)

    def forget(self, documents: Sequence[Json]) -> None:
        """Remove what *documents* measured from the runs of the same machine kind."""
        measured = {(_kind(document), _key(test)) for document in documents for test in document["tests"]}
        for path, document in list(self.runs.items()):
            rest = [test for test in document["tests"] if (_kind(document), _key(test)) not in measured]
            if not rest:
                self._remove(path)
            elif len(rest) < len(document["tests"]):
                self._write(path, {**document, "tests": rest})

    def trim(self, kinds: Iterable[str], keep: int) -> None:
        """Remove all but the newest *keep* runs of each machine kind in *kinds*."""
        by_kind: dict[str, list[Path]] = defaultdict(list)
        for path, document in sorted(self.runs.items(), key=lambda pair: (pair[1]["created"], pair[0])):
            by_kind[_kind(document)].append(path)
        for path in [path for kind in kinds for path in by_kind[kind][:-keep]]:
            self._remove(path)

    def _write(self, path: Path, document: Json) -> None:
        write_report(document, path)
        self.runs[path] = document
        self.written.append(path)

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        del self.runs[path]
        if path in self.unchanged:
            self.unchanged.remove(path)
        if path in self.written:
            self.written.remove(path)
        else:
            self.removed.append(path)

    def _free_name(self, document: Json) -> Path:
        """Return the path of *document*, the same whenever it is added; a file with other content is not replaced."""
        stem = _prefix(document) + re.sub(r"[-:]", "", document["created"])
        names = itertools.chain([f"{stem}.json"], (f"{stem}-{number}.json" for number in itertools.count(2)))
        free = (path for name in names if not (path := self._folder / name).exists() or self.runs.get(path) == document)
        return next(free)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if _FILE_NAME.fullmatch(path.name)) if folder.is_dir() else []


def _own(path: Path) -> Json | None:
    """Return the document of a file with a name of ours; None if it is something else."""
    try:
        document = read_document(path)
    except ReportError:
        return None
    return document if path.name.startswith(_prefix(document)) else None


def _prefix(document: Json) -> str:
    machine = document["machine"]
    name = str(machine["chip"] or machine.get("product") or "machine")
    chip = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32].strip("-")
    return f"{chip or 'machine'}-{_kind(document)}-"


def _kind(document: Json) -> str:
    text = json.dumps(machine_kind(document["machine"]), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _key(test: Json) -> tuple[str, str, str]:
    return test["id"], test["compute_units"], variant_of(test["function"], test.get("loaded")) or "main"


def _by_machine(document: Json) -> Iterator[Json]:
    """Yield the run of each machine; most reports are of one machine."""
    machines = {None: document["machine"], **document.pop("machines", {})}
    for name, machine in machines.items():
        tests = [{**test, "machine": None} for test in document["tests"] if test.get("machine") == name]
        if tests or len(machines) == 1:
            yield {**document, "machine": machine, "tests": tests}


def _thin(document: Json) -> Json:
    """Keep what a comparison needs: the last attempt of each measurement, in an order that is the same for all runs."""
    last = {_key(test): _without_verdicts(test) for test in document["tests"] if _has_facts(test)}
    tests = [last[key] for key in sorted(last)]
    used = {test["model"] for test in tests}
    models = {digest: model for digest, model in sorted(document["models"].items()) if digest in used}
    return {**_ordered(document), "models": _ordered(models), "tests": tests}


def _has_facts(test: Json) -> bool:
    return any(test[part] is not None for part in ("load", "predict", "memory_mb", "placement"))


def _without_verdicts(test: Json) -> Json:
    thin = {**test, "checks": [], "regression": None, "notes": [], "attempt": 1}
    # No comparison is made of these.
    for name in ("duet", "moved", "sustained"):
        thin.pop(name, None)
    for part, names in _SAMPLE_FIELDS.items():
        if thin.get(part) is not None:
            rounded = {name: _rounded(thin[part][name]) for name in names}
            thin[part] = _ordered({**thin[part], **rounded})
    ordered: Json = _ordered(thin)
    return ordered


def _rounded(samples: list[float] | None) -> list[float] | None:
    return None if samples is None else [round(sample, _DIGITS) for sample in samples]


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return value
