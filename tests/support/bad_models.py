"""Models that are damaged, too new or of another kind, each made from a sound package."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING, Any

from coremltools.proto import Model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPECIFICATION = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"


def save_all(sound: Path, folder: Path) -> None:
    """Save every bad model as `<name>.mlpackage` in *folder*; *sound* needs weights in a separate file."""
    for name, damage in DAMAGES.items():
        package = folder / f"{name}.mlpackage"
        shutil.copytree(sound, package)
        damage(package)


def edit(package: Path, change: Callable[[Model_pb2.Model], None]) -> None:
    """Change the specification of *package*."""
    path = package / SPECIFICATION
    spec = Model_pb2.Model.FromString(path.read_bytes())
    change(spec)
    path.write_bytes(spec.SerializeToString())


def _corrupt_manifest(package: Path) -> None:
    (package / "Manifest.json").write_text('{"fileFormatVersion": ')


def _corrupt_proto(package: Path) -> None:
    (package / SPECIFICATION).write_bytes(b"\xff" * 64)


def _cut_weights(package: Path) -> None:
    weights = package / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:200])


def _data_outside(package: Path) -> None:
    # The header of a blob says where its data are (see `pytest_coreml/reference/format/blob.py`).
    weights = package / WEIGHTS
    content = bytearray(weights.read_bytes())
    struct.pack_into("<Q", content, 64 + 16, 1 << 40)
    weights.write_bytes(content)


def _linked_weights(package: Path) -> None:
    weights = package / WEIGHTS
    outside = weights.rename(package.parent / f"{package.name}.outside.bin")
    weights.symlink_to(outside)


def _linked_weights_folder(package: Path) -> None:
    folder = (package / WEIGHTS).parent
    outside = folder.rename(package.parent / f"{package.name}.outside")
    folder.symlink_to(outside, target_is_directory=True)


def _blobs(field: str, value: Any) -> Callable[[Path], None]:
    def change(spec: Model_pb2.Model) -> None:
        for operation in _operations(spec):
            for attribute in operation.attributes.values():
                if attribute.HasField("blobFileValue"):
                    setattr(attribute.blobFileValue, field, value)

    return lambda package: edit(package, change)


def _too_new(package: Path) -> None:
    def change(spec: Model_pb2.Model) -> None:
        spec.specificationVersion = 99

    edit(package, change)


def _another_kind(package: Path) -> None:
    edit(package, lambda spec: spec.wordTagger.SetInParent())


def _unknown_operations(package: Path) -> None:
    def change(spec: Model_pb2.Model) -> None:
        for operation in _operations(spec):
            if operation.type in ("linear", "relu"):
                operation.type = f"strange_{operation.type}"

    edit(package, change)


def _operations(spec: Model_pb2.Model) -> list[Any]:
    functions = spec.mlProgram.functions.values()
    blocks = [block for function in functions for block in function.block_specializations.values()]
    return [operation for block in blocks for operation in block.operations]


DAMAGES: dict[str, Callable[[Path], None]] = {
    "CorruptManifest": _corrupt_manifest,
    "CorruptProto": _corrupt_proto,
    "CutWeights": _cut_weights,
    "OffsetOutside": _blobs("offset", 1 << 40),
    "DataOutside": _data_outside,
    "LinkedWeights": _linked_weights,
    "LinkedFolder": _linked_weights_folder,
    "WeightsAbove": _blobs("fileName", "@model_path/../../../outside.bin"),
    "WeightsAbsolute": _blobs("fileName", "/outside.bin"),
    "TooNew": _too_new,
    "AnotherKind": _another_kind,
    "UnknownOperations": _unknown_operations,
}
