"""The names of the blocks inside operations of control flow, which a compute plan does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

# MIL's names, in its order; those of the layers of a neural network after them.
_BLOCKS: Final = {
    "cond": ("true", "false"),
    "while_loop": ("cond", "body"),
    "branch": ("if", "else"),
    "loop": ("condition", "body"),
}


def named_blocks(operator: str, blocks: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Yield each of *blocks* of an operation with its name; a number where *operator* has no names for them."""
    names = _BLOCKS.get(operator, ())
    for number, block in enumerate(blocks):
        yield names[number] if number < len(names) else str(number), block
