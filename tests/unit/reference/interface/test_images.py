"""Images in and out, in every colour layout."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from interfaces import convert, identity
from PIL import Image

pytestmark = pytest.mark.usefixtures("dropin")

SHAPE = (2, 3)  # height, width
PIXELS = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
LAYOUT = ct.colorlayout


def image_model(layout, channels, **options):
    """Make a model that gives the tensor that it sees, whatever the layout."""
    image = ct.ImageType(name="x", shape=(1, channels, *SHAPE), color_layout=layout, **options)
    return convert(identity, (1, channels, *SHAPE), inputs=[image])


def with_image_outputs(model, **layouts):
    """Declare outputs to be images."""
    spec = model.get_spec()
    for output in spec.description.output:
        image = output.type.imageType
        image.height, image.width = SHAPE
        image.colorSpace = image.ColorSpace.Value(layouts[output.name].name)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir)


@pytest.mark.parametrize(("layout", "order"), [(LAYOUT.RGB, (0, 1, 2)), (LAYOUT.BGR, (2, 1, 0))])
def test_the_program_sees_channels_in_the_declared_order(layout, order):
    """A colour image is a tensor (1, 3, height, width) of 0 to 255, red or blue first."""
    expected = PIXELS[:, :, order].transpose(2, 0, 1)[None]

    actual = image_model(layout, 3).predict({"x": Image.fromarray(PIXELS)})["y"]

    np.testing.assert_array_equal(actual, expected.astype(np.float32))


def test_grey_is_one_channel():
    """A grey image is a tensor (1, 1, height, width)."""
    grey = PIXELS[:, :, 0]

    actual = image_model(LAYOUT.GRAYSCALE, 1).predict({"x": Image.fromarray(grey)})["y"]

    np.testing.assert_array_equal(actual, grey[None, None].astype(np.float32))


def test_half_precision_grey_is_rounded_to_half_precision():
    """An image of floats enters as half precision: what a half cannot hold is lost."""
    grey = np.array([[0.1, -7.0, 1000.3], [2049.0, 0.0, 1.0]], np.float32)

    actual = image_model(LAYOUT.GRAYSCALE_FLOAT16, 1).predict({"x": Image.fromarray(grey)})["y"]

    np.testing.assert_array_equal(actual, grey.astype(np.float16).astype(np.float32)[None, None])
    assert actual[0, 0, 1, 0] == 2048


def test_scale_and_bias_are_applied_in_the_declared_order():
    """y = scale * x + bias, with a bias for each channel of the layout."""
    model = image_model(LAYOUT.BGR, 3, scale=0.5, bias=[1.0, 2.0, 3.0])
    blue, green, red = (PIXELS[:, :, channel] * np.float32(0.5) for channel in (2, 1, 0))

    actual = model.predict({"x": Image.fromarray(PIXELS)})["y"][0]

    np.testing.assert_allclose(actual, [blue + 1, green + 2, red + 3], rtol=1e-6)


@pytest.mark.parametrize("layout", [LAYOUT.RGB, LAYOUT.BGR])
def test_a_colour_output_is_an_rgba_image(layout):
    """A tensor of either order comes back as red, green, blue and full opacity."""
    model = with_image_outputs(image_model(layout, 3), y=layout)

    image = model.predict({"x": Image.fromarray(PIXELS)})["y"]

    assert image.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(image)[:, :, :3], PIXELS)
    assert np.asarray(image)[:, :, 3].min() == 255


def test_grey_outputs_are_rounded_and_cut_off():
    """A byte holds 0 to 255; half-precision grey holds everything."""
    values = np.array([[-3.0, 0.4, 0.6], [254.6, 300.0, 7.0]], np.float32)

    def body(x):
        return mb.identity(x=x, name="y"), mb.identity(x=x, name="z")

    model = convert(body, (1, 1, *SHAPE))
    given = with_image_outputs(model, y=LAYOUT.GRAYSCALE, z=LAYOUT.GRAYSCALE_FLOAT16).predict({"x": values[None, None]})

    assert (given["y"].mode, given["z"].mode) == ("L", "F")
    np.testing.assert_array_equal(np.asarray(given["y"]), [[0, 0, 1], [255, 255, 7]])
    np.testing.assert_array_equal(np.asarray(given["z"]), values.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("RGB", (3, 3)), r"'x': expected an image of height and width \[2, 3\], got \[3, 3\]"),
        (Image.new("L", (3, 2)), "'x': expected a PIL image of mode RGB or RGBA, got an image of mode L"),
        (np.zeros((1, 3, 2, 3), np.float32), "'x': expected a PIL image of mode RGB or RGBA, got ndarray"),
    ],
)
def test_another_image_is_refused(image, message):
    """Size, mode and type are checked, and the error says what the model takes."""
    model = image_model(LAYOUT.RGB, 3)
    compiled = ct.models.CompiledMLModel(model.get_compiled_model_path())

    with pytest.raises(RuntimeError, match=message):
        compiled.predict({"x": image})


def test_an_image_with_opacity_is_taken_without_it():
    """The binding takes RGBA, whose opacity the model does not see."""
    model = image_model(LAYOUT.RGB, 3)
    compiled = ct.models.CompiledMLModel(model.get_compiled_model_path())
    rgba = Image.fromarray(PIXELS).convert("RGBA")
    rgba.putalpha(7)

    actual = compiled.predict({"x": rgba})["y"]

    np.testing.assert_array_equal(actual[0], PIXELS.transpose(2, 0, 1).astype(np.float32))


def test_flexible_images():
    """A range of sizes, and enumerated ones, take what is in them and refuse the rest."""
    ranged = ct.ImageType(name="x", shape=(1, 3, ct.RangeDim(1, 4, 2), ct.RangeDim(1, 4, 3)))
    listed = ct.ImageType(name="x", shape=ct.EnumeratedShapes([(1, 3, 2, 3), (1, 3, 5, 5)]))
    for kind, good, bad in ((ranged, (4, 1), (5, 1)), (listed, (5, 5), (4, 4))):
        model = convert(identity, (1, 3, get_new_symbol(), get_new_symbol()), inputs=[kind])

        assert model.predict({"x": Image.new("RGB", good[::-1])})["y"].shape == (1, 3, *good)
        with pytest.raises(RuntimeError, match="expected an image of height and width"):
            model.predict({"x": Image.new("RGB", bad[::-1])})
