"""The names of variants that this package can build: `int8`, `palette-4-group16`, `sparse-50+palette-4`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pytest_coreml.errors import UsageError, did_you_mean, hidden_for_ours

if TYPE_CHECKING:
    from collections.abc import Callable

__tracebackhide__ = hidden_for_ours

# The name of the model itself among its variants.
ORIGINAL: Final = "original"
# The specification version that brought what these need, and the system by which users know it.
_LATE: Final = (9, "iOS 18")
_PALETTES: Final = (1, 2, 3, 4, 6, 8)


@dataclass(frozen=True)
class CompressionStep:
    """One call of coremltools that makes one model of another."""

    kind: Literal["linear", "palette", "sparse", "half", "half interface"]
    """Linear quantization, palettization, pruning, weights of a network in half precision, half-precision inputs and
    outputs."""
    bits: int = 16
    """The bits of a weight."""
    signed: bool = True
    """True for signed integers, whose scale has no zero point."""
    block: int | None = None
    """The weights that share a scale; None for a channel."""
    group: int | None = None
    """The channels that share a palette; None for a whole tensor."""
    share: float | None = None
    """The share (0..1) of weights that become zero."""
    zeros_of: tuple[int, int] | None = None
    """The weights that become zero of each so many."""

    @property
    def is_compression(self) -> bool:
        """True if it makes weights smaller."""
        return self.kind != "half interface"

    @property
    def needs(self) -> tuple[int, str] | None:
        """The specification version that it needs, and its system; None for what every ML Program takes."""
        late = (self.kind == "linear" and (self.bits < 8 or self.block is not None)) or (
            self.kind == "palette" and (self.bits == 3 or self.group is not None)
        )
        return _LATE if late else None


@dataclass(frozen=True)
class Preset:
    """A variant that is built by its name."""

    name: str
    steps: tuple[CompressionStep, ...]

    @property
    def needs(self) -> tuple[int, str] | None:
        """The specification version that it needs, and its system; None for what every ML Program takes."""
        if sum(step.is_compression for step in self.steps) > 1:
            return _LATE
        return next((step.needs for step in self.steps if step.needs), None)


def _linear(found: re.Match[str]) -> CompressionStep:
    block = int(found["block"]) if found["block"] else None
    return CompressionStep("linear", int(found["bits"]), signed=not found["unsigned"], block=block)


def _palette(found: re.Match[str]) -> CompressionStep:
    return CompressionStep("palette", int(found["bits"]), group=int(found["group"]) if found["group"] else None)


def _sparse(found: re.Match[str]) -> CompressionStep:
    if found["of"]:
        return CompressionStep("sparse", zeros_of=(int(found["zeros"]), int(found["of"])))
    return CompressionStep("sparse", share=int(found["zeros"]) / 100)


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], CompressionStep]], ...]] = (
    (re.compile(r"(?P<unsigned>u?)int(?P<bits>4|8)(?:-block(?P<block>[1-9]\d{0,4}))?"), _linear),
    (re.compile(rf"palette-(?P<bits>{'|'.join(map(str, _PALETTES))})(?:-group(?P<group>[1-9]\d{{0,4}}))?"), _palette),
    (re.compile(r"sparse-(?P<zeros>[1-9]\d?)(?::(?P<of>[1-9]\d?))?"), _sparse),
    (re.compile("float16-io"), lambda _: CompressionStep("half interface")),
    (re.compile("float16"), lambda _: CompressionStep("half")),
)
# What is suggested for a name that is none.
EXAMPLES: Final = (
    *("int8", "uint8", "int4", "uint4", "int4-block32", "int8-block32"),
    *(f"palette-{bits}" for bits in _PALETTES),
    *("palette-4-group16", "sparse-50", "sparse-75", "sparse-2:4", "float16-io", "float16"),
    *("sparse-50+palette-4", "sparse-50+int8"),
)


def parse_preset(name: object) -> Preset:
    """Return the preset *name*; raise `UsageError`, with the nearest name, for what is none."""
    words = name.split("+") if isinstance(name, str) else []
    steps = [_step(word) for word in words]
    known = [step for step in steps if step is not None]
    if not known or len(known) < len(steps):
        wrong = next((word for word, step in zip(words, steps, strict=True) if step is None), name)
        hint = did_you_mean(wrong, EXAMPLES) or f"; there are {', '.join(EXAMPLES)}, and others with other numbers"
        raise UsageError(f"unknown variant {name!r}{hint}")
    if len({step.kind for step in known}) < len(known):
        raise UsageError(f"variant {name!r}: each kind of compression can be there once")
    return Preset(str(name), tuple(known))


def _step(word: str) -> CompressionStep | None:
    for form, read in _FORMS:
        if (found := form.fullmatch(word)) is not None:
            step = read(found)
            zeros = step.zeros_of
            return step if zeros is None or zeros[0] < zeros[1] else None
    return None
