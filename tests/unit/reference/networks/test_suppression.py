"""Non-maximum suppression gives boxes that were calculated manually."""

from __future__ import annotations

import numpy as np
from one_layer import run

# Centre and size: the second overlaps the first by two thirds, the third lies apart.
BOXES = np.float32([[[0, 0, 10, 10], [2, 0, 10, 10], [50, 50, 10, 10]]])
SCORES = np.float32([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]])


def suppress(boxes, scores, *extra, **options):
    """Return boxes, scores, indices and count."""
    names = [f"x{index}" for index in range(2 + len(extra))]
    return run(lambda b: b.add_nms("n", names, ["y0", "y1", "y2", "y3"], **options), boxes, scores, *extra, outputs=4)


def test_over_all_classes():
    """A box that overlaps a better one is removed; the rest is filled with zeros and -1."""
    boxes, scores, indices, count = suppress(BOXES, SCORES, iou_threshold=0.5, max_boxes=4)

    assert indices.tolist() == [[0, 2, -1, -1]]
    assert count.tolist() == [2]
    assert boxes.tolist() == [[[0, 0, 10, 10], [50, 50, 10, 10], [0] * 4, [0] * 4]]
    assert np.allclose(scores, [[[0.9, 0.1], [0.7, 0.3], [0, 0], [0, 0]]])


def test_within_a_class():
    """Boxes of different classes stay."""
    _, _, indices, count = suppress(BOXES, SCORES, iou_threshold=0.5, max_boxes=2, per_class_suppression=True)

    assert indices.tolist() == [[0, 1]]
    assert count.tolist() == [2]


def test_the_best_box_survives_every_threshold():
    """Thresholds may be inputs."""
    _, _, indices, count = suppress(BOXES, SCORES, [0.5], [0.95], max_boxes=2)

    assert indices.tolist() == [[0, -1]]
    assert count.tolist() == [1]


def test_a_batch():
    """Each sample is treated separately."""
    boxes, scores = np.concatenate([BOXES, BOXES[:, ::-1]]), np.concatenate([SCORES, SCORES[:, ::-1]])

    _, _, indices, count = suppress(boxes, scores, iou_threshold=0.5, max_boxes=3)

    assert indices.tolist() == [[0, 2, -1], [2, 0, -1]]
    assert count.tolist() == [2, 2]
