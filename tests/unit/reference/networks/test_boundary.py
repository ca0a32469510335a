"""Inputs and outputs of networks: images, labels, sizes, defaults, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder, flexible_shape_utils
from numpy.testing import assert_allclose
from one_layer import build, load, predict
from PIL import Image

from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (4, 5, 3), dtype=np.uint8)


def image_network(*, output_image=False, any_rank=False, **preprocessing):
    """Return a network that gives its image back."""
    builder = NeuralNetworkBuilder(
        [("image", datatypes.Array(3, 4, 5))], [("out", None)], disable_rank5_shape_mapping=any_rank
    )
    builder.add_activation("a", "LINEAR", "image", "out", [1.0, 0.0])
    builder.set_pre_processing_parameters(image_input_names=["image"], image_format="NCHW", **preprocessing)
    spec = builder.spec
    if output_image:
        kind = spec.description.output[0].type.imageType
        kind.colorSpace, kind.height, kind.width = spec.description.input[0].type.imageType.colorSpace, 4, 5
    return spec


@pytest.mark.parametrize("is_bgr", [False, True])
@pytest.mark.parametrize("any_rank", [False, True])
def test_preprocessing(is_bgr, any_rank):
    """A scale, and biases by colour; the channels are in the declared order."""
    spec = image_network(is_bgr=is_bgr, red_bias=-10, green_bias=-20, blue_bias=-30, image_scale=0.5, any_rank=any_rank)

    y = load(spec).predict({"image": Image.fromarray(PIXELS)}, None)[0]["out"]

    expected = (PIXELS * 0.5 - [10, 20, 30]).transpose(2, 0, 1)
    assert_allclose(y.reshape(3, 4, 5), expected[::-1] if is_bgr else expected)


@pytest.mark.parametrize("is_bgr", [False, True])
def test_an_image_comes_out_as_it_went_in(is_bgr):
    """Rounded and cut off at a byte, with an alpha channel."""
    spec = image_network(output_image=True, is_bgr=is_bgr)

    image = load(spec).predict({"image": Image.fromarray(PIXELS)}, None)[0]["out"]

    assert image.mode == "RGBA"
    assert (np.asarray(image)[..., :3] == PIXELS).all()


def test_a_mean_image():
    """Subtracted element by element."""
    spec = image_network()
    mean = RANDOM.normal(size=(3, 4, 5)).astype(np.float32)
    step = spec.neuralNetwork.preprocessing.add(featureName="image")
    step.meanImage.meanImage.extend(mean.reshape(-1))

    y = load(spec).predict({"image": Image.fromarray(PIXELS)}, None)[0]["out"]

    assert_allclose(y[0, 0], PIXELS.transpose(2, 0, 1) - mean, rtol=1e-5)


def test_each_size_of_an_image_is_lowered_once():
    """And a size outside the range is refused."""
    spec = image_network()
    sizes = flexible_shape_utils.NeuralNetworkImageSizeRange((2, 8), (2, 8))
    flexible_shape_utils.update_image_size_range(spec, "image", sizes)
    network = load(spec)

    for height, width in ((4, 5), (6, 3), (4, 5)):
        y = network.predict({"image": Image.new("RGB", (width, height))}, None)[0]["out"]
        assert y.shape == (1, 1, 3, height, width)
    assert len(network._sessions) == 2
    with pytest.raises(BadInputError, match=r"height and width \[2\.\.8, 2\.\.8\], got \[9, 4\]"):
        network.predict({"image": Image.new("RGB", (4, 9))}, None)


def classifier(labels):
    """Return a classifier of three classes by a softmax."""
    builder = NeuralNetworkBuilder([("x0", datatypes.Array(3))], [("probs", datatypes.Array(3))], "classifier")
    builder.add_softmax("s", "x0", "probs")
    builder.set_class_labels(labels, "label", "probs")
    return builder.spec


@pytest.mark.parametrize("labels", [["a", "b", "c"], [10, 20, 30]])
def test_a_classifier(labels):
    """The label of the largest probability, and all probabilities by their labels."""
    spec = classifier(labels)

    results = predict(load(spec), [0, 2, 1])

    exponentials = np.exp([0, 2, 1])
    assert results["label"] == labels[1]
    assert results["probs"] == pytest.approx(dict(zip(labels, exponentials / exponentials.sum(), strict=True)))


def test_labels_that_are_too_few():
    """The error says how many there are."""
    with pytest.raises(BadModelError, match="3 probabilities for 2 labels"):
        predict(load(classifier(["a", "b"])), [0, 2, 1])


def test_an_optional_input_has_a_default():
    """Zeros where nothing else is said."""
    spec = build(lambda b: b.add_add_broadcastable("a", ["x0", "x1"], "y0"), [(2,), (2,)])
    spec.description.input[1].type.isOptional = True

    assert predict(load(spec), [1, 2])["y0"].tolist() == [1, 2]
    spec.description.input[1].type.multiArrayType.floatDefaultValue = 5
    assert predict(load(spec), [1, 2])["y0"].tolist() == [6, 7]


def test_outputs_have_the_declared_type():
    """And the declared shape when it has as many elements."""
    spec = build(lambda b: b.add_activation("a", "LINEAR", "x0", "y0", [1.5, 0.0]), [(2, 3)])
    spec.description.output[0].type.multiArrayType.dataType = 131104
    spec.description.output[0].type.multiArrayType.shape.extend([6])

    y = predict(load(spec), np.arange(6).reshape(2, 3))["y0"]

    assert y.dtype == np.int32
    assert y.tolist() == [0, 1, 3, 4, 6, 7]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Feature x0 is required but not specified"),
        ({"x0": np.zeros((2, 2), np.float32)}, r"expected the shape \[3\], got \[2, 2\]"),
        ({"x0": "text"}, "value type not convertible"),
    ],
)
def test_inputs_that_do_not_fit(values, message):
    """As from Core ML."""
    network = load(build(lambda b: b.add_activation("a", "RELU", "x0", "y0"), [(3,)]))

    with pytest.raises(BadInputError, match=message):
        network.predict(values, None)


def test_a_blob_that_nobody_makes():
    """The layer is named, and so is an output without a maker."""
    spec = build(lambda b: b.add_activation("first", "RELU", "x0", "y0"), [(3,)])
    spec.neuralNetwork.layers[0].input[0] = "nothing"
    with pytest.raises(
        BadModelError, match="layer activation 'first': no layer before it computes its input 'nothing'"
    ):
        load(spec)

    spec.neuralNetwork.layers[0].input[0] = "x0"
    spec.neuralNetwork.layers[0].output[0] = "elsewhere"
    with pytest.raises(BadModelError, match="no layer computes the output 'y0' of the model"):
        load(spec)


def test_weights_of_another_length():
    """The error names the layer, and both lengths."""
    spec = build(lambda b: b.add_inner_product("fc/1", np.ones((2, 3)), None, 3, 2, False, "x0", "y0"), [(3,)])
    del spec.neuralNetwork.layers[0].innerProduct.weights.floatValue[5]

    with pytest.raises(BadModelError, match=r"layer innerProduct 'fc/1': the weights has 5 elements, expected 6"):
        load(spec)


def test_shapes_that_do_not_fit_together():
    """They are found while the network is loaded, with the layer's name."""
    spec = build(lambda b: b.add_add_broadcastable("sum", ["x0", "x1"], "y0"), [(3,), (2,)])

    with pytest.raises(BadModelError, match=r"layer addBroadcastable 'sum': inputs of the shapes \[3\], \[2\]"):
        load(spec)


def test_an_index_out_of_range_names_its_layer():
    """Also a name with strokes."""
    from pytest_coreml.reference.errors import ExecutionError

    spec = build(lambda b: b.add_gather("table/look-up", ["x0", "x1"], "y0"), [(3,), (1,)])

    with pytest.raises(ExecutionError, match="gather 'table/look-up' failed: the index 7 is out of range"):
        predict(load(spec), [1, 2, 3], [7])


def test_five_dimensions_and_layers_of_any_rank_do_not_go_together():
    """Core ML refuses such a network as well."""
    spec = build(lambda b: b.add_stack("s", ["x0", "x0"], "y0"), [(3,)], rank_five=True)

    with pytest.raises(BadModelError, match="arrayInputShapeMapping must be EXACT_ARRAY_MAPPING"):
        load(spec)


def test_an_input_of_another_kind():
    """No network takes a text."""
    spec = build(lambda b: b.add_activation("a", "RELU", "x0", "y0"), [(3,)])
    spec.description.input[0].type.stringType.SetInParent()

    with pytest.raises(UnsupportedModelError, match="stringType, which is not an input type of neural networks"):
        load(spec)


def test_a_declared_shape_that_a_layer_refuses_leaves_the_others():
    """The slice begins behind the end of the declared shape; a larger shape, which is allowed too, has its column."""
    spec = build(lambda builder: _add_slice(builder, 3), [(2, 1)])
    flexible_shape_utils.add_multiarray_ndshape_enumeration(spec, "x0", [(2, 5)])
    model = load(spec)

    x = RANDOM.normal(size=(2, 5)).astype(np.float32)
    assert_allclose(predict(model, x)["y0"], x[:, 3], rtol=1e-6)
    with pytest.raises(BadModelError, match="layer sliceStatic"):
        predict(model, x[:, :1])


def _add_slice(builder, column):
    builder.add_slice_static(
        "slice", "x0", "y0", [0, column], [2, column + 1], [1, 1], [False] * 2, [False] * 2, [False, True]
    )
