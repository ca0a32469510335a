"""Inputs that a model accepts, generated from its specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

    from pytest_coreml.facts.model_spec import Feature

# The modes of PIL images that each color layout takes.
IMAGE_MODES = {"RGB": "RGB", "BGR": "RGB", "grayscale": "L", "grayscaleFloat16": "F"}

# How many keys a dictionary has
_KEYS = 3


def example_inputs(inputs: Iterable[Feature], seed: int = 0) -> dict[str, Any]:
    """Return a value for each input that is not optional; the same *seed* generates the same values.

    Floating-point arrays are uniform in [0, 1), of the declared (or default flexible) shape, float16 as float32;
    integer arrays are 0 or 1, which is a valid index wherever there are two entries; images are noise.
    Dictionaries have keys, and strings and integers are categories, that the model knows; numbers are normal, about
    the thresholds of the model's trees.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    return {feature.name: _example(feature, generator) for feature in inputs if not feature.optional}


def _example(feature: Feature, generator: np.random.Generator) -> Any:
    return _EXAMPLES[feature.kind](feature, generator)


def _array(feature: Feature, generator: np.random.Generator) -> Any:
    if str(feature.dtype).startswith("int"):
        return generator.integers(0, 2, feature.shape).astype(feature.dtype)
    return generator.random(feature.shape).astype("float64" if feature.dtype == "float64" else "float32")


def _dictionary(feature: Feature, generator: np.random.Generator) -> dict[Any, float]:
    return dict.fromkeys(_some(feature, generator) or [0 if feature.dtype == "int64" else "example"], 1.0)


def _sequence(feature: Feature, generator: np.random.Generator) -> list[Any]:
    return _some(feature, generator) or ["example"]


def _some(feature: Feature, generator: np.random.Generator) -> list[Any]:
    """Return up to three of the values that the model knows."""
    if not feature.known:
        return []
    chosen = generator.choice(len(feature.known), min(_KEYS, len(feature.known)), replace=False)
    return [feature.known[index] for index in chosen]


def _string(feature: Feature, generator: np.random.Generator) -> str:
    return str(feature.known[generator.choice(len(feature.known))]) if feature.known else "example"


def _int64(feature: Feature, generator: np.random.Generator) -> int:
    return int(feature.known[generator.choice(len(feature.known))]) if feature.known else 1


def _double(feature: Feature, generator: np.random.Generator) -> float:
    """Return a normal number, around the thresholds of the model where it has some."""
    thresholds = [float(value) for value in feature.known] or [0.0]
    low, high = min(thresholds), max(thresholds)
    return float((low + high) / 2 + ((high - low) / 2 or 1.0) * generator.standard_normal())


def _image(feature: Feature, generator: np.random.Generator) -> Any:
    from PIL import Image

    mode = IMAGE_MODES[str(feature.color)]
    if mode == "F":
        return Image.fromarray(generator.random(feature.shape).astype("float32"))
    channels = (3,) if mode == "RGB" else ()
    return Image.fromarray(generator.integers(0, 256, (*feature.shape, *channels)).astype("uint8"))


_EXAMPLES: dict[str, Callable[[Feature, np.random.Generator], Any]] = {
    "multiArray": _array,
    "image": _image,
    "dictionary": _dictionary,
    "sequence": _sequence,
    "string": _string,
    "int64": _int64,
    "double": _double,
}
