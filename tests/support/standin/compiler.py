"""Compiled models of the stand-in: a folder with the specification in `coremldata.bin`, and the weights."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.format.package import open_compiled
from pytest_coreml.reference.format.proto import read_spec
from standin.errors import from_framework
from standin.failures import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def compile_model(path: str, dress: Callable[[str], Exception] = from_framework) -> str:
    """Compile a package or a model file into a new temporary folder, and give its path."""
    enter("compile", path, dress=dress)
    source = Path(path)
    spec, weights = _locate(source) if source.is_dir() else (source, None)
    if spec is None or not spec.is_file():
        raise dress(f"Failed to open file: {path}. It is not a valid .mlmodel file.")
    compiled = Path(tempfile.gettempdir()) / f"{source.stem}_{str(uuid.uuid4()).upper()}.mlmodelc"
    compiled.mkdir()
    shutil.copyfile(spec, compiled / "coremldata.bin")
    if weights is not None:
        shutil.copytree(weights, compiled / "weights")
    return str(compiled)


def read_compiled(path: str) -> Any:
    """Return the specification of a compiled model; RuntimeError for a missing path or weights that are not there."""
    folder = Path(path)
    data = folder / "coremldata.bin"
    if not data.is_file():
        raise from_framework(f"The model at {path} could not be loaded: coremldata.bin is not there.")
    raw = data.read_bytes()
    if (folder / "model.mil").is_file():
        return read_spec(open_compiled(folder))
    check_weights(raw, lambda name: (folder / name).is_file(), path)
    return parse(raw)


def check_weights(raw: bytes, there: Callable[[str], bool], path: str) -> None:
    """Raise the framework's error when a blob file that the specification names is missing."""
    for name in sorted(set(re.findall(rb"@model_path/([\w./-]+\.bin)", raw))):
        if not there(name.decode()):
            raise from_framework(f"Could not open {path}/{name.decode()}")


def parse(raw: bytes) -> Any:
    """Parse a serialized specification."""
    from coremltools import proto

    spec = proto.Model_pb2.Model()
    try:
        spec.ParseFromString(raw)
    except Exception:  # noqa: BLE001
        raise from_framework("Unable to deserialize object") from None
    return spec


@contextmanager
def silent() -> Iterator[None]:
    """Point descriptor 1 to the null device, for the whole process."""
    kept = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(null)
        os.close(kept)


def _locate(package: Path) -> tuple[Path | None, Path | None]:
    """Find specification and weights of a package by its manifest."""
    manifest = package / "Manifest.json"
    if not manifest.is_file():
        return None, None
    entries = json.loads(manifest.read_text())
    spec = package / "Data" / entries["itemInfoEntries"][entries["rootModelIdentifier"]]["path"]
    weights = spec.parent / "weights"
    return spec, weights if weights.is_dir() else None
