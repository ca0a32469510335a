"""The inputs that outputs are compared for: sequences of predictions, each from a fresh state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.example_inputs import example_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.model_spec import ModelSpec

Features = dict[str, Any]


@dataclass(frozen=True)
class InputSequences:
    """Seeded *examples*, which each side makes for itself, or *given* sequences."""

    examples: int = 0
    """The number of examples; their seeds begin with 0."""
    given: tuple[tuple[Features, ...], ...] = ()
    """Sequences of inputs; of one each for a model without states."""

    @property
    def count(self) -> int:
        """The number of inputs."""
        return self.examples or sum(map(len, self.given))

    def sequences(self, spec: ModelSpec) -> Iterator[Iterator[Features]]:
        """Yield the sequences for a model; the examples of a stateful one are one sequence."""
        if not self.examples:
            yield from map(iter, self.given)
            return
        examples = (example_inputs(spec.inputs, seed) for seed in range(self.examples))
        if spec.states:
            yield examples
        else:
            yield from (iter((example,)) for example in examples)

    def prefix(self, spec: ModelSpec, number: int) -> list[Features]:
        """Return the input *number*, after those of its sequence that come before it."""
        seen = 0
        for sequence in self.sequences(spec):
            prefix: list[Features] = []
            for features in sequence:
                prefix.append(features)
                seen += 1
                if seen > number:
                    return prefix
        raise IndexError(number)


def equal_features(features: Features, other: Features) -> bool:
    """Return True if both have the same values."""
    import numpy as np

    if features.keys() != other.keys():
        return False
    # Images are compared by their elements, as arrays are.
    return all(
        features[name] == value if isinstance(value, dict) else np.array_equal(np.asarray(features[name]), value)
        for name, value in other.items()
    )
