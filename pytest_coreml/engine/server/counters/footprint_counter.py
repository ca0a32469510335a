"""The memory of this process that is tagged as that of the Neural Engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.server.counters.counter_reader import Reading
from pytest_coreml.engine.server.resource_usage import ResourceUsageReader
from pytest_coreml.facts.observed import Counter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A page of Apple silicon: no memory is smaller.
_PAGE: Final = 16384.0
FOOTPRINT: Final = Counter("Neural Engine footprint", "neuralEngine", "process", "memory", "bytes", _PAGE)


class FootprintReader:
    """Reads the Neural Engine footprint by `proc_pid_rusage`. *note*: gets why it cannot be read."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._usage = ResourceUsageReader.open()
        if self._usage is None:
            note(f"{FOOTPRINT.name}: proc_pid_rusage does not have the expected form")

    def read(self) -> Sequence[Reading]:
        """Return the footprint, if it can be read."""
        usage = self._usage.try_read() if self._usage is not None else None
        return [Reading(FOOTPRINT, float(usage.neural_footprint_bytes))] if usage is not None else []
