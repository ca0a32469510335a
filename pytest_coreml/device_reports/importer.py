"""The protocol of importers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.device_reports.device_result import DeviceResult, Stated
    from pytest_coreml.device_reports.imported_file import ImportedFile


class Importer(NamedTuple):
    """Reads one kind of file. A module of `importers/` has one, under the name `IMPORTER`."""

    kind: str
    """The kind of file in words, such as `a performance report of Xcode`."""
    recognizes: Callable[[ImportedFile], bool]
    """Return True for a file of this kind, by its content."""
    read: Callable[[Sequence[ImportedFile], Stated], list[DeviceResult]]
    """Return the results in files of this kind.

    Raise `ReportError`, naming the file and the place in it, for what cannot be imported.
    """
    belong_together: bool = False
    """True if one file may describe the device of another, so that all are read at once."""
