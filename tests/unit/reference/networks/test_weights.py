"""Weights are stored in 32 and 16 bits, and as codes of 1 to 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.proto import NeuralNetwork_pb2
from numpy.testing import assert_allclose
from one_layer import build, load, predict

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.weights import decode

RANDOM = np.random.default_rng(0)


def params(**fields):
    """Return a message of weights."""
    return NeuralNetwork_pb2.WeightParams(**fields)


def test_floats():
    """In single and half precision."""
    values = np.float32([[1, 2.5], [-3, 0.1]])

    assert_allclose(decode(params(floatValue=values.reshape(-1)), (2, 2), "w"), values)
    assert_allclose(decode(params(float16Value=values.astype("<f2").tobytes()), (2, 2), "w"), values, rtol=1e-3)


def packed(codes, bits):
    """Return codes as one stream of bits, the most significant bit of each first."""
    stream = "".join(format(code, f"0{bits}b") for code in codes)
    stream += "0" * (-len(stream) % 8)
    return int(stream, 2).to_bytes(len(stream) // 8, "big")


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("axis", [0, 1])
def test_linear_codes(bits, axis):
    """With a scale and a bias for each output channel."""
    codes = RANDOM.integers(0, 2**bits, (3, 5))
    count = codes.shape[axis]
    scale, bias = RANDOM.normal(size=(2, count)).astype(np.float32)
    message = params(rawValue=packed(codes.reshape(-1).tolist(), bits))
    message.quantization.numberOfBits = bits
    message.quantization.linearQuantization.scale.extend(scale)
    message.quantization.linearQuantization.bias.extend(bias)

    shape = (-1, 1) if axis == 0 else (1, -1)
    assert_allclose(
        decode(message, (3, 5), "w", axis), codes * scale.reshape(shape) + bias.reshape(shape), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_tables(bits):
    """Each code is a place in a table."""
    table = RANDOM.normal(size=2**bits).astype(np.float32)
    codes = RANDOM.integers(0, 2**bits, 11)
    message = params(rawValue=packed(codes.tolist(), bits))
    message.quantization.numberOfBits = bits
    message.quantization.lookupTableQuantization.floatValue.extend(table)

    assert_allclose(decode(message, (11,), "w"), table[codes])


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (params(floatValue=[1, 2]), "the weights has 2 elements, expected 3"),
        (params(float16Value=b"abc"), "3 bytes of float16"),
        (params(rawValue=b"abcd", quantization={"numberOfBits": 8}), "4 bytes of 8-bit codes, expected 3"),
        (params(rawValue=b"abc", quantization={"numberOfBits": 9}), "quantized to 9 bits"),
        (params(rawValue=b"abc", quantization={"numberOfBits": 8}), "neither with a scale nor with a table"),
        (params(), "the weights has 0 elements"),
    ],
)
def test_what_does_not_fit_is_an_error(message, complaint):
    """It says what was found, and what was expected."""
    with pytest.raises(BadModelError, match=complaint):
        decode(message, (3,), "the weights")


def test_a_quantized_model_of_coremltools():
    """Its own quantization of a network to eight bits."""
    from coremltools.models import _QUANTIZATION_MODE_LINEAR_QUANTIZATION
    from coremltools.models.neural_network.quantization_utils import _quantize_spec_weights

    w = RANDOM.normal(size=(6, 8)).astype(np.float32)
    spec = build(lambda b: b.add_inner_product("i", w, None, 8, 6, False, "x0", "y0"), [(8,)])
    exact = load(type(spec).FromString(spec.SerializeToString()))
    quantized = load(_quantize_spec_weights(spec, 8, _QUANTIZATION_MODE_LINEAR_QUANTIZATION))
    x = RANDOM.normal(size=8)

    assert spec.neuralNetwork.layers[0].innerProduct.weights.rawValue
    assert_allclose(predict(quantized, x)["y0"], predict(exact, x)["y0"], atol=0.1)
    assert (predict(quantized, x)["y0"] != predict(exact, x)["y0"]).any()
