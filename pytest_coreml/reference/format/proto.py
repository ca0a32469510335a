"""Read the proto of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.reference.format.package import Package

# The newest specification of coremltools 9.0 (iOS 26); the runtime knows nothing of what a later one may say.
MAXIMUM_SPECIFICATION_VERSION = 10


def read_spec(package: Package, *, functions: bool = True) -> Any:
    """Read the `Model` message of a package; raise an error that names the package if it cannot be run.

    Without *functions*, it may lack those of an ML Program, which the package returns.
    """
    return parse_spec(package.model(functions=functions), package.path)


def parse_spec(content: bytes, name: Path | str) -> Any:
    """Read a `Model` message; errors refer to it by *name*."""
    from coremltools.proto import Model_pb2
    from google.protobuf.message import DecodeError

    spec = Model_pb2.Model()
    try:
        spec.ParseFromString(content)
    except DecodeError as error:
        raise BadModelError(f"{name}: not a Core ML model: {error}") from error
    if spec.WhichOneof("Type") is None:
        raise BadModelError(f"{name}: not a Core ML model: it has no model type")
    if spec.specificationVersion > MAXIMUM_SPECIFICATION_VERSION:
        raise UnsupportedModelError(
            f"{name}: specification version {spec.specificationVersion} is newer than {MAXIMUM_SPECIFICATION_VERSION}, "
            "the newest that the reference runtime supports"
        )
    return spec
