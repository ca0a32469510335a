"""The shapes that an input of a model may have: one, some, or ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    from pytest_coreml.reference.format.types import TensorType

# The lowest and the highest extent of an axis; None where there is no highest.
Span: TypeAlias = "tuple[int, int | None]"


@dataclass(frozen=True)
class AllowedShapes:
    """Allowed shapes as lists of spans, one of which must match; a fixed shape has spans of one number."""

    choices: tuple[tuple[Span, ...], ...]

    @classmethod
    def of_array(cls, array: Any, port: TensorType) -> AllowedShapes:
        """Read an `ArrayFeatureType`; if it declares no shape, use that of the program's input."""
        flexibility = array.WhichOneof("ShapeFlexibility")
        if flexibility == "enumeratedShapes":
            return cls(tuple(_fixed(choice.shape) for choice in array.enumeratedShapes.shapes))
        if flexibility == "shapeRange":
            return cls((tuple(map(_span, array.shapeRange.sizeRanges)),))
        if array.shape:
            return cls((_fixed(array.shape),))
        return cls((tuple((1, None) if size is None else (size, size) for size in port.shape or (1,)),))

    @classmethod
    def of_image(cls, image: Any) -> AllowedShapes:
        """Read the heights and widths of an `ImageFeatureType`."""
        flexibility = image.WhichOneof("SizeFlexibility")
        if flexibility == "enumeratedSizes":
            return cls(tuple(_fixed((size.height, size.width)) for size in image.enumeratedSizes.sizes))
        if flexibility == "imageSizeRange":
            sizes = image.imageSizeRange
            return cls(((_span(sizes.heightRange), _span(sizes.widthRange)),))
        return cls((_fixed((image.height, image.width)),))

    @property
    def are_several(self) -> bool:
        """True unless one fixed shape is allowed."""
        return len(self.choices) > 1 or any(low != high for low, high in self.choices[0])

    def allow(self, shape: tuple[int, ...]) -> bool:
        """Return whether a shape is allowed."""
        return bool(self.indices(shape))

    def indices(self, shape: tuple[int, ...]) -> set[int]:
        """Return the indices of the choices that match a shape; a shape can be listed several times."""
        return {
            index
            for index, spans in enumerate(self.choices)
            if len(shape) == len(spans) and all(map(_within, shape, spans))
        }

    def choice(self, index: int) -> str:
        """Return one choice as messages show it."""
        return f"[{', '.join(map(_text, self.choices[index]))}]"

    def objection(self, shape: tuple[int, ...]) -> str:
        """Return Core ML's message for a shape that is not allowed, or None if that message is not known.

        The messages are those that coremltools' own tests expect of Core ML.
        """
        if len(self.choices) > 1:
            return f"MultiArray Shape ({' x '.join(map(str, shape))}) was not in enumerated set of allowed shapes"
        for axis, (size, span) in enumerate(zip(shape, self.choices[0])):  # noqa: B905 - may be of another rank
            if span[0] != span[1] and not _within(size, span):
                return f"Size ({size}) of dimension ({axis}) is not in allowed range ({_text(span)})"
        return ""

    def __str__(self) -> str:
        """Return the shapes as messages show them: `[1, 2..4]`, `[1, 2] or [1, 3]`."""
        return " or ".join(map(self.choice, range(len(self.choices))))


def _fixed(shape: Any) -> tuple[Span, ...]:
    return tuple((int(size), int(size)) for size in shape)


def _span(bounds: Any) -> Span:
    # A negative upper bound stands for none (FeatureTypes.proto, SizeRange).
    return int(bounds.lowerBound), (int(bounds.upperBound) if bounds.upperBound >= 0 else None)


def _within(size: int, span: Span) -> bool:
    low, high = span
    return low <= size and (high is None or size <= high)


def _text(span: Span) -> str:
    low, high = span
    return str(low) if low == high else f"{low}..{'' if high is None else high}"
