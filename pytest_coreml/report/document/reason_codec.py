"""The reasons of verdicts as JSON values: the text of a reason is beside its cause code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.reason import Cause, Reason, find_cause
from pytest_coreml.report.text.causes import reason_text

if TYPE_CHECKING:
    from pytest_coreml.report.document.dataclass_codec import Json


def encode_reason(reason: Reason | str | None) -> str | None:
    """Return the reason of a comparison: the cause code if its sentence is made from the other fields, else a text."""
    return reason.value if isinstance(reason, Cause) else reason_text(reason)


def decode_reason(entry: Json) -> Reason | str | None:
    """Return the reason of a check or comparison; its text alone for a cause that this version does not know."""
    text: str | None = entry.get("reason")
    cause = find_cause(entry.get("cause")) or find_cause(text)
    if cause is None or text is None:
        return text
    return cause if text == cause.value else Reason(cause, text=text)
