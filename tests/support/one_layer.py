"""Builds a network of one layer, or a few, with coremltools' own builder, and runs it through the reference runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import reference_runtime  # noqa: F401 - skips where there is none
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder

from pytest_coreml.reference.execution.network_model import NetworkModel
from pytest_coreml.reference.format.package import MemoryPackage
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def build(
    add: Callable[[NeuralNetworkBuilder], Any],
    shapes: Sequence[Sequence[int]],
    *,
    outputs: int = 1,
    rank_five: bool = False,
) -> Any:
    """Return the specification of a network from x0, x1, … to y0, y1, …, which *add* fills with layers."""
    inputs = [(f"x{index}", datatypes.Array(*shape)) for index, shape in enumerate(shapes)]
    builder = NeuralNetworkBuilder(
        inputs, [(f"y{index}", None) for index in range(outputs)], disable_rank5_shape_mapping=not rank_five
    )
    add(builder)
    return builder.spec


def load(spec: Any) -> NetworkModel:
    """Return the network of a specification, loaded."""
    return NetworkModel(MemoryPackage(spec.SerializeToString(), {}), spec, "", RuntimeOptions())


def run(
    add: Callable[[NeuralNetworkBuilder], Any], *arrays: Any, outputs: int = 1, rank_five: bool = False
) -> list[NDArray[Any]]:
    """Return the outputs of a network for these inputs; for one of rank five, inputs of rank 1 or 3."""
    values = [np.array(array, np.float32) for array in arrays]
    spec = build(add, [value.shape for value in values], outputs=outputs, rank_five=rank_five)
    results = predict(load(spec), *values)
    return [results[f"y{index}"] for index in range(outputs)]


def predict(model: NetworkModel, *arrays: Any) -> dict[str, Any]:
    """Return the outputs of a loaded network for its inputs x0, x1, …"""
    return model.predict({f"x{index}": np.array(a, np.float32) for index, a in enumerate(arrays)}, None)[0]
