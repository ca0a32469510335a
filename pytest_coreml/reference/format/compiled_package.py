"""A `.mlmodelc` folder that Core ML's compiler made, put together again to the `Model` message that it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.blob import BlobFile
from pytest_coreml.reference.format.core_ml_data import read_core_ml_data
from pytest_coreml.reference.format.folder_files import inside, read_file, relative_name, weight_file
from pytest_coreml.reference.format.mil import wire
from pytest_coreml.reference.format.mil.grammar import parse_program
from pytest_coreml.reference.format.model_metadata import read_metadata
from pytest_coreml.reference.format.program import read_function

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.reference.format.core_ml_data import CoreMLData
    from pytest_coreml.reference.format.dtypes import DType
    from pytest_coreml.reference.format.mil.parsed_program import ParsedProgram
    from pytest_coreml.reference.format.program import Function

COMPILED_MARK: Final = "coremldata.bin"
PROGRAM_TEXT: Final = "model.mil"
_METADATA: Final = "metadata.json"
_FIRST_PART: Final = "model0"
_NETWORK: Final = "model.espresso.net"

# In bytes
_MAX_TEXT: Final = 1 << 28
_MAX_DATA: Final = 1 << 28
_MAX_METADATA: Final = 1 << 24
_MAX_PARTS: Final = 1000


@dataclass(frozen=True)
class CompiledPackage:
    """A compiled model on disk: *path* is what the user named, *root* where its links lead.

    `checks_weights` says whether each blob that the text names is looked at while the text is read, which finds the
    line of one that is missing or too short.
    """

    path: Path
    root: Path
    checks_weights: bool = True
    _blobs: dict[str, BlobFile] = field(default_factory=dict, repr=False)
    # By the folder in which its text is
    _programs: dict[str, ParsedProgram] = field(default_factory=dict, repr=False)

    def model(self, *, functions: bool = True) -> bytes:
        """Return the serialized `Model` message. Raises `BadModelError` and `UnsupportedModelError`."""
        data = self._core_ml_data("")
        if data is not None and data.description and self._has(PROGRAM_TEXT):
            # Without a detour over a message: the program may be large.
            version = wire.number_field(wire.MODEL_VERSION, data.specification_version)
            description = wire.field(wire.MODEL_DESCRIPTION, data.description)
            program = self._program("")
            return version + description + wire.field(wire.MODEL_PROGRAM, program.message() if functions else b"")
        content: bytes = self._model("").SerializeToString()
        return content

    def outline(self) -> Any:
        """Return a `Model` message with the description and the type, and nothing of what is executed.

        Raises `UnsupportedModelError` when the data do not say the type, or `BadModelError`.
        """
        from coremltools.proto import Model_pb2

        data = self._core_ml_data("")
        model = Model_pb2.Model()
        types = model.DESCRIPTOR.fields_by_number
        if data is None or data.model_type not in types:
            raise UnsupportedModelError(f"{self.path / COMPILED_MARK}: the format of this file is not supported")
        self._describe(model, data, "")
        getattr(model, types[data.model_type].name).SetInParent()
        return model

    def function(self, program: Any, name: str) -> Function:
        """Return a function of the program, whose text was read with the message.

        Raises the errors of `read_function`.
        """
        parsed = self._programs.get("")
        return read_function(program, name, self.blob_file) if parsed is None else parsed.function(name, self.blob_file)

    def blob_file(self, name: str) -> BlobFile:
        """Return the weight file that the program calls *name*. Raises `BadModelError` unless it is in the folder."""
        if name not in self._blobs:
            relative = relative_name(name, self.path)
            path = weight_file(self.root, self.root / relative, f"{self.path}: the weight file {name!r}")
            self._blobs[name] = BlobFile(path)
        return self._blobs[name]

    def _model(self, folder: str) -> Any:
        """Read the model in *folder* of the root, which is empty or ends in `/`."""
        from coremltools.proto import Model_pb2

        data = self._core_ml_data(folder)
        model = Model_pb2.Model()
        if data is not None:
            self._describe(model, data, folder)
            if data.model:
                return model
        if self._has(f"{folder}{PROGRAM_TEXT}"):
            self._add_program(model, folder, described=data is not None)
        elif self._has(f"{folder}{_FIRST_PART}/{COMPILED_MARK}"):
            self._add_parts(model, folder, data)
        else:
            self._refuse(folder)
        return model

    def _describe(self, model: Any, data: CoreMLData, folder: str) -> None:
        from google.protobuf.message import DecodeError

        try:
            if data.model:
                model.ParseFromString(data.model)
                return
            model.specificationVersion = data.specification_version
            model.description.ParseFromString(data.description)
        except DecodeError as error:
            raise BadModelError(f"{self.path / folder / COMPILED_MARK}: not as Core ML writes it: {error}") from error

    def _add_program(self, model: Any, folder: str, *, described: bool) -> None:
        if not described:
            metadata = f"{folder}{_METADATA}"
            model.specificationVersion, description = read_metadata(
                self._read(metadata, _MAX_METADATA), self.path / metadata
            )
            model.description.CopyFrom(description)
        model.mlProgram.ParseFromString(self._program(folder).message())

    def _program(self, folder: str) -> ParsedProgram:
        """Read the text of a program."""
        name = f"{folder}{PROGRAM_TEXT}"
        try:
            text = self._read(name, _MAX_TEXT).decode()
        except UnicodeDecodeError as error:
            raise BadModelError(
                f"{self.path / name}: not the text of an ML Program, perhaps it is encrypted: {error}"
            ) from error
        check = self._check_blob if self.checks_weights else None
        self._programs[folder] = parse_program(text, str(self.path / name), folder, check)
        return self._programs[folder]

    def _check_blob(self, name: str, offset: int, dtype: DType, shape: tuple[int, ...]) -> None:
        self.blob_file(name).ref(offset, dtype, math.prod(shape), shape)

    def _add_parts(self, model: Any, folder: str, data: CoreMLData | None) -> None:
        """Read the models of a pipeline, each in a separate folder."""
        if folder:
            raise UnsupportedModelError(f"{self.path / folder}: a compiled pipeline inside a pipeline is not supported")
        types = type(model).DESCRIPTOR.fields_by_number
        kind = types[data.model_type].name if data is not None and data.model_type in types else ""
        if not kind.startswith("pipeline"):
            raise BadModelError(f"{self.path / COMPILED_MARK}: the kind of the pipeline is missing")
        pipeline = model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline
        for index in range(_MAX_PARTS):
            part = f"model{index}/"
            if not self._has(f"{part}{COMPILED_MARK}"):
                return
            pipeline.models.add().CopyFrom(self._model(part))

    def _refuse(self, folder: str) -> None:
        """Raise the error for a folder without a program."""
        where = self.path / folder if folder else self.path
        if self._has(f"{folder}{_NETWORK}") or (self.root / folder / "model").is_dir():
            raise UnsupportedModelError(
                f"{where}: a compiled neural network ({_NETWORK}), whose format is not documented; use the .mlmodel "
                "that it was compiled from"
            )
        raise BadModelError(
            f"{where}: not a compiled ML Program: {PROGRAM_TEXT} is missing; use the .mlpackage or .mlmodel that it "
            "was compiled from"
        )

    def _core_ml_data(self, folder: str) -> CoreMLData | None:
        if not self._has(f"{folder}{COMPILED_MARK}"):
            raise BadModelError(f"{self.path / folder}: not a compiled model: {COMPILED_MARK} is missing")
        return read_core_ml_data(self._read(f"{folder}{COMPILED_MARK}", _MAX_DATA))

    def _has(self, name: str) -> bool:
        return (self.root / name).is_file()

    def _read(self, name: str, max_bytes: int) -> bytes:
        path = inside(self.root, self.root / name, f"{self.path}: {name}")
        try:
            return read_file(path, max_bytes)
        except (OSError, ValueError) as error:
            raise BadModelError(f"{self.path / name}: cannot be read: {error}") from error
