"""Results: what an operation can be lowered to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from pytest_coreml.reference.format.types import TensorType
    from pytest_coreml.reference.format.values import Constant
    from pytest_coreml.reference.graph import Value


@dataclass(frozen=True)
class ClassLabel:
    """The most probable of `labels`, determined after the graph has run: ONNX has no such output."""

    probabilities: Value
    labels: tuple[str | int, ...]


@dataclass(frozen=True)
class ClassProbabilities:
    """A dictionary from label to probability, made after the graph has run."""

    probabilities: Value
    labels: tuple[str | int, ...]


@dataclass(frozen=True)
class ListValue:
    """A list (`make_list`): an ONNX sequence.

    `length` is None if it is unknown before the model runs. A list that `is_fixed` never changes its length.
    """

    sequence: Value
    length: int | None
    is_fixed: bool


@dataclass(frozen=True)
class StateRef:
    """A state by name; its value depends on the writes before."""

    name: str
    type: TensorType


# A value that the graph computes, one that is known already, or one that is made from a value after the graph has run
Result: TypeAlias = "Value | Constant | ListValue | StateRef | ClassLabel | ClassProbabilities"
