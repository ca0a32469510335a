"""Whole networks, small, against a forward pass in numpy."""

from __future__ import annotations

import functools
from pathlib import Path

import coremltools as ct
import networks
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from mil_layers import MilLayers
from numpy_layers import NumpyLayers
from one_op import load_program

IMAGE = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
IDS = np.array([[3, 1, 4, 1, 5, 9]], np.int32)
NETWORKS = {
    "MobileNetV2": (networks.mobile_net, IMAGE),
    "ResNet": (networks.res_net, IMAGE),
    "U-Net": (networks.u_net, IMAGE[:, :, :16, :16]),
    "BERT": (networks.encoder, IDS),
    "GPT": (networks.decoder, IDS),
}


@functools.cache
def _converted(name, precision):
    """Convert with all of coremltools' passes, as a user does."""
    network, example = NETWORKS[name]
    dtype = types.int32 if example.dtype == np.int32 else types.fp32
    specs = [mb.TensorSpec(example.shape, dtype=dtype)]
    target = ct.target.iOS18
    program = mb.program(input_specs=specs, opset_version=target)(lambda x: network(MilLayers(), x))
    return ct.convert(
        program,
        convert_to="mlprogram",
        compute_precision=precision,
        minimum_deployment_target=target,
        skip_model_load=True,
    )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("compute", "precision", "limit"),
    [
        (ct.precision.FLOAT32, "fast", 5e-5),
        (ct.precision.FLOAT16, "fast", 2e-2),
        (ct.precision.FLOAT16, "strict", 2e-2),
    ],
)
def test_network_stays_near_its_definition(name, compute, precision, limit):
    """The relative error over the whole output is that of the precision."""
    network, example = NETWORKS[name]
    expected = network(NumpyLayers(), example if example.dtype == np.int32 else example.astype(np.float64))
    model = _converted(name, compute)

    (result,) = load_program(Path(model.package_path), precision).run({"x": example}).values()

    assert result.shape == expected.shape
    assert np.linalg.norm(result - expected) <= limit * np.linalg.norm(expected)
