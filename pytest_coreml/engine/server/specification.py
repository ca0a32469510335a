"""Read a specification file into a `ModelSpec`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from pytest_coreml.engine.model_digest import digest, model_files
from pytest_coreml.engine.server import feature_description, weight_types
from pytest_coreml.engine.server.advice.reader import read_advice
from pytest_coreml.engine.server.boundary_reader import read_boundary
from pytest_coreml.engine.server.compiled_specification import load_compiled_specification
from pytest_coreml.engine.server.known_values import with_known_values
from pytest_coreml.engine.server.weight_types import pipeline_models
from pytest_coreml.errors import ModelError, first_line
from pytest_coreml.facts.model_spec import ModelSpec
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX, MODEL_SUFFIXES
from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.package import open_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The oldest systems that take a specification version (Model.proto of coremltools).
_TARGETS = {
    1: ("11", "10.13"),
    2: ("11.2", "10.13.2"),
    3: ("12", "10.14"),
    4: ("13", "10.15"),
    5: ("14", "11"),
    6: ("15", "12"),
    7: ("16", "13"),
    8: ("17", "14"),
    9: ("18", "15"),
    10: ("26", "26"),
}
# The networks inside a layer of control flow
_NESTED_NETWORKS = {"branch": ("ifBranch", "elseBranch"), "loop": ("conditionNetwork", "bodyNetwork")}
# Of a compiled model: its description, which is no weight
_DATA = "coremldata.bin"
_FOLDERS = (".mlpackage", COMPILED_SUFFIX)
# Of ML Programs, and of compiled neural networks
_WEIGHT_SUFFIXES = (".bin", ".weights")


def describe(path: str, function: str | None = None) -> ModelSpec:
    """Read the specification of the model at *path*, as *function* (the default one if None) sees it.

    Raises `ModelError`, naming file and cause, for anything but a readable model, and for an unknown function.
    """
    model = load_specification(path)
    files = model_files(Path(path))
    description = _description_of(model, function, path)
    sizes = [file.stat().st_size for file in files]
    program_functions = _functions(model)
    version = model.specificationVersion
    targets = dict(zip(("iOS", "macOS"), _TARGETS[version], strict=True)) if version in _TARGETS else {}
    inputs = tuple(map(feature_description.read, description.input))
    outputs = tuple(map(feature_description.read, description.output))
    weights = _weights_bytes(model, files)
    return ModelSpec(
        file_name=Path(path).name,
        sha256=digest(Path(path), files),
        type=model.WhichOneof("Type") or "unknown",
        specification_version=version,
        deployment_target=targets,
        size_bytes=sum(sizes),
        weights_bytes=weights,
        inputs=with_known_values(model, inputs),
        outputs=outputs,
        states=tuple(feature_description.read(entry) for entry in description.state),
        precision=weight_types.precision(model),
        operations=dict(sorted(Counter(_operators(model, function)).items())),
        functions=tuple(program_functions),
        default_function=_default_function(model) if program_functions else None,
        boundary=read_boundary(model, inputs, outputs, function),
        advice=read_advice(model, inputs, weights, function),
        metadata=feature_description.read_metadata(model.description.metadata),
    )


def load_specification(path: str) -> Any:
    """Return the `Model` message of a file or package. Raises `ModelError`, naming file and cause, if there is none."""
    from coremltools.proto import Model_pb2

    name = Path(path)
    if not name.exists():
        raise ModelError(f"{path}: there is no such file or folder")
    if (outer := _outer_package(name)) is not None:
        raise ModelError(f"{path}: a file inside the package {outer.name}; name the package: {outer}")
    if name.suffix not in MODEL_SUFFIXES:
        raise ModelError(f"{path}: expected a Core ML model, .mlpackage, .mlmodel or .mlmodelc, by its name")
    if name.suffix == COMPILED_SUFFIX:
        return load_compiled_specification(path)
    if name.is_dir() and not (name / "Manifest.json").is_file():
        raise ModelError(f"{path}: not a Core ML package: it has no Manifest.json; export or copy the model again")
    model = Model_pb2.Model()
    try:
        # Not by coremltools: its native reader of packages follows paths out of the package, waits for pipes, and
        # writes the manifest anew when it lets the package go.
        package = open_package(name)
        model.ParseFromString(package.model())
        # Core ML names neither a file that is missing nor a pointer of Git LFS in its place.
        for weights in weight_types.weight_files(model):
            package.blob_file(weights)
    except (BadModelError, DecodeError) as error:
        why = first_line(error).removeprefix(f"{path}: ").removeprefix(f"{path}/")
        raise ModelError(f"{path}: cannot be read as a Core ML model: {why}") from error
    if model.WhichOneof("Type") is None:
        raise ModelError(f"{path}: not a Core ML model: its specification names no model type")
    return model


def _outer_package(path: Path) -> Path | None:
    return next((parent for parent in path.parents if parent.suffix in _FOLDERS and _is_package(parent)), None)


def _is_package(path: Path) -> bool:
    return any((path / name).is_file() for name in ("Manifest.json", _DATA))


def model_bytes(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the arguments of `MLModelAsset.from_memory`: the specification, and weight files by relative name."""
    files = model_files(path)
    specification = next(file for file in files if file.suffix == ".mlmodel")
    blobs = [file for file in files if file.suffix == ".bin" and specification.parent in file.parents]
    return specification.read_bytes(), {
        file.relative_to(specification.parent).as_posix(): file.read_bytes() for file in blobs
    }


def _weights_bytes(model: Any, files: Iterable[Path]) -> int:
    blobs = (file for file in files if file.suffix in _WEIGHT_SUFFIXES and file.name != _DATA)
    return sum(file.stat().st_size for file in blobs) + weight_types.network_bytes(model)


def _description_of(model: Any, function: str | None, path: str) -> Any:
    described = {entry.name: entry for entry in model.description.functions}
    if not described:
        if function in (None, "", "main"):
            return model.description
        raise ModelError(f"{path}: has no function {function!r}; it is a model of one function, main")
    wanted = function or model.description.defaultFunctionName
    if wanted not in described:
        raise ModelError(f"{path}: has no function {wanted!r}; its functions are {', '.join(sorted(described))}")
    return described[wanted]


def _functions(model: Any) -> list[str]:
    return sorted(model.mlProgram.functions) if model.WhichOneof("Type") == "mlProgram" else []


def _default_function(model: Any) -> str:
    return model.description.defaultFunctionName or "main"


def _operators(model: Any, function: str | None) -> Iterator[str]:
    kind = model.WhichOneof("Type")
    if kind == "mlProgram":
        chosen = model.mlProgram.functions.get(function or _default_function(model))
        for block in chosen.block_specializations.values() if chosen else ():
            yield from _block_operators(block)
    elif kind.startswith("neuralNetwork"):
        yield from _layer_types(getattr(model, kind).layers)
    elif kind.startswith("pipeline"):
        for part in pipeline_models(model):
            yield from _operators(part, None)
    else:
        yield kind


def _layer_types(layers: Iterable[Any]) -> Iterator[str]:
    for layer in layers:
        kind = layer.WhichOneof("layer")
        yield kind or "unknown"
        for nested in _NESTED_NETWORKS.get(kind, ()):
            yield from _layer_types(getattr(getattr(layer, kind), nested).layers)


def _block_operators(block: Any) -> Iterator[str]:
    for operation in block.operations:
        if operation.type != "const":
            yield operation.type.rsplit(".", 1)[-1]
        for nested in operation.blocks:
            yield from _block_operators(nested)
