"""Printing a program and reading it again gives the same program."""

from __future__ import annotations

from typing import Any

import pytest
from compiled_folders import save_compiled
from coremltools.proto import MIL_pb2
from foreign_files import RECORDINGS, needs
from fuzzed_models import BUILDERS

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.format.blob import BlobRef
from pytest_coreml.reference.format.mil.grammar import parse_program
from pytest_coreml.reference.format.mil.printer import print_program
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.program import read_function
from pytest_coreml.reference.format.proto import read_spec

BUILD = {build.__name__: build for build in BUILDERS}


def plain(program: Any, blobs: Any) -> Any:
    """Return all functions of a program as comparable data."""
    return described([read_function(program, name, blobs) for name in sorted(program.functions)])


def described(functions: Any) -> Any:
    """Return functions as comparable data."""
    return [(f.name, f.opset, f.inputs, f.block.outputs, list(map(_operation, f.block.operations))) for f in functions]


def _operation(operation: Any) -> Any:
    inputs = {name: [_bound(one) for one in bound] for name, bound in operation.inputs.items()}
    attributes = {name: _bound(value) for name, value in operation.attributes.items()}
    return operation.full_type, operation.outputs, inputs, attributes


def _bound(bound: Any) -> Any:
    if isinstance(bound, str):
        return bound
    data = bound.data
    if isinstance(data, BlobRef):
        return bound.type, data.start, data.length
    return bound.type, data.tobytes() if data.dtype != object else data.tolist()


@pytest.mark.parametrize("version", [(1, 0), (1, 3)])
@pytest.mark.parametrize("name", ["stateful", "palettized", "quantized", "pruned", "classifier"])
def test_a_package_and_its_text_are_the_same_program(name, version, tmp_path):
    """Types, states, labels, weights in place and in files, of less than a byte too."""
    package = tmp_path / "Model.mlpackage"
    BUILD[name]().save(str(package))
    original = open_package(package)
    compiled = open_package(save_compiled(package, tmp_path / "Model.mlmodelc", version))

    expected = plain(read_spec(original).mlProgram, original.blob_file)

    program = read_spec(compiled).mlProgram
    assert plain(program, compiled.blob_file) == expected
    # What is executed is read without the message.
    assert described([compiled.function(program, name) for name in sorted(program.functions)]) == expected


def test_blocks_inside_operations_have_no_known_text():
    """No public sample shows how Core ML writes them."""
    with pytest.raises(UnsupportedModelError, match="cond has blocks inside"):
        print_program(BUILD["branch"]().get_spec().mlProgram)


@needs(RECORDINGS)
def test_texts_of_apple_are_read_and_printed_again():
    """Every text that Core ML wrote parses, and what is printed of it gives the same message."""
    files = sorted(RECORDINGS.rglob("*.mil"))
    assert files
    for file in files:
        program = MIL_pb2.Program.FromString(parse_program(file.read_text(), file.name).message())
        again = parse_program(print_program(program, (1, 3)), "again").message()

        assert MIL_pb2.Program.FromString(again) == program
