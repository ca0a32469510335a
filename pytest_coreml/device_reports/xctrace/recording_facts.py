"""Facts about a recording, from its table of contents (`xctrace export --toc`), without personal details.

The name and the identifier of the device, the arguments and the environment of the process are not read.
"""

from __future__ import annotations

import xml.parsers.expat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.device_reports.xctrace.export_limits import check_export
from pytest_coreml.device_reports.xctrace.export_parts import MAX_DEPTH
from pytest_coreml.device_reports.xctrace.export_root import CONTENTS_ROOT
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from pathlib import Path

_VERSION: Final = "instruments-version"


@dataclass
class RecordingFacts:
    """The known facts about a recording."""

    process: int | None = None
    """The id of the process that was recorded; None for all processes, and if unknown."""
    device: str | None = None
    """The kind of the device, such as `MacBook Pro`."""
    system: str | None = None
    """The version of its system, such as `26.6.2 (25G83)`."""
    instruments: str | None = None
    """The version of Instruments with its build, which tells the version of Xcode."""

    @property
    def text(self) -> str:
        """The facts in words."""
        tool = f"Instruments {self.instruments}" if self.instruments else None
        return ", ".join(filter(None, (self.device, self.system, tool))) or "an unknown device"


def read_recording_facts(path: Path) -> RecordingFacts:
    """Return the facts in the table of contents at *path*; raise `ReportError` if it cannot be read."""
    check_export(path, f"</{CONTENTS_ROOT}>".encode())
    facts, depth, texts = RecordingFacts(), 0, [""]

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        texts[0] = ""
        if depth > MAX_DEPTH:
            raise ReportError(f"{path}: nested too deeply for a table of contents")
        if tag == "process" and facts.process is None and "type" in attributes:
            pid = attributes.get("pid", "")
            facts.process = int(pid) if pid.isdecimal() and len(pid) < 10 else None
        elif tag == "device" and facts.device is None:
            facts.device, facts.system = _name(attributes.get("model")), _name(attributes.get("os-version"))

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if tag == _VERSION:
            facts.instruments = _name(texts[0])

    def text(data: str) -> None:
        texts[0] = (texts[0] + data)[:200]

    parser = xml.parsers.expat.ParserCreate("UTF-8")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        raise ReportError(f"{path}: not XML: {error}") from error
    return facts


def _name(text: str | None) -> str | None:
    return " ".join(text.split())[:80] or None if text else None
