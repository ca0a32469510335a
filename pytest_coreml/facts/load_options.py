"""Load options: everything about loading a model but its compute units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.errors import UsageError, did_you_mean, hidden_for_ours, shown

if TYPE_CHECKING:
    from typing import Any

__tracebackhide__ = hidden_for_ours

# The keys and values of coremltools, whose enums have these names
# (https://developer.apple.com/documentation/coreml/mloptimizationhints).
HINTS: Final[dict[str, tuple[str | bool, ...]]] = {
    "reshapeFrequency": ("Frequent", "Infrequent"),
    "specializationStrategy": ("Default", "FastPrediction"),
    "allowLowPrecisionAccumulationOnGPU": (True, False),
}


@dataclass(frozen=True)
class LoadOptions:
    """The load options of one configuration."""

    function: str | None = None
    """The function of a model with several; None for its default one."""
    hints: tuple[tuple[str, str | bool], ...] = ()
    """Optimization hints as sorted pairs of name and value."""
    from_memory: bool = False
    """True to load from the bytes of the model instead of a compiled path."""

    @property
    def words(self) -> str | None:
        """The options other than the function as text; None for the defaults."""
        return (
            ", ".join([*(f"{name}={value}" for name, value in self.hints), *["from memory"] * self.from_memory]) or None
        )


def parse_hints(value: Any) -> tuple[tuple[str, str | bool], ...]:
    """Return optimization hints as sorted pairs; values are strings, booleans, or coremltools' enums.

    Raise `UsageError` for a hint or a value that Core ML does not know.
    """
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise UsageError(
            f"optimization_hints: expected a dict, as {{'reshapeFrequency': 'Infrequent'}}, got {shown(value)}"
        )
    return tuple(sorted((_name(name), _value(name, word)) for name, word in value.items()))


def _name(name: Any) -> str:
    if name in HINTS:
        return str(name)
    hint = did_you_mean(name, HINTS)
    raise UsageError(f"optimization_hints: unknown hint {name!r}, expected one of {', '.join(HINTS)}{hint}")


def _value(name: str, word: Any) -> str | bool:
    value = word if isinstance(word, (str, bool)) else getattr(word, "name", word)
    # 1 and 0 equal True and False but are not booleans.
    if not isinstance(value, (str, bool)) or value not in HINTS[name]:
        expected = " or ".join(map(repr, HINTS[name]))
        raise UsageError(f"optimization_hints: {name}: expected {expected}, got {shown(word)}")
    return value
