"""The arrays that a prediction is given and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# backed: the framework wrote the output into the array that it was given. copied: it was copied out of the framework.
OutputPlace = Literal["backed", "copied"]


@dataclass(frozen=True)
class IO:
    """The handling of input and output arrays in a prediction."""

    inputs: Mapping[str, str]
    """The element type of each array that is passed to the framework, by input."""
    outputs: Mapping[str, OutputPlace]
    """The place where the framework wrote each array, by output: `backed` or `copied`."""
