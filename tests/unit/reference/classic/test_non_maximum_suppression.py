"""Non-maximum suppression against a plain walk over all pairs of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict

from pytest_coreml.reference.errors import BadInputError

BOXES = np.array(
    [[0.30, 0.30, 0.2, 0.2], [0.31, 0.30, 0.2, 0.2], [0.32, 0.30, 0.2, 0.2], [0.70, 0.70, 0.2, 0.2], [0, 0, 0, 0]]
)
SCORES = np.array([[0.80, 0.05], [0.90, 0.05], [0.10, 0.60], [0.05, 0.70], [0.20, 0.10]])


def suppression(rows="", *, per_class=True, threshold=0.25):
    """Return a suppression whose confidence has a shape of *rows* rows, any number by default."""
    outputs = {"confidence": f"array {rows} 2" if rows else "array", "boxes": "array"}
    inputs = {"raw": "array", "raw_boxes": "array", "iou": "double?", "least": "double?"}
    spec, part = make_spec("nonMaximumSuppression", inputs, outputs)
    part.confidenceInputFeatureName, part.coordinatesInputFeatureName = "raw", "raw_boxes"
    part.confidenceOutputFeatureName, part.coordinatesOutputFeatureName = "confidence", "boxes"
    part.iouThresholdInputFeatureName, part.confidenceThresholdInputFeatureName = "iou", "least"
    part.iouThreshold, part.confidenceThreshold = 0.5, threshold
    part.pickTop.perClass = per_class
    return spec


def overlap(one, other):
    """Return the intersection over union of two boxes by their corners."""
    left, top = max(one[0] - one[2] / 2, other[0] - other[2] / 2), max(one[1] - one[3] / 2, other[1] - other[3] / 2)
    right = min(one[0] + one[2] / 2, other[0] + other[2] / 2)
    bottom = min(one[1] + one[3] / 2, other[1] + other[3] / 2)
    shared = max(right - left, 0) * max(bottom - top, 0)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


@pytest.mark.parametrize("per_class", [True, False])
def test_random_boxes(per_class):
    """A box stays when no better one that stays, of its class or of any, overlaps it by more than the threshold."""
    generator = np.random.default_rng(0)
    boxes = np.hstack([generator.uniform(0, 1, (60, 2)), generator.uniform(0.1, 0.5, (60, 2))])
    scores = generator.uniform(0, 1, (60, 3))
    classes, best = scores.argmax(1), scores.max(1)
    kept = []
    for box in sorted(range(60), key=lambda box: -best[box]):
        rivals = [other for other in kept if not per_class or classes[other] == classes[box]]
        if best[box] >= 0.25 and all(overlap(boxes[box], boxes[other]) <= 0.5 for other in rivals):
            kept.append(box)

    result = predict(suppression(per_class=per_class), raw=scores, raw_boxes=boxes)

    np.testing.assert_array_equal(result["boxes"], boxes[kept])
    np.testing.assert_array_equal(result["confidence"], scores[kept])


def test_thresholds_may_be_inputs():
    """With an overlap of 1 nothing is suppressed; a lower confidence lets more boxes in."""
    run = suppression()

    assert predict(run, raw=SCORES, raw_boxes=BOXES)["boxes"].tolist() == BOXES[[1, 3, 2]].tolist()
    assert len(predict(run, raw=SCORES, raw_boxes=BOXES, iou=1.0)["boxes"]) == 4
    assert len(predict(run, raw=SCORES, raw_boxes=BOXES, least=0.0)["boxes"]) == 4
    assert predict(run, raw=SCORES, raw_boxes=BOXES, least=2.0)["boxes"].shape == (0, 4)


def test_a_declared_number_of_boxes():
    """A fixed shape cuts the least confident off, and is filled up with zeros."""
    cut = predict(suppression("2"), raw=SCORES, raw_boxes=BOXES)
    filled = predict(suppression("4"), raw=SCORES, raw_boxes=BOXES)

    assert cut["boxes"].tolist() == BOXES[[1, 3]].tolist()
    assert filled["confidence"].tolist() == [*SCORES[[1, 3, 2]].tolist(), [0, 0]]
    assert filled["boxes"][3].tolist() == [0, 0, 0, 0]


def test_axes_of_length_one_do_not_matter_and_other_shapes_are_refused():
    """Networks leave axes around the matrix."""
    result = predict(suppression(), raw=SCORES[None], raw_boxes=BOXES[:, None, :])

    assert result["boxes"].shape == (3, 4)
    with pytest.raises(BadInputError, match=r"expected boxes \[N, 4\]"):
        predict(suppression(), raw=SCORES, raw_boxes=BOXES[:3])
