"""A lowered function, and where its inputs, outputs and states enter and leave the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import TensorType
    from pytest_coreml.reference.lowering.results import ClassLabel, ClassProbabilities


@dataclass(frozen=True)
class Port:
    """An input or output: its name in the program and in the graph, and its declared type."""

    name: str
    value: str
    type: TensorType


@dataclass(frozen=True)
class LabelPort:
    """An output of a classifier, made from `value` (the probabilities) after the graph has run."""

    name: str
    value: str
    result: ClassLabel | ClassProbabilities


@dataclass(frozen=True)
class StatePort:
    """A state: where its old value enters the graph and its new one leaves (None when it is only read).

    All `versions` are outputs of the graph that must be bound to the memory of the old value, the last one being the
    new value; there are none when the new value is handed over in memory of its own.
    """

    name: str
    value: str
    written: str | None
    type: TensorType
    versions: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoweredFunction:
    """An ONNX model (serialized), and how its inputs and outputs are those of the function.

    `arrays` are large constants that are handed to the session by name.
    """

    model: bytes
    arrays: Mapping[str, NDArray[Any]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port | LabelPort, ...]
    states: tuple[StatePort, ...]
