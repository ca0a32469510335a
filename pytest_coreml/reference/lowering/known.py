"""Facts about values beyond their types, from handlers for the handlers of later operations."""

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
    """A slice of one axis, with the semantics of Python."""

    begin: Dimension
    end: Dimension
    stride: int


@dataclass(frozen=True)
class View:
    """A value that is a part of another one: the cuts of its axes, and the axes that were removed."""

    source: Value
    rank: int
    cuts: Mapping[int, Cut]
    squeezed: Sequence[int]


@dataclass
class Known:
    """Facts by value.

    `elements`: the elements of a vector of integers, each a known number or a vector of one element. `views`: slices; a
    slice of a slice is cut from the whole at once. The slice between may become unused; `seen_through` is true then.
    """

    elements: dict[Value, Sequence[int | Value]] = field(default_factory=dict)
    views: dict[Value, View] = field(default_factory=dict)
    seen_through: bool = False
