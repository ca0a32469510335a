"""The use that the current test has made of a model, for the measurements and verdicts after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.engine.protocol import Measure

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Backing, Inputs
    from pytest_coreml.facts.io import IO
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.observed import Observed
    from pytest_coreml.facts.uniform_output import UniformOutput


@dataclass
class LastUse:
    """The last prediction of the current test with a model, its last measurements, and what all of them showed."""

    inputs: Inputs | None = None
    """The inputs of the last prediction; None before the first one."""
    backings: dict[str, Backing] = field(default_factory=dict)
    """The arrays that the outputs of the last prediction were written into."""
    io: IO | None = None
    """The handling of input and output arrays in the last prediction."""
    request: Measure | None = None
    """The request for the last measurement."""
    measurement: Measurement | None = None
    """The last measurement that was not of a sustained load."""
    sustained: Measurement | None = None
    """The last measurement of a sustained load."""
    observed: Observed | None = None
    """The devices that were observed last."""
    longest_sequence: int = 0
    """The most predictions with one state."""
    _uniform: dict[str, UniformOutput] | None = None

    @property
    def sequence(self) -> int | None:
        """The number of predictions after which a measurement goes on with a fresh state; None for no limit."""
        # One prediction is not a sequence: a state for each call would make its first use a part of the times.
        return self.longest_sequence if self.longest_sequence > 1 else None

    @property
    def uniform_outputs(self) -> list[UniformOutput]:
        """The outputs whose elements were all equal in each prediction so far."""
        return list((self._uniform or {}).values())

    def note_uniform(self, found: tuple[UniformOutput, ...]) -> None:
        """Keep the outputs that were uniform in each prediction so far; zeros for one input mean nothing yet."""
        named = {uniform.output: uniform for uniform in found}
        kept = named if self._uniform is None else self._uniform
        self._uniform = {name: uniform for name, uniform in kept.items() if name in named}

    def request_like_it(self, calls: int, inputs: Inputs | None = None) -> Measure:
        """Return the request for *calls* like the last prediction, or with *inputs* if there was none."""
        values = inputs if self.inputs is None else self.inputs
        return Measure(values, calls, None, self.sequence, self.backings)
