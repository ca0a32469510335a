"""Non-maximum suppression against the greedy algorithm written out."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

RANDOM = np.random.default_rng(0)


def _iou(one, other):
    overlap = np.prod(
        [
            max(
                0,
                min(one[i] + one[i + 2] / 2, other[i] + other[i + 2] / 2)
                - max(one[i] - one[i + 2] / 2, other[i] - other[i + 2] / 2),
            )
            for i in (0, 1)
        ]
    )
    return overlap / (one[2] * one[3] + other[2] * other[3] - overlap)


def _chosen(boxes, scores, iou, threshold, per_class):
    best, classes, chosen = scores.max(-1), scores.argmax(-1), []
    for index in np.argsort(-best):
        rivals = [i for i in chosen if not per_class or classes[i] == classes[index]]
        if best[index] > threshold and all(_iou(boxes[index], boxes[i]) <= iou for i in rivals):
            chosen.append(int(index))
    return chosen or [int(best.argmax())]


@pytest.mark.operation("non_maximum_suppression")
@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize(
    ("threshold", "most"), [(0.4, 5), (0.4, 40), (2.0, 4)], ids=["full", "padded", "nothing above"]
)
def test_chosen_boxes(threshold, most, per_class):
    """Boxes come by falling score, and nothing behind the last; one is chosen even when all are below the threshold."""
    boxes = RANDOM.uniform(1, 6, (2, 30, 4)).astype(np.float32)
    scores = RANDOM.uniform(0, 1, (2, 30, 3)).astype(np.float32)

    coordinates, values, indices, counts = run_op(
        lambda boxes, scores: mb.non_maximum_suppression(
            boxes=boxes,
            scores=scores,
            iou_threshold=0.3,
            score_threshold=threshold,
            max_boxes=most,
            per_class_suppression=per_class,
        ),
        *(boxes, scores),
        opset="iOS15",
    )

    for batch in range(2):
        expected = _chosen(boxes[batch], scores[batch], 0.3, threshold, per_class)[:most]
        count = len(expected)
        assert counts[batch] == count
        assert indices[batch].tolist() == expected + [-1] * (most - count)
        assert coordinates[batch].tolist() == [*boxes[batch][expected].tolist(), *[[0] * 4] * (most - count)]
        assert values[batch].tolist() == [*scores[batch][expected].tolist(), *[[0] * 3] * (most - count)]


def test_boxes_in_the_last_dimension():
    """Since iOS 17 boxes come last, and no score is too low."""
    boxes = np.array([[[0, 0.1, 5], [0, 0, 5], [1, 1, 1], [1, 1, 1]]], np.float32)
    scores = np.array([[[-1.0, -2, -3]]], np.float32)

    coordinates, values, indices = run_op(
        lambda boxes, scores: mb.non_maximum_suppression(boxes=boxes, scores=scores, iou_threshold=0.5, max_boxes=2),
        *(boxes, scores),
    )

    assert coordinates.tolist() == boxes[:, :, [0, 2]].tolist()
    assert values.tolist() == [[[-1, -3]]]
    assert indices.tolist() == [[0, 2]]
