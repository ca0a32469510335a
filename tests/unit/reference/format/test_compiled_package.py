"""Compiled models: read from their text, weights, data and summary, or refused by name, file and line."""

from __future__ import annotations

import json
import os
import shutil

import coremltools as ct
import numpy as np
import pytest
from compiled_folders import save_compiled
from fuzzed_models import BUILDERS
from PIL import Image

from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError, UnsupportedModelError
from pytest_coreml.reference.execution.loaded_model import load_model
from pytest_coreml.reference.execution.state import StateTensors
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

BUILD = {build.__name__: build for build in BUILDERS}


@pytest.fixture
def compiled(linear_package, tmp_path):
    """Compile a good package, to be damaged."""
    return save_compiled(linear_package, tmp_path / "Good.mlmodelc")


def refusal(path, kind=BadModelError):
    """Return the message of the error that refuses to load a compiled model."""
    with pytest.raises(ReferenceRuntimeError) as caught:
        load(path)
    assert type(caught.value) is kind
    return str(caught.value)


def load(path):
    """Load a model, and return its specification as well."""
    package = open_package(path)
    spec = read_spec(package)
    return load_model(package, spec, "", RuntimeOptions()), spec


def outputs(path):
    """Return the outputs for inputs of a fixed seed."""
    model, spec = load(path)
    chance = np.random.default_rng(0)
    data = {}
    for feature in spec.description.input:
        if feature.type.HasField("imageType"):
            data[feature.name] = Image.new("RGB", (4, 4), "orange")
        else:
            data[feature.name] = chance.random(tuple(feature.type.multiArrayType.shape)).astype(np.float32)
    state = StateTensors(model.states) if model.states else None
    return [model.predict(data, state)[0] for _ in range(2)]


@pytest.mark.parametrize("version", [(1, 0), (1, 3)])
@pytest.mark.parametrize("name", sorted(BUILD.keys() - {"branch", "loop"}))
def test_outputs_are_those_of_the_package(name, version, tmp_path):
    """To the bit, with states, images, labels, compressed weights, and the parts of a pipeline."""
    package = tmp_path / "Model.mlpackage"
    BUILD[name]().save(str(package))
    folder = save_compiled(package, tmp_path / "Model.mlmodelc", version)

    for found, expected in zip(outputs(folder), outputs(package), strict=True):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value)


def test_coremltools_runs_it(compiled, linear_package, dropin):
    """By the class that coremltools has for compiled models."""
    inputs = {"x": np.ones((1, 4), np.float32)}

    found = ct.models.CompiledMLModel(str(compiled)).predict(inputs)
    expected = ct.models.MLModel(str(linear_package)).predict(inputs)

    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_the_description_is_that_of_the_package(compiled, linear_package):
    """Types, shapes, and what else it holds, byte by byte."""
    found, expected = (read_spec(open_package(path)) for path in (compiled, linear_package))

    assert found.description == expected.description
    assert found.specificationVersion == expected.specificationVersion


def test_the_summary_describes_where_the_data_are_not_understood(compiled, linear_package):
    """With zeros for coremldata.bin, fixed shapes and types come from metadata.json."""
    (compiled / "coremldata.bin").write_bytes(bytes(64))

    found, expected = (read_spec(open_package(path)) for path in (compiled, linear_package))

    assert [(f.name, f.type) for f in found.description.input] == [(f.name, f.type) for f in expected.description.input]


def test_the_summary_is_not_needed(compiled):
    """All that it says is in the other files."""
    (compiled / "metadata.json").unlink()

    load(compiled)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hasShapeFlexibility": "1"}, "the size of 'x' is flexible, and its range is missing"),
        ({"dataType": "Float99"}, "'x' has the element type 'Float99', expected"),
        ({"shape": "[1, many]"}, "'x' has the shape '[1, many]', expected a list of sizes"),
        ({"type": "Dictionary"}, "the description of 'x', of type Dictionary, is incomplete"),
    ],
)
def test_what_the_summary_leaves_open_is_not_guessed(compiled, change, message):
    """Without the data, what the summary does not say is an error."""
    (compiled / "coremldata.bin").write_bytes(bytes(64))
    summary = json.loads((compiled / "metadata.json").read_text())
    summary[0]["inputSchema"][0].update(change)
    (compiled / "metadata.json").write_text(json.dumps(summary))

    assert f"Good.mlmodelc/metadata.json: {message}" in refusal(compiled)


def test_weights_that_are_missing_are_named_with_the_line(compiled):
    """The line is the one that names the weight file."""
    shutil.rmtree(compiled / "weights")
    line = 1 + (compiled / "model.mil").read_text().partition("BLOBFILE")[0].count("\n")

    message = refusal(compiled)

    assert f"Good.mlmodelc/model.mil, line {line}, column " in message
    assert "weights/weight.bin' is missing" in message


def test_weights_that_are_too_short_are_named_with_the_line(compiled):
    """The header of a blob says how long it is."""
    os.truncate(compiled / "weights" / "weight.bin", 130)

    message = refusal(compiled)

    assert "model.mil, line " in message
    assert "weight.bin, blob at offset 64: expected " in message


@pytest.mark.parametrize("name", ["/etc/passwd", "@model_path/../../outside.bin", "../outside.bin", ""])
def test_weights_stay_in_the_folder(compiled, name):
    """A text names no file outside of it."""
    text = compiled / "model.mil"
    text.write_text(text.read_text().replace("@model_path/weights/weight.bin", name))

    assert f"the file name {name!r} points outside the package" in refusal(compiled)


def test_links_stay_in_the_folder(compiled, tmp_path):
    """A link to a file outside is refused."""
    outside = shutil.move(compiled / "weights" / "weight.bin", tmp_path / "outside.bin")
    (compiled / "weights" / "weight.bin").symlink_to(outside)

    assert "is a link that points outside the package" in refusal(compiled)


@pytest.mark.parametrize("name", ["model.mil", "coremldata.bin", "weights/weight.bin"])
def test_pointers_of_git_lfs_are_told(compiled, name):
    """The files were not downloaded."""
    (compiled / name).write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 999\n")

    assert "git lfs pull" in refusal(compiled)


def test_a_huge_text_is_not_read(compiled):
    """A file that says it is large, and takes no room."""
    os.truncate(compiled / "model.mil", 1 << 40)

    assert "model.mil: cannot be read: it has 1099511627776 bytes" in refusal(compiled)


def test_a_text_that_is_none_is_refused(compiled):
    """As an encrypted model has."""
    (compiled / "model.mil").write_bytes(b"\xff\xfe\x00\x01")

    assert "model.mil: not the text of an ML Program, perhaps it is encrypted" in refusal(compiled)


def test_folders_that_only_look_like_a_compiled_model(tmp_path):
    """An empty folder, one without a program, and a compiled neural network."""
    folder = tmp_path / "Bad.mlmodelc"
    folder.mkdir()
    empty = refusal(folder)
    (folder / "coremldata.bin").write_bytes(bytes(64))
    without = refusal(folder)
    (folder / "model.espresso.net").write_text("{}")
    network = refusal(folder, UnsupportedModelError)

    assert "coremldata.bin is missing" in empty
    assert "model.mil is missing; use the .mlpackage or .mlmodel" in without
    assert "a compiled neural network" in network


def test_every_unknown_operation_is_named_at_once(compiled):
    """With counts, and the first of each."""
    text = compiled / "model.mil"
    text.write_text(text.read_text().replace(" = linear(", " = astonish("))

    assert "astonish x1 (first: " in refusal(compiled, UnsupportedModelError)
