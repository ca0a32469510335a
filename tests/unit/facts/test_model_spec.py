"""The description of a feature in words."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.model_spec import Feature

ENUMERATED = tuple((1, size) for size in range(1, 13))


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (Feature("x", "multiArray", "float32", (1, 8)), "float32 (1, 8)"),
        (
            Feature("x", "multiArray", "float32", (1, 8, 2), ((1, 1), (1, 512), (2, -1))),
            "float32 (1, 8, 2), flexible: (1, 1..512, 2..)",
        ),
        (
            Feature("x", "multiArray", "float32", (1, 8), shapes=((1, 8), (1, 16))),
            "float32 (1, 8), flexible: (1, 8), (1, 16)",
        ),
        (
            Feature("x", "multiArray", "int32", (1, 1), shapes=ENUMERATED),
            "int32 (1, 1), flexible: (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7), (1, 8) and 4 more",
        ),
        (
            Feature("x", "image", shape=(224, 320), shape_range=((64, 1024), (32, -1)), color="RGB"),
            "RGB image 320 x 224, flexible: 32.. x 64..1024",
        ),
        (
            Feature("x", "image", shape=(224, 320), shapes=((224, 320), (448, 640)), color="RGB"),
            "RGB image 320 x 224, flexible: 320 x 224, 640 x 448",
        ),
    ],
)
def test_a_flexible_feature_names_the_shapes_that_it_takes(feature: Feature, words: str) -> None:
    """Ranges axis by axis, and enumerated shapes up to eight; images by width and height."""
    assert feature.describe() == words
