"""A lowered function, and the graph values of its inputs, outputs and states."""

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
    """A state: the graph input of its old value and the graph output of its new one (None if it is only read).

    All `versions` are outputs of the graph that must be bound to the memory of the old value; the last one is the new
    value. There are none if the new value has separate memory.
    """

    name: str
    value: str
    written: str | None
    type: TensorType
    versions: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoweredFunction:
    """A serialized ONNX model, and the ports that map its inputs and outputs to those of the function.

    `arrays` are large constants that are passed to the session by name.
    """

    model: bytes
    arrays: Mapping[str, NDArray[Any]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port | LabelPort, ...]
    states: tuple[StatePort, ...]
