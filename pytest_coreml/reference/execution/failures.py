"""Translate errors of ONNX Runtime into terms of the model."""

from __future__ import annotations

import re
from typing import Final

# The name of a node: `type:name/Node#1`, or `type:name/complaint/Node#1` where it is there to fail
_NODE: Final = re.compile(r"(\w+):([^'/]*)/(?:([^'/#]*)/)?\w+#\d+")
# What its gathering and scattering operators say of an index
_INDEX: Final = re.compile(r"(?:idx=|found, ind\w+ = |sequence index \()(-?\d+)")
_LIMITS: Final = re.compile(r"range \[-?\d+,(-?\d+)\]")
_SOME_INDEX: Final = "Out of range value in index tensor"
# The number of the error, the node again, and where in the source a check stands, with its path or without
_PLACE: Final = re.compile(
    r"^(?:\[ONNXRuntimeError\] : \d+ : \w+ : )?"
    r"(?:Non-zero status code returned while running \w+ node\. Name:'[^']*' )?"
    r"(?:/\S+ [^(]*\(.*?\)(?: \[with [^\]]*\])? |\S+\.(?:cc|h):\d+ \w+ )?"
)


def reason(error: Exception) -> str:
    """Return an error of ONNX Runtime in terms of the model: the operation's type and name, and the cause."""
    text = str(error)
    message = text.rpartition("Status Message: ")[2].strip() or text
    # Of a node in a sub-graph, the nodes around it come first in the message.
    nodes = _NODE.findall(text)
    if not nodes:
        return message
    type_, name, complaint = nodes[-1]
    # A stroke would end the name; see `LayerContext`
    name = name.replace(chr(0x2215), "/")
    return f"operation {type_} {name!r} failed: {complaint or _what(message)}"


def _what(message: str) -> str:
    if _SOME_INDEX in message:
        return "an index is out of range"
    index = _INDEX.search(message)
    return _about_index(message, int(index[1])) if index else _PLACE.sub("", message)


def _about_index(message: str, index: int) -> str:
    """Return a message naming the index that is out of range; a negative one that was shifted is shown as given."""
    limits = _LIMITS.search(message)
    axis = f" for an axis of {int(limits[1]) + 1}" if limits else ""
    return f"the index {index - 2**32 if index >= 2**31 else index} is out of range{axis}"
