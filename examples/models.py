"""Small models for the examples, made with coremltools' own builder: nothing to download, no torch."""

from __future__ import annotations

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)
from coremltools.converters.mil.mil import types


def convert(program, precision=ct.precision.FLOAT16, **options):
    """Make a Core ML model of a MIL program, without loading it; the tests load it."""
    return ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=precision,
        skip_model_load=True,
        **options,
    )


def perceptron(width=256):
    """Build a classifier of two linear layers: input `features` (1, 64), output `probabilities` (1, 10)."""
    random = np.random.default_rng(0)
    first = random.standard_normal((width, 64)).astype(np.float32) / 8
    second = random.standard_normal((10, width)).astype(np.float32) / 16

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 64))])
    def program(features):
        hidden = mb.relu(x=mb.linear(x=features, weight=first))
        return mb.softmax(x=mb.linear(x=hidden, weight=second), axis=-1, name="probabilities")

    return convert(program)


def narrow():
    """Build the perceptron with a narrow hidden layer."""
    return perceptron(32)


def wide():
    """Build the perceptron with a wide hidden layer."""
    return perceptron(1024)


def listener():
    """Build a recurrent model: input `frames` (20, 1, 8), output `last` (1, 16), the last state of an LSTM."""
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape).astype(np.float32) / 4
        for name, shape in (("weight_ih", (64, 8)), ("weight_hh", (64, 16)), ("bias", (64,)))
    }
    zeros = np.zeros((1, 16), np.float32)

    @mb.program(input_specs=[mb.TensorSpec(shape=(20, 1, 8))])
    def program(frames):
        _, last, _ = mb.lstm(x=frames, initial_h=zeros, initial_c=zeros, direction="forward", **weights)
        return mb.identity(x=last, name="last")

    return convert(program)


def compressed():
    """Build the perceptron with 8-bit weights."""
    from coremltools.optimize.coreml import (
        OpLinearQuantizerConfig,
        OptimizationConfig,
        linear_quantize_weights,
    )

    config = OptimizationConfig(OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0))
    return linear_quantize_weights(perceptron(), config)


def photographer():
    """Build an image model: input `image`, RGB of 64 x 64; output `mean`, the mean of each channel from 0 to 1."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 64, 64))])
    def program(image):
        return mb.reduce_mean(x=image, axes=[2, 3], keep_dims=False, name="mean")

    return convert(program, inputs=[ct.ImageType(name="image", shape=(1, 3, 64, 64), scale=1 / 255)])


def counter():
    """Build a stateful model: input `step` (1, 4), output `total` (1, 4), the sum of all steps so far."""
    half = {"shape": (1, 4), "dtype": types.fp16}

    @mb.program(input_specs=[mb.TensorSpec(**half), mb.StateTensorSpec(**half)], opset_version=ct.target.iOS18)
    def program(step, memory):
        total = mb.add(x=mb.read_state(input=memory), y=step)
        return mb.identity(x=mb.coreml_update_state(state=memory, value=total), name="total")

    return ct.convert(program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18, skip_model_load=True)
