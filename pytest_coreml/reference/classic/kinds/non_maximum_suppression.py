"""Non-maximum suppression as a model: of boxes that overlap, the one of the highest confidence stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.feature_values import check_count
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("nonMaximumSuppression")
def non_maximum_suppression(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a suppression; a box's class is that of its highest confidence.

    The outputs have the boxes that are kept, the most confident first; where the description limits their number, the
    rest is cut off, and rows of zeros are added up to its minimum.
    """
    inputs = (message.confidenceInputFeatureName, message.coordinatesInputFeatureName)
    outputs = (message.confidenceOutputFeatureName, message.coordinatesOutputFeatureName)
    missing = set(inputs) - {feature.name for feature in description.input}
    if missing:
        raise BadModelError(f"the nonMaximumSuppression takes {', '.join(sorted(missing))}, which is not declared")
    minimum, maximum = _limits(description, outputs)
    check_count(minimum, "each output of the nonMaximumSuppression")
    per_class = message.pickTop.perClass

    def compute(values: Values) -> dict[str, Any]:
        confidences, boxes = (_rows(values.given[name], name) for name in inputs)
        if len(confidences) != len(boxes) or boxes.shape[1] != 4:
            raise BadInputError(
                f"expected boxes [N, 4] for confidences [N, classes], got {list(boxes.shape)} for "
                f"{list(confidences.shape)}"
            )
        threshold = values.given.get(message.confidenceThresholdInputFeatureName, message.confidenceThreshold)
        overlap = values.given.get(message.iouThresholdInputFeatureName, message.iouThreshold)
        kept = _kept(confidences, boxes, threshold, overlap, per_class=per_class)[:maximum]
        return {name: _padded(rows[kept], minimum) for name, rows in zip(outputs, (confidences, boxes), strict=True)}

    return compute


def _kept(
    confidences: NDArray[Any], boxes: NDArray[Any], threshold: float, overlap: float, *, per_class: bool
) -> NDArray[np.int64]:
    """Return the boxes that stay, by their positions, the most confident first."""
    if not len(boxes) or not confidences.shape[1]:
        return np.zeros(0, np.int64)
    scores, classes = confidences.max(axis=1), confidences.argmax(axis=1)
    waiting = np.argsort(-scores, kind="stable")
    waiting = waiting[scores[waiting] >= threshold]
    kept = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        suppressed = _overlaps(boxes[best], boxes[waiting]) > overlap
        if per_class:
            suppressed &= classes[waiting] == classes[best]
        waiting = waiting[~suppressed]
    return np.array(kept, np.int64)


def _overlaps(box: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the intersection over union of a box with others, given by center and size."""
    low = np.maximum(box[:2] - box[2:] / 2, others[:, :2] - others[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, others[:, :2] + others[:, 2:] / 2)
    shared = np.maximum(high - low, 0).prod(axis=1)
    union = box[2:].prod() + others[:, 2:].prod(axis=1) - shared
    ratios: NDArray[Any] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratios


def _rows(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array as a matrix, without axes of length 1 that a network may have left around it."""
    matrix = np.asarray(array, np.float64)
    while matrix.ndim > 2:
        single = next((axis for axis, size in enumerate(matrix.shape[:-1]) if size == 1), None)
        if single is None and matrix.shape[-1] == 1:
            single = matrix.ndim - 1
        if single is None:
            raise BadInputError(f"input {name!r}: expected two dimensions, got the shape {list(np.shape(array))}")
        matrix = matrix.squeeze(single)
    return matrix.reshape(len(matrix), -1)


def _padded(rows: NDArray[Any], minimum: int) -> NDArray[Any]:
    return np.pad(rows, ((0, max(0, minimum - len(rows))), (0, 0)))


def _limits(description: Any, outputs: tuple[str, str]) -> tuple[int, int | None]:
    """Return the lowest and the highest number of boxes that the outputs may have."""
    minimum, maximum = 0, None
    for feature in description.output:
        if feature.name not in outputs:
            continue
        low, high = _bounds(feature.type.multiArrayType)
        minimum = max(minimum, low)
        maximum = high if maximum is None or (high is not None and high < maximum) else maximum
    return minimum, maximum


def _bounds(array: Any) -> tuple[int, int | None]:
    if array.WhichOneof("ShapeFlexibility") == "shapeRange" and array.shapeRange.sizeRanges:
        bounds = array.shapeRange.sizeRanges[0]
        return int(bounds.lowerBound), int(bounds.upperBound) if bounds.upperBound >= 0 else None
    if array.WhichOneof("ShapeFlexibility") is None and len(array.shape) == 2:
        return int(array.shape[0]), int(array.shape[0])
    return 0, None
