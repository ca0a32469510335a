"""What a model file says of itself: plain data, read from its specification without loading it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FeatureKind = Literal["multiArray", "image", "double", "int64", "string", "dictionary", "sequence", "state"]


@dataclass(frozen=True)
class Feature:
    """One input, output or state.

    *name*, *kind*, *optional*: as the specification has them. *dtype*: `float16`, `float32`, `float64`, `int32`,
    `int8` for multi-arrays and states; the key type (`string`, `int64`) for dictionaries; None for the rest.
    *shape*: the default shape; () where none is declared. *shape_range*: lowest and highest extent of each axis
    (-1: unbounded) where the shape is flexible. *shapes*: the enumerated shapes, if any. *color*: `RGB`, `BGR`,
    `grayscale`, `grayscaleFloat16` for images, whose shape is (height, width).
    """

    name: str
    kind: FeatureKind
    dtype: str | None = None
    shape: tuple[int, ...] = ()
    shape_range: tuple[tuple[int, int], ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    color: str | None = None
    optional: bool = False

    def describe(self) -> str:
        """Say what it takes or gives in a few words, as `float32 (1, 3, 224, 224)`."""
        shape = ", ".join(map(str, self.shape))
        if self.kind == "image":
            return f"{self.color} image {self.shape[1]} x {self.shape[0]}" if self.shape else f"{self.color} image"
        if self.kind in ("multiArray", "state"):
            flexible = " (flexible)" if self.shape_range or self.shapes else ""
            return f"{self.dtype} ({shape}){flexible}"
        if self.kind == "dictionary":
            return f"dictionary of {self.dtype} to double"
        return self.kind


@dataclass(frozen=True)
class ModelSpec:
    """What a model file says of itself.

    *inputs*, *outputs*, *states*: a `Feature` each. *type*: the word of the specification (`mlProgram`,
    `neuralNetwork`, `pipeline`, ...). *deployment_target*: the oldest systems that take this specification version,
    as {"iOS": "16", "macOS": "13"}. *size_bytes*: the whole file or package; *weights_bytes*: its weight files.
    *precision*: storage types of the weights, the most bytes first (`float16`, `4-bit palettized`, ...).
    *operations*: how often each operator (or layer type) occurs, constants left out, of the default function.
    *functions*: names of all functions of an ML Program.
    """

    file_name: str
    sha256: str
    type: str
    specification_version: int
    deployment_target: dict[str, str]
    size_bytes: int
    weights_bytes: int
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    states: tuple[Feature, ...] = ()
    precision: tuple[str, ...] = ()
    operations: dict[str, int] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    default_function: str | None = None

    @property
    def size_mb(self) -> float:
        """The whole file or package in megabytes (10^6 bytes)."""
        return self.size_bytes / 1e6
