"""Sampled images and crops equal numbers that were calculated manually."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

LINE = np.array([10, 20, 30], np.float32).reshape(1, 1, 1, 3)


def _resample(columns, **parameters):
    points = np.zeros((1, 1, len(columns), 2), np.float32)
    points[0, 0, :, 0] = columns
    given = {"sampling_mode": "bilinear", "padding_mode": "border", "padding_value": 0.0, "align_corners": True}

    (result,) = run_op(
        lambda x, points: mb.resample(
            x=x, coordinates=points, **{**given, "coordinates_mode": "unnormalized", **parameters}
        ),
        *(LINE, points),
    )
    return result.reshape(-1).tolist()


@pytest.mark.operation("resample")
@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("constant", [2, 6, 15, 2]),
        ("border", [10, 10, 15, 30]),
        ("reflection", [30, 15, 15, 10]),
        ("symmetric", [20, 10, 15, 20]),
    ],
)
def test_what_is_beyond_the_border(padding, expected):
    """Two points before the first pixel, one inside, and one behind the last."""
    result = _resample([-2, -0.5, 0.5, 4], padding_mode=padding, padding_value=2.0)

    assert result == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("mode", "aligned", "points"),
    [
        ("normalized_minus_one_to_one", True, [-1, 0, 0.5]),
        ("normalized_minus_one_to_one", False, [-2 / 3, 0, 1 / 3]),
        ("normalized_zero_to_one", True, [0, 0.5, 0.75]),
        ("normalized_zero_to_one", False, [1 / 6, 0.5, 2 / 3]),
    ],
)
def test_normalized_coordinates(mode, aligned, points):
    """Their range ends at the centers of the outer pixels when corners are aligned, at their outer edges if not."""
    assert _resample(points, coordinates_mode=mode, align_corners=aligned) == pytest.approx([10, 20, 25], abs=1e-4)


def test_nearest_point():
    """No interpolation."""
    assert _resample([0.4, 0.6, 1.9], sampling_mode="nearest") == pytest.approx([10, 20, 30])


def _affine(x, matrix, height, width, **parameters):
    given = {"sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": 0.0, "align_corners": True}
    (result,) = run_op(
        lambda x, matrix: mb.affine(
            x=x,
            transform_matrix=matrix,
            output_height=height,
            output_width=width,
            coordinates_mode="normalized_minus_one_to_one",
            **{**given, **parameters},
        ),
        *(x, np.array([matrix], np.float32)),
    )
    return result


@pytest.mark.operation("affine")
def test_affine():
    """The matrix says where the points of the output lie; here half as far from the center, and mirrored."""
    result = _affine(np.concatenate([LINE, -LINE]), [-0.5, 0, 0, 0, 1, 0], 1, 3)

    assert result.reshape(2, 3) == pytest.approx(np.array([[25, 20, 15], [-25, -20, -15]]), abs=1e-4)


@pytest.mark.operation("affine")
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([1, 0, 0, 0, 1, 0], lambda image: image),
        ([-1, 0, 0, 0, 1, 0], lambda image: image[..., ::-1]),
        ([1, 0, 0, 0, -1, 0], lambda image: image[..., ::-1, :]),
        # The point (x, y) of the output has the value at (y, -x).
        ([0, 1, 0, -1, 0, 0], lambda image: np.rot90(image, -1, (2, 3))),
    ],
    ids=["identity", "mirrored", "upside down", "rotated"],
)
def test_affine_maps_the_whole_image_onto_itself(aligned, matrix, expected):
    """By both conventions, without loss at the border."""
    image = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)

    assert _affine(image, matrix, 4, 4, align_corners=aligned) == pytest.approx(expected(image), abs=1e-4)


@pytest.mark.operation("affine")
@pytest.mark.parametrize(
    ("aligned", "width", "expected"),
    [
        # The pixels of the output divide the edges of the image, as in a resize by the centers of pixels.
        (False, 6, [7.5, 12.5, 17.5, 22.5, 27.5, 22.5]),
        (False, 1, [20]),
        # They divide the distance between the centers of its outer pixels.
        (True, 5, [10, 15, 20, 25, 30]),
        (True, 1, [20]),
    ],
)
def test_affine_to_another_width(aligned, width, expected):
    """A point half outside is half the padding, which is zero."""
    result = _affine(LINE, [1, 0, 0, 0, 1, 0], 1, width, align_corners=aligned).reshape(-1)

    assert result == pytest.approx(expected, abs=1e-4)


@pytest.mark.operation("affine")
def test_affine_against_its_definition():
    """Any matrix, any sizes, by both conventions: bilinear sampling in numpy of the points that the text defines."""
    random = np.random.default_rng(5)
    image, matrix = random.random((1, 1, 5, 7)).astype(np.float32), random.uniform(-0.8, 0.8, 6)
    for aligned in (True, False):
        expected = _defined(image[0, 0], matrix, 3, 4, aligned)
        assert _affine(image, matrix, 3, 4, align_corners=aligned)[0, 0] == pytest.approx(expected, abs=1e-4)


def _defined(image, matrix, height, width, aligned):
    """Sample by loops: normalize the place of each pixel of the output, map it, and interpolate between pixels."""
    result = np.zeros((height, width))
    for row, column in np.ndindex(height, width):
        x, y = (
            2 * place / (count - 1) - 1 if aligned else (2 * place + 1) / count - 1
            for place, count in ((column, width), (row, height))
        )
        places = []
        for (a, b, c), count in zip(np.reshape(matrix, (2, 3)), image.shape[::-1], strict=True):
            share = (a * x + b * y + c + 1) / 2
            places.append(share * (count - 1) if aligned else share * count - 0.5)
        for i, j in np.ndindex(image.shape):
            weight = max(0, 1 - abs(places[0] - j)) * max(0, 1 - abs(places[1] - i))
            result[row, column] += weight * image[i, j]
    return result


# The value of a pixel says its place: 10 * row + column
IMAGE = (10 * np.arange(4)[:, None] + np.arange(5)).astype(np.float32).reshape(1, 1, 4, 5)


def _rows_and_columns(rows, columns):
    return (10 * np.array(rows)[:, None] + np.array(columns)).astype(np.float32)


@pytest.mark.operation("crop_resize")
@pytest.mark.parametrize(
    ("mode", "rows", "columns"),
    [
        ("STRICT_ALIGN_CORNERS", [0], [1, 2, 3]),
        ("ALIGN_CORNERS", [1], [1, 2, 3]),
        ("DEFAULT", [0], [1, 2, 3]),
        ("UNALIGN_CORNERS", [1], [1, 2, 3]),
        ("OFFSET_CORNERS", [1], [4 / 3, 2, 8 / 3]),
    ],
)
def test_points_of_a_crop(mode, rows, columns):
    """A box of three by three pixels, brought to a row of three."""
    (result,) = run_op(
        lambda x: mb.crop_resize(
            x=x, boxes=np.array([[0, 1, 2, 3]], np.float32), target_height=1, target_width=3, sampling_mode=mode
        ),
        IMAGE,
    )

    assert result[0, 0] == pytest.approx(_rows_and_columns(rows, columns), abs=1e-4)


@pytest.mark.parametrize(
    ("mode", "box"),
    [
        ("CORNERS_HEIGHT_FIRST", [1, 3, 2, 1]),
        ("CORNERS_WIDTH_FIRST", [3, 1, 1, 2]),
        ("CENTER_SIZE_HEIGHT_FIRST", [1.5, 2, 1, -2]),
        ("CENTER_SIZE_WIDTH_FIRST", [2, 1.5, -2, 1]),
    ],
)
def test_coordinates_of_a_box(mode, box):
    """Four ways to write the box from row 1 to 2 and, mirrored, from column 3 to 1."""
    boxes = np.array([box], np.float32) * 2

    (result,) = run_op(
        lambda x, boxes: mb.crop_resize(
            x=x,
            boxes=boxes,
            target_height=2,
            target_width=3,
            box_coordinate_mode=mode,
            sampling_mode="ALIGN_CORNERS",
            spatial_scale=0.5,
        ),
        *(IMAGE, boxes),
    )

    assert result[0, 0] == pytest.approx(_rows_and_columns([1, 2], [3, 2, 1]), abs=1e-4)


@pytest.mark.parametrize(("indexed", "shape"), [(False, (2, 2, 1, 2, 2)), (True, (2, 1, 1, 2, 2))])
def test_boxes_of_several_images(indexed, shape):
    """Up to iOS 16 a box without an index is cut from every image; outside there is the value of padding."""
    images = np.concatenate([IMAGE, -IMAGE])
    boxes = np.array([[0, 0, 1, 1], [0, 1, 1, 1.25]], np.float32)
    expected = np.stack([_rows_and_columns([0, 3], [0, 4]), np.array([[4, 7], [34, 7]])])
    roi = np.concatenate([[[1], [0]], boxes], 1) if indexed else boxes

    (result,) = run_op(
        lambda x, roi: mb.crop_resize(
            x=x,
            roi=roi,
            target_height=2,
            target_width=2,
            normalized_coordinates=True,
            sampling_mode="ALIGN_CORNERS",
            pad_value=7.0,
        ),
        *(images, roi.astype(np.float32).reshape(2, 1, -1, 1, 1)),
        opset="iOS16",
    )

    mirrored = np.where(expected == 7, 7, -expected)
    assert result.shape == shape
    if indexed:
        assert result[:, 0, 0] == pytest.approx(np.stack([mirrored[0], expected[1]]), abs=1e-3)
    else:
        assert result[:, :, 0] == pytest.approx(np.stack([expected, mirrored], 1), abs=1e-3)
