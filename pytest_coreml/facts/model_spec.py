"""The description of a model: plain data, read from its specification without loading the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_coreml.facts.model_boundary import Boundary

if TYPE_CHECKING:
    from pytest_coreml.facts.advice import Advice

FeatureKind = Literal["multiArray", "image", "double", "int64", "string", "dictionary", "sequence", "state"]


@dataclass(frozen=True)
class Feature:
    """One input, output or state of a model."""

    name: str
    """The name in the specification."""
    kind: FeatureKind
    """The type of value, by the specification's name: `multiArray`, `image`, `dictionary`, `state`, ..."""
    dtype: str | None = None
    """The element type of a multi-array or state (`float16`, `float32`, `float64`, `int32`, `int8`).

    The key type of a dictionary (`string`, `int64`); None for other kinds.
    """
    shape: tuple[int, ...] = ()
    """The default shape, () if none is declared; (height, width) for an image."""
    shape_range: tuple[tuple[int, int], ...] = ()
    """The smallest and largest extent of each axis of a flexible shape; -1 if unbounded."""
    shapes: tuple[tuple[int, ...], ...] = ()
    """The enumerated shapes, if the specification lists them."""
    color: str | None = None
    """The color layout of an image: `RGB`, `BGR`, `grayscale` or `grayscaleFloat16`."""
    optional: bool = False
    """True if the input may be left out."""
    known: tuple[str | int | float, ...] = field(default=(), metadata={"reported": False})
    """At most 64 values of an input that the model tells apart: keys, categories, thresholds of trees. Not reported."""

    def describe(self) -> str:
        """Describe its type in a few words, such as `float32 (1, 3, 224, 224)`."""
        shape = ", ".join(map(str, self.shape))
        if self.kind == "image":
            return f"{self.color} image {self.shape[1]} x {self.shape[0]}" if self.shape else f"{self.color} image"
        if self.kind in ("multiArray", "state"):
            flexible = " (flexible)" if self.shape_range or self.shapes else ""
            return f"{self.dtype} ({shape}){flexible}"
        if self.kind == "dictionary":
            return f"dictionary of {self.dtype} to double"
        return self.kind


def shape_fits(shape: tuple[int, ...], feature: Feature) -> bool:
    """Return True if *feature* accepts *shape*. A feature without a declared shape accepts any."""
    if feature.shapes:
        return shape in feature.shapes or shape == feature.shape
    if feature.shape_range:
        return len(shape) == len(feature.shape_range) and all(
            low <= size and (high < 0 or size <= high)
            for size, (low, high) in zip(shape, feature.shape_range, strict=True)
        )
    return not feature.shape or shape == feature.shape


@dataclass(frozen=True)
class ModelSpec:
    """The description of a model, read from its files."""

    file_name: str
    """The name of the file or package."""
    sha256: str
    """The digest of the model's files, without the package's manifest."""
    type: str
    """The model type, by the specification's name: `mlProgram`, `neuralNetwork`, `pipeline`, ..."""
    specification_version: int
    """The version of the specification that the model needs."""
    deployment_target: dict[str, str]
    """The oldest systems that accept the specification version, such as `{"iOS": "16", "macOS": "13"}`."""
    size_bytes: int
    """The size of the whole file or package."""
    weights_bytes: int
    """The size of the package's weight files."""
    inputs: tuple[Feature, ...]
    """The inputs, in the specification's order."""
    outputs: tuple[Feature, ...]
    """The outputs, in the specification's order."""
    states: tuple[Feature, ...] = ()
    """The states, in the specification's order."""
    precision: tuple[str, ...] = ()
    """The storage types of the weights (`float16`, `4-bit palettized`, ...), the type of most bytes first."""
    operations: dict[str, int] = field(default_factory=dict)
    """The count of each operator or layer type in the default function, without constants."""
    functions: tuple[str, ...] = ()
    """The names of all functions of an ML Program."""
    default_function: str | None = None
    """The name of the function that is used if none is named."""
    boundary: Boundary = field(default_factory=Boundary)
    """The conversions and bytes of each call, at the default shapes; empty in reports of versions without it."""
    advice: tuple[Advice, ...] = ()
    """The rules that speak against the Neural Engine for operations of the default function; empty for other model
    types than ML Programs."""

    @property
    def size_mb(self) -> float:
        """The size of the whole file or package, in megabytes (10^6 bytes)."""
        return self.size_bytes / 1e6
