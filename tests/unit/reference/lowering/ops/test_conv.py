"""Convolutions against sums written out."""

from __future__ import annotations

import itertools
from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from numpy_layers import convolve
from one_op import build, load_program, run_op
from same_padding import same_pads

RANDOM = np.random.default_rng(0)


@pytest.mark.operation("conv")
@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize(("groups", "dilation", "stride"), [(1, 1, 1), (2, 1, 2), (4, 2, 1)])
def test_convolution_with_custom_padding(spatial, groups, dilation, stride):
    """Pads are begin and end of each dimension in turn."""
    x = RANDOM.standard_normal((2, 4, *(7, 6, 5)[:spatial])).astype(np.float32)
    weight = RANDOM.standard_normal((8, 4 // groups, *(3, 2, 1)[:spatial])).astype(np.float32)
    bias = RANDOM.standard_normal(8).astype(np.float32)
    pads = [1, 2, 0, 1, 2, 0][: 2 * spatial]
    window = {"strides": [stride] * spatial, "dilations": [dilation] * spatial, "groups": groups}
    expected = convolve(x, weight, bias, pads=pads, **window)

    (result,) = run_op(lambda x: mb.conv(x=x, weight=weight, bias=bias, pad_type="custom", pad=pads, **window), x)

    assert result == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("pad_type", "pads"),
    [("valid", [0, 0]), ("same", [0, 1]), ("same_lower", [1, 0])],
)
def test_named_padding(pad_type, pads):
    """An odd amount of padding goes to the end for `same`, to the beginning for `same_lower`."""
    x, weight = np.array([[[1, 2, 3, 4]]], np.float32), np.array([[[1, 10]]], np.float32)
    expected = convolve(x, weight, [0], strides=[1], pads=pads, dilations=[1], groups=1)

    (result,) = run_op(lambda x: mb.conv(x=x, weight=weight, pad_type=pad_type), x)

    assert result.tolist() == expected.tolist()


def test_weight_that_the_model_computes():
    """The weight may be an input."""
    x, weight = np.array([[[1, 2, 3]]], np.float32), np.array([[[1, 10]]], np.float32)

    (result,) = run_op(lambda x, weight: mb.conv(x=x, weight=weight), x, weight)

    assert result.tolist() == [[[21, 32]]]


@pytest.mark.parametrize("pad_type", ["same", "same_lower"])
def test_dilated_strides_over_an_unknown_size(pad_type):
    """The padding of `same` is computed when the model runs: here 3 of 4, of which the odd one goes to one side."""
    x = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 6)
    before, after = (1, 2) if pad_type == "same" else (2, 1)
    padded = np.pad(x[0, 0], (before, after))
    # Three outputs: each adds what stands 0, 2 and 4 places further.
    expected = [padded[i] + 10 * padded[i + 2] + 100 * padded[i + 4] for i in (0, 2, 4)]

    (result,) = run_op(
        lambda x: mb.conv(
            x=x, weight=np.array([[[1, 10, 100]]], np.float32), strides=[2], dilations=[2], pad_type=pad_type
        ),
        x,
        shapes=[(1, 1, get_new_symbol())],
    )

    assert result[0, 0].tolist() == expected


@pytest.mark.parametrize("pad_type", ["same", "same_lower"])
@pytest.mark.parametrize("kernel_is_known", [True, False])
@pytest.mark.parametrize(
    ("kernel", "strides"), [([2], [5]), ([1, 2], [4, 1]), ([3, 2], [2, 4]), ([1, 1], [4, 4]), ([1, 2, 1], [4, 4, 1])]
)
def test_windows_apart_where_the_size_is_not_known(kernel, strides, kernel_is_known, pad_type):
    """A gap between two windows may also follow the last one; the padding is never negative."""
    weight = RANDOM.standard_normal((3, 2, *kernel)).astype(np.float32)
    unknown = [get_new_symbol() for _ in kernel]
    model = build(
        lambda x, w: mb.conv(x=x, weight=weight if kernel_is_known else w, strides=strides, pad_type=pad_type),
        [np.zeros((1, 2, *kernel), np.float32), weight],
        shapes=[(1, 2, *unknown), (3, 2, *(get_new_symbol() for _ in kernel))],
    )
    function = load_program(Path(model.package_path))

    for sizes in itertools.product([1, 3, 4, 6], repeat=len(kernel)):
        x = RANDOM.standard_normal((1, 2, *sizes)).astype(np.float32)
        pads, ones = same_pads(sizes, kernel, strides, pad_type), [1] * len(kernel)
        expected = convolve(x, weight, [0] * 3, strides=strides, pads=pads, dilations=ones, groups=1)
        (result,) = function.run({"x0": x, "x1": weight}).values()
        np.testing.assert_allclose(result, expected, atol=1e-4, err_msg=str(sizes))


@pytest.mark.operation("conv_quantized")
def test_conv_quantized():
    """The weight is its bytes, scaled and shifted by separate numbers for each filter."""
    x, weight = np.array([[[1, 2]]], np.float32), np.array([[[10]], [[20]]], np.uint8)

    (result,) = run_op(
        lambda x: mb.conv_quantized(
            x=x,
            weight=weight,
            quantization_type="linear",
            quant_scale=np.array([0.5, 2], np.float32),
            quant_bias=np.array([1, -3], np.float32),
        ),
        x,
    )

    assert result.tolist() == [[[6, 12], [37, 74]]]


def test_dilated_kernel_of_a_size_that_the_run_tells(tmp_path):
    """The padding of `same` is that of the weight: two numbers on each side, the kernel being 1 0 10 0 100.

    coremltools' builder dilates no kernel that is computed; a file may say so.
    """
    inputs = [np.array([[[1, 2, 3]]], np.float32), np.array([[[1, 10, 100]]], np.float32)]
    shapes = [(1, 1, get_new_symbol()), (1, 1, get_new_symbol())]
    model = build(lambda x, weight: mb.conv(x=x, weight=weight, dilations=[1], pad_type="same"), inputs, shapes=shapes)
    spec = model.get_spec()
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    (dilations,) = (op for op in block.operations if op.outputs[0].name.endswith("dilations_0"))
    dilations.attributes["val"].immediateValue.tensor.ints.values[0] = 2
    ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True).save(str(tmp_path / "m.mlpackage"))
    function = load_program(tmp_path / "m.mlpackage")

    (result,) = function.run({port.name: x for port, x in zip(function.lowered.inputs, inputs, strict=True)}).values()

    assert result.tolist() == [[[310, 20, 31]]]
