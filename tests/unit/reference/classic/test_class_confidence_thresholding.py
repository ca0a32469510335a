"""Class confidence thresholding, which in today's format takes all classes."""

from __future__ import annotations

import numpy as np
from classic_models import make_spec, predict


def test_confidences_and_a_one_for_each():
    """The first row are the confidences, the second are ones (ClassConfidenceThresholding.proto)."""
    spec, _ = make_spec("classConfidenceThresholding", {"x": "array 3"}, {"y": "array 2 3"})

    assert predict(spec, x=np.array([0.5, 0.25, 0.0]))["y"].tolist() == [[0.5, 0.25, 0], [1, 1, 1]]
