"""What handlers know of values beyond their types, for the handlers of later operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from pytest_coreml.reference.graph import Value

    # A number, or an int64 vector of one element that the graph computes.
    Dimension: TypeAlias = "int | Value"


@dataclass(frozen=True)
class Cut:
    """A slice of one axis, as Python writes it."""

    begin: Dimension
    end: Dimension
    stride: int


@dataclass(frozen=True)
class View:
    """A value that is a part of another: what was cut from its axes, and which of them went."""

    source: Value
    rank: int
    cuts: Mapping[int, Cut]
    squeezed: Sequence[int]


@dataclass
class Known:
    """Facts by value.

    `elements`: a vector of integers put together from numbers, some known, others vectors of one element. `views`: a
    slice; a slice of a slice is cut from the whole at once. The one between may be unused then: `seen_through` says so.
    """

    elements: dict[Value, Sequence[int | Value]] = field(default_factory=dict)
    views: dict[Value, View] = field(default_factory=dict)
    seen_through: bool = False
