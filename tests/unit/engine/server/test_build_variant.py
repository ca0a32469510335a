"""Variants are built by coremltools, and their weights are those that its own decompression gives."""

from __future__ import annotations

import json
import logging
import shutil

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from compiled_folders import save_compiled
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import load_program

from pytest_coreml.engine.server.build_variant import build_variant
from pytest_coreml.engine.server.open_model import open_model
from pytest_coreml.engine.server.specification import describe
from pytest_coreml.errors import ModelError, UnfitVariantError

SIZE = 64
WEIGHT = np.random.default_rng(0).standard_normal((SIZE, SIZE)).astype(np.float16).astype(np.float32)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """Leave coremltools' logger as it was: building sets its level, in an engine that does nothing else."""
    monkeypatch.setattr(logging.getLogger("coremltools"), "level", logging.ERROR)


def save(folder, target, weight=WEIGHT):
    """Save a linear layer: what it makes of an identity matrix is its weight."""

    @mb.program(input_specs=[mb.TensorSpec((SIZE, SIZE))])
    def program(x):
        return mb.linear(x=x, weight=weight, name="y")

    path = folder / f"{target.name}.mlpackage"
    ct.convert(program, convert_to="mlprogram", minimum_deployment_target=target, skip_model_load=True).save(str(path))
    return path


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A model for the newest target that all presets fit."""
    return save(tmp_path_factory.mktemp("models"), ct.target.iOS18)


def built(path, name, folder):
    """Build a variant."""
    destination = folder / f"Variant{path.suffix}"
    build_variant(str(path), name, str(destination), lambda _: None)
    return destination


def weights_of(path):
    """Return the weight of a model of one linear layer, by what the reference runtime makes of it."""
    function = load_program(path, "strict")
    (port,) = function.lowered.inputs
    dtype = np.float16 if port.type.dtype.value == "fp16" else np.float32
    (result,) = function.run({port.name: np.eye(SIZE, dtype=dtype)}).values()
    return np.asarray(result, np.float32).T


def levels(values):
    """Return the greatest number of distinct values in a row."""
    return max(len(np.unique(row)) for row in values)


def error_of(kept, steps, blocks=1):
    """Return the greatest error as a share of the step of a scale for each part of a row."""
    rows = WEIGHT.reshape(SIZE * blocks, -1)
    scale = np.abs(rows).max(axis=1, keepdims=True) / steps
    return (np.abs(kept.reshape(rows.shape) - rows) / scale).max()


# What each preset means, in numpy: of the weights that are kept.
MEANINGS = {
    "int8": lambda kept: error_of(kept, 127) < 0.7 and levels(kept) > 50,
    "uint8": lambda kept: levels(kept) > 50 and np.abs(kept - WEIGHT).max() < np.ptp(WEIGHT, axis=1).max() / 255,
    "int4": lambda kept: error_of(kept, 7) < 0.55 and levels(kept) <= 16,
    "int4-block32": lambda kept: error_of(kept, 7, 2) < 0.55 and levels(kept.reshape(-1, 32)) <= 16,
    **{
        f"palette-{bits}": lambda kept, bits=bits: len(np.unique(kept)) == 2**bits or bits == 8
        for bits in (1, 2, 3, 4, 6, 8)
    },
    "palette-4-group16": lambda kept: levels(kept.reshape(4, -1)) == 16 and len(np.unique(kept)) > 16,
    "sparse-75": lambda kept: (
        abs((kept == 0).mean() - 0.75) < 0.002 and np.array_equal(kept[kept != 0], WEIGHT[kept != 0])
    ),
    "sparse-2:4": lambda kept: np.array_equal((kept.reshape(SIZE, -1, 4) == 0).sum(axis=2), np.full((SIZE, 16), 2)),
    "sparse-50+palette-4": lambda kept: (kept == 0).mean() >= 0.5 and len(np.unique(kept)) <= 17,
    "sparse-50+int8": lambda kept: (kept == 0).mean() >= 0.5 and levels(kept) > 20,
    "palette-4+int8": lambda kept: len(np.unique(kept)) <= 16,
    "float16-io": lambda kept: np.array_equal(kept, WEIGHT),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_preset_means_what_it_says(package, tmp_path, name):
    """By numpy, and the weights are the same when coremltools has decompressed them."""
    variant = built(package, name, tmp_path)

    kept = weights_of(variant)
    dense = cto.decompress_weights(ct.models.MLModel(str(variant), skip_model_load=True))
    dense.save(str(tmp_path / "Dense.mlpackage"))
    assert MEANINGS[name](kept)
    np.testing.assert_array_equal(kept, weights_of(tmp_path / "Dense.mlpackage"))


def test_the_original_is_only_read(package, tmp_path):
    """Content and time of each file are as before, also of a manifest in another layout than coremltools'."""
    original = shutil.copytree(package, tmp_path / "Original.mlpackage")
    manifest = original / "Manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text())))
    files = [path for path in original.rglob("*") if path.is_file()]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in files]

    built(original, "int8", tmp_path)
    open_model(str(original))

    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in files] == before


def test_a_package_without_weights_is_opened(tmp_path):
    """A program of small constants has none, and other tools than coremltools leave out the folder too."""

    @mb.program(input_specs=[mb.TensorSpec((1, 4))])
    def program(x):
        return mb.add(x=x, y=np.float32(1), name="y")

    path = tmp_path / "Small.mlpackage"
    ct.convert(program, convert_to="mlprogram", skip_model_load=True).save(str(path))
    shutil.rmtree(path / "Data/com.apple.CoreML/weights")

    assert open_model(str(path)).get_spec().description.input[0].name == "x"


def test_half_precision_inputs_keep_their_names(package, tmp_path):
    """coremltools names a changed output after its cast."""
    boundary = describe(str(built(package, "float16-io", tmp_path))).boundary

    assert [(each.name, each.declared, each.casts) for each in boundary.crossings] == [
        ("x", "float16", 0),
        ("y", "float16", 0),
    ]


@pytest.mark.parametrize("name", ["int4", "int8-block32", "palette-3", "palette-4-group16", "sparse-50+palette-4"])
def test_a_target_that_does_not_have_it_is_named(tmp_path, name):
    """With what to convert for."""
    path = save(tmp_path, ct.target.iOS16)

    with pytest.raises(UnfitVariantError, match=r"needs the deployment target iOS 18, and the model is for iOS 16.*"):
        built(path, name, tmp_path)


def test_what_changes_nothing_is_an_error(tmp_path):
    """Weights that are too small are left alone, and the variant would be its original."""
    path = save(tmp_path, ct.target.iOS18, WEIGHT[:8])

    with pytest.raises(ModelError, match=r"int8 changes nothing.*fewer than 2048 elements"):
        built(path, "int8", tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


NETWORK = {
    "float16": ("float16", 2**-10),
    "int8": ("8-bit linear", 1 / 120),
    "uint8": ("8-bit linear", 1 / 120),
    "int4": ("4-bit linear", 1 / 7),
    "palette-8": ("8-bit palettized", 1 / 15),
    # The greatest weights of few share a value.
    "palette-4": ("4-bit palettized", 1 / 3),
}


@pytest.mark.parametrize("name", NETWORK)
def test_a_neural_network_takes_the_older_quantization(tmp_path, name):
    """Linear and by lookup; its weights, dequantized by coremltools, are near the original's."""
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [("x", ct.models.datatypes.Array(SIZE))], [("y", ct.models.datatypes.Array(SIZE))]
    )
    builder.add_inner_product("layer", WEIGHT, None, SIZE, SIZE, has_bias=False, input_name="x", output_name="y")
    ct.utils.save_spec(builder.spec, str(tmp_path / "Net.mlmodel"))

    variant = built(tmp_path / "Net.mlmodel", name, tmp_path)

    kind, error = NETWORK[name]
    assert describe(str(variant)).precision == (kind,)
    kept = dequantized(ct.models.MLModel(str(variant), skip_model_load=True)).reshape(SIZE, SIZE)
    assert np.abs(kept - WEIGHT).max() <= error * np.abs(WEIGHT).max()


def dequantized(model):
    """Return the weights of a network of one layer; coremltools dequantizes all but half precision."""
    weights = model.get_spec().neuralNetwork.layers[0].innerProduct.weights
    if weights.float16Value:
        return np.frombuffer(weights.float16Value, np.float16).astype(np.float32)
    dense = ct.models.neural_network.quantization_utils.quantize_weights(model, 32, "dequantization")
    return np.array(dense.get_spec().neuralNetwork.layers[0].innerProduct.weights.floatValue, np.float32)


def test_a_network_takes_no_other(tmp_path, package):
    """Nor does an ML Program take what is for networks."""
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [("x", ct.models.datatypes.Array(4))], [("y", ct.models.datatypes.Array(4))]
    )
    builder.add_activation("act", "RELU", "x", "y")
    ct.utils.save_spec(builder.spec, str(tmp_path / "Net.mlmodel"))

    with pytest.raises(UnfitVariantError, match="neural networks take float16, int8"):
        built(tmp_path / "Net.mlmodel", "sparse-50", tmp_path)
    with pytest.raises(UnfitVariantError, match="it is for neural networks"):
        built(package, "float16", tmp_path)
    with pytest.raises(UnfitVariantError, match="a compiled model cannot be changed"):
        built(save_compiled(package, tmp_path / "Model.mlmodelc"), "int8", tmp_path)
