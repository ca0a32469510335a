"""Makes `.mlmodelc` folders of packages, as Core ML's compiler lays them out: text, weights, data and summary."""

from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.format.mil.printer import print_program
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec

if TYPE_CHECKING:
    from pathlib import Path

_ARRAY_TYPES = {65552: "Float16", 65568: "Float32", 65600: "Double", 131080: "Int8", 131104: "Int32"}


def save_compiled(package: Path, folder: Path, version: tuple[int, int] = (1, 0)) -> Path:
    """Write the model of a package as the compiled folder *folder*, in the dialect *version*; return *folder*."""
    opened = open_package(package)
    spec = read_spec(opened)
    weights = opened.model_file.parent / "weights"
    if spec.WhichOneof("Type") == "pipeline":
        folder.mkdir(parents=True)
        for index, part in enumerate(spec.pipeline.models):
            _save_program(part, folder / f"model{index}", weights, version)
        _save_data(spec, folder, 202)
    else:
        _save_program(spec, folder, weights, version)
    return folder


def _save_program(spec: Any, folder: Path, weights: Path, version: tuple[int, int]) -> None:
    folder.mkdir(parents=True)
    (folder / "model.mil").write_text(print_program(spec.mlProgram, version))
    if weights.exists():
        shutil.copytree(weights, folder / "weights")
    _save_data(spec, folder, 502)
    (folder / "metadata.json").write_text(json.dumps([summary(spec)]))


def _save_data(spec: Any, folder: Path, model_type: int) -> None:
    """Write `coremldata.bin`, as it was seen in public models."""
    description, engine = spec.description.SerializeToString(), b"generic"
    head = struct.pack("<II20xQ", model_type, 5, len(engine)) + engine
    body = struct.pack("<Q24xQ", spec.specificationVersion, len(description)) + description
    (folder / "coremldata.bin").write_bytes(head + body)


def summary(spec: Any) -> dict[str, Any]:
    """Return what `metadata.json` says of the features, as far as it is known."""
    description = spec.description
    return {
        "metadataOutputVersion": "3.0",
        "specificationVersion": spec.specificationVersion,
        "modelType": {"name": "MLModelType_mlProgram"},
        "inputSchema": [_feature(feature) for feature in description.input],
        "outputSchema": [_feature(feature) for feature in description.output],
        "stateSchema": [_feature(feature) for feature in description.state],
    }


def _feature(feature: Any) -> dict[str, str]:
    kind = feature.type.WhichOneof("Type")
    if kind not in ("multiArrayType", "stateType"):
        return {"name": feature.name, "type": kind.removesuffix("Type").capitalize()}
    array = feature.type.multiArrayType if kind == "multiArrayType" else feature.type.stateType.arrayType
    return {
        "name": feature.name,
        "type": "MultiArray" if kind == "multiArrayType" else "State",
        "dataType": _ARRAY_TYPES[array.dataType],
        "shape": str(list(array.shape)),
        "isOptional": "01"[feature.type.isOptional],
        "hasShapeFlexibility": "01"[array.WhichOneof("ShapeFlexibility") is not None],
    }
