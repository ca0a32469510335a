"""Inputs and outputs of a model, by the names and types that its description declares."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError
from pytest_coreml.reference.interface.arrays import ArrayInput, ArrayOutput
from pytest_coreml.reference.interface.images import ImageInput, ImageOutput
from pytest_coreml.reference.interface.paired_shapes import PairedShapes
from pytest_coreml.reference.lowering.ports import LabelPort
from pytest_coreml.reference.lowering.results import ClassLabel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from pytest_coreml.reference.lowering.ports import LoweredFunction, Port


class InputFeature(Protocol):
    """One input of a model."""

    name: str
    optional: bool

    @property
    def expected(self) -> str:
        """The accepted values, as messages show them."""

    def read(self, value: Any) -> NDArray[Any]:
        """Return a value in the compute type; raise `BadInputError` if the binding or Core ML refuses it."""

    def default(self) -> NDArray[Any] | None:
        """Return the default value of an optional input, or None if it has none."""


class OutputFeature(Protocol):
    """One output of a model."""

    name: str

    def write(self, result: NDArray[Any]) -> Any:
        """Return the graph's value in the form that Apple's binding returns."""


class Interface:
    """The inputs and outputs of a function: `description` declares them, `lowered` computes them.

    *with_half*: whether arrays in half precision are taken and returned as such, which Apple's binding does not do.
    """

    def __init__(self, description: Any, lowered: LoweredFunction, *, with_half: bool = False) -> None:
        """Read a description; raise an error for a feature that is not in the program or has an unsupported type."""
        inputs, outputs = ({port.name: port for port in ports} for ports in (lowered.inputs, lowered.outputs))
        self._tensors = [_input(feature, _find_port(feature, inputs), with_half) for feature in description.input]
        self._inputs: list[InputFeature] = list(self._tensors)
        self._pairs: PairedShapes | None = PairedShapes([feature.enumerated for feature in self._tensors])
        self._outputs = [_output(feature, _find_port(feature, outputs), with_half) for feature in description.output]
        undeclared = sorted(inputs.keys() - {feature.name for feature in self._inputs})
        if undeclared:
            raise BadModelError(f"the program has inputs that the model does not declare: {', '.join(undeclared)}")

    def read(self, data: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Return the arrays of a prediction by name; raise `BadInputError`, naming expected and actual value."""
        # Lists vanish in Apple's binding, so that Core ML misses them.
        features = {name: value for name, value in data.items() if not isinstance(value, (list, tuple))}
        arrays = {
            feature.name: feature.read(features[feature.name])
            if feature.name in features
            else self._left_out(feature, features)
            for feature in self._inputs
        }
        if self._pairs:
            given = [feature for feature in self._tensors if feature.name in features]
            self._pairs.check({feature.name: feature.shape_of(arrays[feature.name]) for feature in given})
        return arrays

    def write(self, results: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Return the outputs, in an order that differs from the model's: Apple's binding guarantees none."""
        return ordered_outputs((feature.name, feature.write(results[feature.name])) for feature in self._outputs)

    @property
    def backable(self) -> set[str]:
        """The names of the outputs that the graph can compute in the memory of an array that is passed in."""
        return {feature.name for feature in self._outputs if isinstance(feature, ArrayOutput) and feature.can_be_backed}

    def _left_out(self, feature: InputFeature, features: Iterable[str]) -> NDArray[Any]:
        default = feature.default() if feature.optional else None
        if default is not None:
            return default
        unknown = sorted(set(features) - {known.name for known in self._inputs})
        takes = "; ".join(f"{known.name}: {known.expected}" for known in self._inputs)
        raise BadInputError(
            f"Feature {feature.name} is required but not specified. The model takes {takes}"
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )


def ordered_outputs(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return outputs by name, in an order that differs from the model's: Apple's binding guarantees none."""
    return dict(sorted(values, key=lambda item: zlib.crc32(item[0].encode())))


def _find_port(feature: Any, ports: Mapping[str, Any]) -> Any:
    if feature.name not in ports:
        has = ", ".join(sorted(ports)) or "none"
        raise BadModelError(f"the model declares {feature.name!r}, which the program does not have; it has {has}")
    return ports[feature.name]


def _input(feature: Any, port: Port, with_half: bool) -> ArrayInput | ImageInput:
    kind = feature.type.WhichOneof("Type")
    if kind == "multiArrayType":
        return ArrayInput(feature, port.type, accepts_half=with_half)
    if kind == "imageType":
        return ImageInput(feature, port.type)
    raise UnsupportedModelError(f"the input {feature.name!r} has the type {kind}, which ML Programs do not accept")


def _output(feature: Any, port: Port | LabelPort, with_half: bool) -> OutputFeature:
    kind = feature.type.WhichOneof("Type")
    if isinstance(port, LabelPort):
        return LabelOutput(feature, port)
    if kind == "multiArrayType":
        return ArrayOutput(feature, port.type, keeps_half=with_half)
    if kind == "imageType":
        return ImageOutput(feature, port.type)
    raise UnsupportedModelError(f"the output {feature.name!r} has the type {kind}, which ML Programs do not return")


class LabelOutput:
    """The label of the most probable class of a classifier, or the probabilities of all labels."""

    def __init__(self, feature: Any, port: LabelPort) -> None:
        """Read a `FeatureDescription`; raise `BadModelError` if the declared type is not the program's."""
        self.name = feature.name
        self._labels = port.result.labels
        self._one = isinstance(port.result, ClassLabel)
        declared = feature.type.WhichOneof("Type")
        if (declared != "dictionaryType") if not self._one else (declared not in ("stringType", "int64Type")):
            raise BadModelError(f"the output {self.name!r} is declared as {declared}, the program returns another type")

    def write(self, result: NDArray[Any]) -> Any:
        """Return the label, or a dictionary from label to probability."""
        probabilities = result.reshape(-1)
        if len(probabilities) != len(self._labels):
            raise BadModelError(
                f"output {self.name!r}: {len(probabilities)} probabilities for {len(self._labels)} labels"
            )
        if self._one:
            return self._labels[int(np.argmax(probabilities))]
        return dict(zip(self._labels, map(float, probabilities), strict=True))
