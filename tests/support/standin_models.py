"""Small models for tests over the stand-in: specifications written directly, so that they are quick to make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OPSETS = {6: "CoreML5", 7: "CoreML6", 8: "CoreML7", 9: "CoreML8"}


def program_spec(operations: int = 3, version: int = 9, *, state: bool = False, nested: bool = False) -> Any:
    """Return an ML Program: float16 in and out, a chain of `relu` with a constant before each."""
    from coremltools import proto

    spec = proto.Model_pb2.Model(specificationVersion=version)
    _describe(spec.description, state=state)
    function = spec.mlProgram.functions["main"]
    spec.mlProgram.version = 1
    _fill(function, operations, OPSETS[version], nested=nested)
    return spec


def multifunction_spec(names: tuple[str, ...] = ("main", "other"), *, state: bool = False) -> Any:
    """Return an ML Program with several functions, the first being the default."""
    from coremltools import proto

    spec = proto.Model_pb2.Model(specificationVersion=9)
    spec.mlProgram.version = 1
    spec.description.defaultFunctionName = names[0]
    for index, name in enumerate(names):
        _describe(spec.description.functions.add(name=name), state=state)
        _fill(spec.mlProgram.functions[name], index + 1, "CoreML8", nested=False)
    return spec


def network_spec() -> Any:
    """Return a neural network of a ReLU and an addition."""
    from coremltools import proto

    spec = proto.Model_pb2.Model(specificationVersion=4)
    _describe(spec.description, dtype="FLOAT32")
    relu = spec.neuralNetwork.layers.add(name="relu", input=["x"], output=["r"])
    relu.activation.ReLU.SetInParent()
    total = spec.neuralNetwork.layers.add(name="sum", input=["r", "x"], output=["y"])
    total.addBroadcastable.SetInParent()
    return spec


def pipeline_spec() -> Any:
    """Return a pipeline of a network and a program."""
    from coremltools import proto

    spec = proto.Model_pb2.Model(specificationVersion=9)
    _describe(spec.description, dtype="FLOAT32")
    spec.pipeline.names.extend(["first", "second"])
    spec.pipeline.models.extend([network_spec(), program_spec(2)])
    return spec


def linear_spec() -> Any:
    """Return a linear regressor: a model without structure."""
    from coremltools import proto

    spec = proto.Model_pb2.Model(specificationVersion=1)
    spec.description.input.add(name="x").type.doubleType.SetInParent()
    spec.description.output.add(name="y").type.doubleType.SetInParent()
    spec.description.predictedFeatureName = "y"
    spec.glmRegressor.offset.append(0.5)
    spec.glmRegressor.weights.add().value.append(2.0)
    return spec


def save(spec: Any, path: Path) -> Path:
    """Write a specification as `.mlmodel`, or as `.mlpackage` by its suffix."""
    if path.suffix == ".mlmodel":
        path.write_bytes(spec.SerializeToString())
        return path
    data = path / "Data" / "com.apple.CoreML"
    (data / "weights").mkdir(parents=True)
    (data / "model.mlmodel").write_bytes(spec.SerializeToString())
    items = {"model": "com.apple.CoreML/model.mlmodel", "weights": "com.apple.CoreML/weights"}
    entries = {
        key: {"author": "com.apple.CoreML", "description": key, "name": Path(place).name, "path": place}
        for key, place in items.items()
    }
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": "model"}
    (path / "Manifest.json").write_text(json.dumps(manifest))
    return path


def _describe(description: Any, dtype: str = "FLOAT16", *, state: bool = False) -> None:
    from coremltools import proto

    number = proto.FeatureTypes_pb2.ArrayFeatureType.ArrayDataType.Value(dtype)
    for features, name in ((description.input, "x"), (description.output, "y")):
        array = features.add(name=name).type.multiArrayType
        array.shape.extend([1, 4])
        array.dataType = number
    if state:
        array = description.state.add(name="cache").type.stateType.arrayType
        array.shape.extend([2, 3])
        array.dataType = number


def _fill(function: Any, operations: int, opset: str, *, nested: bool) -> None:
    function.opset = opset
    _type(function.inputs.add(name="x"))
    block = function.block_specializations[opset]
    last = "x"
    for index in range(operations):
        constant = block.operations.add(type="const")
        _type(constant.outputs.add(name=f"const_{index}"))
        _type(constant.attributes["val"])
        constant.attributes["val"].immediateValue.tensor.bytes.values = bytes(8)
        relu = block.operations.add(type="relu")
        relu.inputs["x"].arguments.add(name=last)
        last = "y" if index == operations - 1 and not nested else f"relu_{index}"
        _type(relu.outputs.add(name=last))
    if nested:
        _add_branch(block, last)
    block.outputs.append("y")


def _add_branch(block: Any, last: str) -> None:
    """End with a `cond` of two blocks, as control flow is written."""
    cond = block.operations.add(type="cond")
    cond.inputs["pred"].arguments.add(name=last)
    _type(cond.outputs.add(name="y"))
    for name in ("then", "else"):
        inner = cond.blocks.add()
        tanh = inner.operations.add(type="tanh")
        tanh.inputs["x"].arguments.add(name=last)
        _type(tanh.outputs.add(name=f"{name}_tanh"))
        inner.outputs.append(f"{name}_tanh")


def _type(value: Any) -> None:
    value.type.tensorType.dataType = 10  # FLOAT16 of MIL.proto
    value.type.tensorType.rank = 2
    for size in (1, 4):
        value.type.tensorType.dimensions.add().constant.size = size
