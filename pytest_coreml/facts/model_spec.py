"""The description of a model: plain data, read from its specification without loading the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from pytest_coreml.facts.author_notes import ModelMetadata
from pytest_coreml.facts.model_boundary import Boundary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.advice import Advice

# More enumerated shapes are not listed in a text.
_MAX_SHAPES: Final = 8

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
    """At most 64 values that the model distinguishes: keys, categories, thresholds of trees. Not in reports."""

    def describe(self) -> str:
        """Describe its type in a few words, such as `float32 (1, 3, 224, 224)`."""
        allowed = self.describe_shapes()
        flexible = f", flexible: {allowed}" if allowed else ""
        if self.kind == "image":
            size = f" {_size_text(self.shape, self.kind)}" if self.shape else ""
            return f"{self.color} image{size}{flexible}"
        if self.kind in ("multiArray", "state"):
            return f"{self.dtype} ({', '.join(map(str, self.shape))}){flexible}"
        if self.kind == "dictionary":
            return f"dictionary of {self.dtype} to double"
        return self.kind

    def describe_shapes(self) -> str:
        """Describe the shapes of a flexible feature, such as `(1, 1..128)`, images as width x height.

        Return an empty text if it has one shape only.
        """
        if self.shapes:
            listed = [_size_text(shape, self.kind) for shape in self.shapes[:_MAX_SHAPES]]
            more = len(self.shapes) - len(listed)
            return ", ".join(listed) + (f" and {more} more" if more else "")
        spans = [_span(low, high) for low, high in self.shape_range]
        return _size_text(spans, self.kind) if spans else ""


def _size_text(sizes: Sequence[object], kind: FeatureKind) -> str:
    if kind == "image":
        return " x ".join(map(str, reversed(sizes)))
    return f"({', '.join(map(str, sizes))})"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}..{high if high >= 0 else ''}"


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
    """The size of the package's weight files, and of the weights inside a neural network."""
    inputs: tuple[Feature, ...]
    """The inputs, in the specification's order."""
    outputs: tuple[Feature, ...]
    """The outputs, in the specification's order."""
    states: tuple[Feature, ...] = ()
    """The states, in the specification's order."""
    precision: tuple[str, ...] = ()
    """The storage types of the weights (`float16`, `4-bit palettized`, ...), the type of most bytes first."""
    operations: dict[str, int] = field(default_factory=dict)
    """The count of each operator or layer type in the default function, without constants; those inside control flow
    are included."""
    functions: tuple[str, ...] = ()
    """The names of all functions of an ML Program."""
    default_function: str | None = None
    """The name of the function that is used if none is named."""
    boundary: Boundary = field(default_factory=Boundary)
    """The conversions and bytes of each call, at the default shapes; empty in reports of versions without it."""
    advice: tuple[Advice, ...] = ()
    """The rules that keep operations of the default function off the Neural Engine; empty for model types other than
    ML Programs."""

    metadata: ModelMetadata = field(default_factory=ModelMetadata, metadata={"reported": False})
    """The author, license, version and description. Reports do not contain them, because they name people."""

    @property
    def size_mb(self) -> float:
        """The size of the whole file or package, in megabytes (10^6 bytes)."""
        return self.size_bytes / 1e6
