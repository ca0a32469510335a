"""Why an operation is not on the Neural Engine, in words, with what would help.

The compiler's messages are undocumented and change with systems and chips: a remedy is added where one matches,
and the message is always shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from pytest_coreml.facts.advice import Advice
    from pytest_coreml.verdict.placement_reasons import PlacementReason

# What a message contains, and what would help. The first that matches counts.
_CURES: Final = (
    (r"connected to an invalid live-in", "use constant bounds, a mask with select, or a state with slice_update"),
    (r"live-in not created", "it is at the model's boundary: fix the input that the message is about"),
    (r"gather index type", "use an index of uint16 (iOS 18), a constant one, or look up outside the model"),
    (r"Output type int32", 'output_dtype="uint16" (iOS 17), or compute it outside the model'),
    (r"only support UInt16", "use indices of uint16"),
    (r"data type: int32|constant value", "compute integers outside the model, or once before the layers"),
    (r"Unable to resolve operation input|prevents this op", "fix the operation before it"),
    (r"fp32", "convert with compute_precision=FLOAT16, with float16 inputs and outputs"),
    (r"scatter", "use a mask and select, or slice_update on a state"),
    (r"Unsupported MIL operation|converter not implemented", "rewrite it by other operations"),
    (r"standalone slice_update", "write the state, and read it again"),
    (r"not within supported range", "split the axis"),
    (r"conv with large kernel", "stack smaller kernels, or split it in two directions"),
    (r"Pool kernel", "stack smaller pools"),
    (r"can not fit", "split the inner dimension, and add"),
)


def cure_of(message: str) -> str | None:
    """Return what is known to help against a refusal; None if nothing is known."""
    return next((cure for pattern, cure in _CURES if re.search(pattern, message, re.IGNORECASE)), None)


def rule_text(advice: Advice) -> str:
    """Return the reason of an operation by a rule, which knows the program and not the machine."""
    return f"by rule {advice.rule}: {advice.finding}; {advice.cure}"


def placement_reason_text(reason: PlacementReason) -> str:
    """Return the reason of one operation in a sentence."""
    if reason.kind == "refused":
        cure = cure_of(reason.message or "")
        words = f'refused by the Neural Engine ("{printable(reason.message or "")}")'
        return f"{words}; {cure}" if cure is not None else words
    if reason.kind == "unknown":
        return "reason unknown"
    words = "the Neural Engine could run it, but was not chosen"
    if reason.saves_ms is None:
        return words
    if reason.saves_ms <= 0:
        return f"{words}: it is estimated not to be faster"
    saves = f"it would save {number(reason.saves_ms)} ms"
    if reason.entering_ms is None:
        return f"{words}: {saves}"
    return f"{words}: {saves}, and cost {number(reason.entering_ms)} ms to enter and leave"
