"""One measurement in one run, the facts that runs are compared by, and the runs of several measurements."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.measurement import UNDISTURBED_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_coreml.facts.agreement import Agreement
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.placement import Placement

# Node id, compute units, function and load options.
MeasurementKey = tuple[str, str, str]


@dataclass(frozen=True)
class Run:
    """The facts that one process measured of one test on one configuration.

    *machine*: a JSON value as the report has it; *machine_name*: what a report of several machines calls it.
    *model*: None where the report does not describe it. *memory_mb*: peak growth of the engine in 10^6 bytes.
    """

    machine: Mapping[str, Any]
    predict: Measurement | None = None
    load: LoadTimes | None = None
    memory_mb: float | None = None
    placement: Placement | None = None
    agreement: tuple[Agreement, ...] = ()
    """The agreement of the outputs with each reference; empty if they were not compared."""
    model: ModelSpec | None = None
    machine_name: str | None = None
    failed: bool = False
    """True if the test failed before anything was measured, unless that was expected."""

    @property
    def thermal_changed(self) -> bool:
        """True if the thermal state is known to have changed during any part of it."""
        return any(part is not None and part.thermal_changed for part in (self.load, self.predict))

    @property
    def has_first_load(self) -> bool:
        """True if the model was compiled, or loaded for the first time, and that was timed."""
        return self.load is not None and bool(self.load.first_load_ms or self.load.compile_ms)

    @cached_property
    def calm(self) -> bool | None:
        """True if no other process disturbed this run; None if unknown.

        That is, its predictions lost at most 5 % of their time to other processes, and the thermal state stayed.
        """
        if self.thermal_changed:
            return False
        if self.predict is None or self.predict.wait_ms is None:
            return None
        return sum(self.predict.wait_ms) <= UNDISTURBED_SHARE * sum(self.predict.wall_ms)


@dataclass(frozen=True)
class Runs:
    """The runs of several measurements."""

    by_key: dict[MeasurementKey, list[Run]] = field(default_factory=dict)
    """The runs of each measurement, oldest first."""
    lines: dict[MeasurementKey, int] = field(default_factory=dict)
    """The line of the test of each measurement, where reports contain it."""

    def __contains__(self, key: object) -> bool:
        return key in self.by_key

    def __iter__(self) -> Iterator[MeasurementKey]:
        return iter(self.by_key)

    def get(self, key: MeasurementKey) -> list[Run]:
        """Return the runs of *key*, or an empty list."""
        return self.by_key.get(key, [])

    @cached_property
    def files_with_first_loads(self) -> frozenset[str]:
        """The test files of which a run on Core ML has times of compiling, or of a first load."""
        return frozenset(
            node_id.split("::", 1)[0]
            for (node_id, *_), runs in self.by_key.items()
            if any(run.has_first_load and run.machine["runtime"]["name"] == "coreml" for run in runs)
        )
