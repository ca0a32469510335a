"""Classifier outputs (`classify.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.results import ClassLabel, ClassProbabilities

if TYPE_CHECKING:
    from pytest_coreml.reference.lowering.context import Context


@lowers("classify")
def classify(ctx: Context) -> tuple[ClassLabel, ClassProbabilities]:
    """Lower to the label and the dictionary, which are made after the graph has run: ONNX has neither."""
    labels = tuple(ctx.const("classes").tolist())
    size = ctx.type("probabilities").size
    if size not in (None, len(labels)):
        ctx.refuse(f"with {len(labels)} classes for {size} probabilities")
    probabilities = ctx.input("probabilities")
    return ClassLabel(probabilities, labels), ClassProbabilities(probabilities, labels)
