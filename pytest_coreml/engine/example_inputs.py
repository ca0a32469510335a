"""Inputs that a model accepts, generated from its specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from pytest_coreml.facts.model_spec import Feature

# The modes of PIL images that each color layout takes.
IMAGE_MODES = {"RGB": "RGB", "BGR": "RGB", "grayscale": "L", "grayscaleFloat16": "F"}


def example_inputs(inputs: Iterable[Feature], seed: int = 0) -> dict[str, Any]:
    """Return a value for each input that is not optional; the same *seed* generates the same values.

    Floating-point arrays are uniform in [0, 1), of the declared (or default flexible) shape, float16 as float32;
    integer arrays are 0 or 1, which is a valid index wherever there are two entries; images are noise.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    return {feature.name: _example(feature, generator) for feature in inputs if not feature.optional}


def _example(feature: Feature, generator: np.random.Generator) -> Any:
    if feature.kind == "multiArray":
        if str(feature.dtype).startswith("int"):
            return generator.integers(0, 2, feature.shape).astype(feature.dtype)
        return generator.random(feature.shape).astype("float64" if feature.dtype == "float64" else "float32")
    if feature.kind == "image":
        return _image(feature, generator)
    if feature.kind == "dictionary":
        return {0 if feature.dtype == "int64" else "example": 1.0}
    return {"int64": 1, "double": 1.0, "string": "example", "sequence": ["example"]}[feature.kind]


def _image(feature: Feature, generator: np.random.Generator) -> Any:
    from PIL import Image

    mode = IMAGE_MODES[str(feature.color)]
    if mode == "F":
        return Image.fromarray(generator.random(feature.shape).astype("float32"))
    channels = (3,) if mode == "RGB" else ()
    return Image.fromarray(generator.integers(0, 256, (*feature.shape, *channels)).astype("uint8"))
