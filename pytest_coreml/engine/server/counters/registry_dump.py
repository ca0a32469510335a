"""The entries of one process in a dump of the registry, without those of all others.

A registry of a busy Mac has 150 clients of the GPU, of which one or two are of this process: to parse all of them takes
thirty times as long as to find those. The dump is an XML property list, whose strings contain no tags.
"""

from __future__ import annotations

import plistlib
import re
from typing import Any, Final
from xml.parsers.expat import ExpatError

_CREATOR: Final = rb"<key>IOUserClientCreator</key>\s*<string>\s*pid "
# The end of the tags `<dict>` and `</dict>`.
_TAG: Final = b"dict>"
_HAS_CREATOR: Final = re.compile(_CREATOR + rb"\d")
# The list is empty for a client that has done nothing. A driver of Intel Macs has the time of a client beside its name.
_HAS_TIMES: Final = re.compile(rb"<key>(?:AppUsage</key>\s*<array|accumulatedGPUTime</key>)")
# Comments and sections of characters could hide tags. ioreg writes neither.
_HIDING: Final = (b"<!--", b"<![CDATA[")


class RegistryDump:
    """The output of `ioreg -a`. Raise `ValueError` for anything but an XML property list, and for a truncated one."""

    def __init__(self, data: bytes) -> None:
        text = data.strip()
        if text and (b"<plist" not in text or not text.endswith(b"</plist>") or any(each in text for each in _HIDING)):
            raise ValueError("ioreg did not write a property list")
        self._text = text

    @property
    def is_empty(self) -> bool:
        """True if no entry has the class that was asked for."""
        return b"<dict>" not in self._text

    @property
    def has_gpu_times(self) -> bool:
        """True if there are times of clients of the GPU, whatever the process."""
        return bool(_HAS_TIMES.search(self._text) and _HAS_CREATOR.search(self._text))

    def entries(self, pid: int) -> list[dict[str, Any]]:
        """Return the entries that the process *pid* has created, each with those below it. Raise `ValueError`."""
        creators = re.finditer(rb"%s%d\b" % (_CREATOR, pid), self._text)
        return [_parse(self._dictionary(match.start())) for match in creators]

    def _dictionary(self, place: int) -> bytes:
        """Return the text of the innermost dictionary around *place*."""
        start, depth = place, 1
        while depth:
            start = self._text.rfind(_TAG, 0, start)
            depth -= self._step(start)
        end, depth = place, 1
        while depth:
            end = self._text.find(_TAG, end + 1)
            depth += self._step(end)
        return self._text[start - 1 : end + len(_TAG)]

    def _step(self, place: int) -> int:
        """Return 1 for a tag that begins a dictionary, -1 for one that ends it, and 0 for another text."""
        if place < 0:
            raise ValueError("ioreg did not write a property list: its dictionaries are not nested")
        return {b"<": 1, b"/": -1}.get(self._text[place - 1 : place], 0)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        found = plistlib.loads(b"<plist>%s</plist>" % text, fmt=plistlib.FMT_XML)
    # plistlib lets out whatever its handlers of elements stumble over.
    except (ExpatError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"ioreg did not write a property list: {type(error).__name__}") from error
    assert isinstance(found, dict), "the text is of a dictionary"
    return found
