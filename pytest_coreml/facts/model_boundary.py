"""The boundary of a model: what crosses it in one call, and what is converted there. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Conversion:
    """One kind of conversion of an input or output, which every call pays for."""

    operator: str
    """The operation: `cast`, `mul` and `add` (scale and bias of an image), `transpose`, or `convert` for what Core ML
    does outside of the program."""
    before: str
    """The type before it (`float32`), `uint8` for the pixels of an image."""
    after: str
    """The type after it."""
    count: int = 1
    """The number of such operations, each for another part of the program."""
    in_program: bool = True
    """True if an operation of the program does it, False if Core ML does it around the program."""


@dataclass(frozen=True)
class Remedy:
    """The declaration that would remove a conversion."""

    declare: str | None
    """The type to declare: `float16`, `float32`, `int8` or `grayscaleFloat16`; None if no type removes it."""
    target: str | None = None
    """The deployment target that has the type (`iOS 16`); None if the model's own has it."""


@dataclass(frozen=True)
class Crossing:
    """One input or output, as it crosses the boundary."""

    name: str
    """The name in the specification."""
    declared: str
    """The type that the model declares (`float32`), or the kind of a feature without one (`string`)."""
    computed: str | None = None
    """The type that the program computes with; None if it is unknown, as in a neural network, whose device decides."""
    size_bytes: int | None = None
    """The bytes of one value of the default shape; None if the specification does not determine them."""
    conversions: tuple[Conversion, ...] = ()
    """The conversions of each call."""
    remedy: Remedy | None = None
    """The remedy that removes the change of type; None if there is none."""

    @property
    def casts(self) -> int:
        """The number of changes of type."""
        return sum(found.count for found in self.conversions if found.operator in ("cast", "convert"))

    @property
    def avoidable_casts(self) -> int:
        """The number of changes of type that another declaration would remove."""
        return self.casts if self.remedy is not None and self.remedy.declare is not None else 0


@dataclass(frozen=True)
class HandedCache:
    """An input that an output replaces in the next call: the program updates a part of it, and hands it back."""

    input: str
    output: str
    size_bytes: int | None = None
    """The bytes of the input and the output together, in one call."""


@dataclass(frozen=True)
class Boundary:
    """The inputs and outputs of a model or function, as they cross its boundary. States stay inside."""

    inputs: tuple[Crossing, ...] = ()
    """The inputs, in the specification's order."""
    outputs: tuple[Crossing, ...] = ()
    """The outputs, in the specification's order."""
    caches: tuple[HandedCache, ...] = field(default=())
    """The inputs that an output replaces in the next call. States would keep them inside the model."""
    why_unknown: str | None = None
    """The reason why conversions inside the model are unknown; None if they are known."""
    function: str | None = None
    """The function whose boundary it is; None for a model of one function."""

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """The inputs and outputs."""
        return (*self.inputs, *self.outputs)

    @property
    def size_bytes(self) -> int:
        """The bytes that cross in one call, of inputs and outputs whose size is known."""
        return sum(crossing.size_bytes or 0 for crossing in self.crossings)

    @property
    def unsized(self) -> tuple[str, ...]:
        """The names of inputs and outputs whose size is unknown. The size of a string is 0."""
        return tuple(each.name for each in self.crossings if each.size_bytes is None)
