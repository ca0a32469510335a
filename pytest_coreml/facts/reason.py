"""The reason for a verdict: a cause code, and the data that its sentence needs.

The sentences are in `report/text/causes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_coreml.facts.agreement import NonFinite
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.measurement import Thermal
    from pytest_coreml.facts.placement import Operation


class Cause(str, Enum):
    """Cause codes, as a report contains them. A code is never reused for another cause."""

    NOTHING_MEASURED = "nothing measured"
    PARTNER_NOT_SELECTED = "partner not selected"
    PARTNER_NOT_MEASURED = "partner not measured"
    NO_VARIANT = "not a variant"
    # Conditions of a measurement.
    RUN_DISTURBED = "current run disturbed"
    THERMAL_CHANGE = "thermal state changed"
    EFFICIENCY_CORES = "on efficiency cores"
    LOADED_BESIDE_OTHERS = "loaded beside others"
    CONDITIONS_UNKNOWN = "machine state not measured"
    # Remarks on a sustained load.
    SLOWS_DOWN = "slows down"
    MEMORY_GROWS = "memory grows"
    # Remarks on what looks wrong.
    LOAD_TOO_FAST = "load too fast"
    UNIFORM_OUTPUT = "uniform output"
    # The machine, and the clock.
    FOREIGN_CLOCK = "reference runtime"
    ROSETTA = "rosetta"
    VIRTUAL_MAC = "virtual mac"
    UNFIT_UNITS = "unfit compute units"
    NO_DEVICE = "no such device"
    # Device reports.
    OTHER_VERSION = "another version of the model"
    OTHER_UNITS = "other compute units"
    PLAN_INCOMPLETE = "plan incomplete"
    # Plans.
    NO_PLAN_READ = "no plan read"
    UNKNOWN_PLACEMENT = "unknown placement"
    ALL_LEFT_OUT = "all operations left out"
    PLANNED_ON = "planned on"
    PLANNED_ELSEWHERE = "planned elsewhere"
    HOLDS_BY_CONFIGURATION = "holds by configuration"
    UNITS_FORBID_DEVICE = "compute units forbid device"
    NO_COST = "no cost"
    COUNTED_BY_OPERATIONS = "counted by operations"
    DEVICE_OPEN = "device left open"
    DEVICE_UNKNOWN = "device unknown"
    COST_OPEN = "cost left open"
    OPEN_OPERATIONS_MATTER = "open operations matter"
    # Observed devices.
    NO_CORE_ML = "no Core ML to observe"
    NOTHING_OBSERVED = "nothing observed"
    COUNTERS_UNREADABLE = "counters not readable"
    COUNTERS_UNCLEAR = "counters unclear"
    COUNTERS_CONTRADICT = "counters contradict"
    NEVER_MOVED = "counter never moved"
    BY_ANY_PROCESS = "by any process"
    OBSERVED_ACTIVE = "observed active"
    OBSERVED_INACTIVE = "observed inactive"
    # Outputs.
    OUTPUTS_DIFFER = "outputs differ"
    NOT_FINITE = "not finite"
    REFERENCE_NOT_FINITE = "reference not finite"
    CONSTANT_OUTPUT = "constant output"
    NOT_REPEATABLE = "not repeatable"
    ONE_INPUT = "one input only"
    ODD_ONE_OUT = "odd one out"
    NO_MAJORITY = "no two agree"
    ONE_CONFIGURATION = "one configuration only"
    ONE_RUNTIME = "one runtime for all compute units"
    NO_REFERENCE = "reference not usable"
    # The boundary.
    CASTS_AT_BOUNDARY = "casts at the boundary"
    UNAVOIDABLE_CASTS = "unavoidable casts"
    BOUNDARY_UNKNOWN = "boundary unknown"
    SIZE_UNKNOWN = "size unknown"
    CACHES_CROSS = "caches cross the boundary"
    # Baselines.
    SLOWER = "slower"
    SLOWER_IN_TAIL = "slower in the tail"
    HIGHER = "higher than the baseline"
    MORE_BYTES = "more bytes"
    LAST_PROCESS = "figure of the last process"
    BASELINE_DISTURBED = "baseline disturbed"
    TOO_FEW_CALLS = "too few calls"
    TOO_FEW_PAIRS = "too few pairs"
    NOT_POSITIVE = "times are not positive"
    TOO_NOISY = "too noisy"
    TAIL_TOO_NOISY = "tail too noisy"
    ONE_PROCESS = "needs a second process"
    OTHER_MACHINE = "not the same machine"
    OTHER_RUNTIME = "not the same runtime"
    NO_PREDICTIONS = "no predictions"
    OTHER_WORKLOAD = "other workload"
    TEST_FAILED = "test failed"
    UNKNOWN_TEST = "not in the baseline"
    SHARED_KEY = "shares its key"
    NO_OTHER_MODEL = "other model missing"


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is."""

    cause: Cause
    """The cause code."""
    details: Any = None
    """The data of its sentence, one of the classes below or a single value; None if it needs none."""
    more: tuple[Reason, ...] = ()
    """Further reasons that are part of the same text."""
    text: str | None = None
    """The finished text, of a reason that was read from a report, which does not contain the details."""


@dataclass(frozen=True)
class Disturbance:
    """The calls of a measurement that other processes disturbed."""

    calls: int
    """The number of calls."""
    undisturbed: int
    """The number of undisturbed ones among them."""
    share: float | None = None
    """The median share of a disturbed call that the process waited; None if unknown."""


@dataclass(frozen=True)
class FastLoad:
    """A load in ms that is too short for a plan: *share* (0..1) of it is on the Neural Engine."""

    load_ms: float
    share: float
    min_ms: float
    """The minimum time of such a load."""


@dataclass(frozen=True)
class Slowdown:
    """Medians in ms of the first and last quarter of a sustained load, and the thermal states at its ends."""

    first_ms: float
    last_ms: float
    thermal: Thermal | None


@dataclass(frozen=True)
class MemoryGrowth:
    """The growth of a process's memory from call to call."""

    bytes_per_call: float
    total_bytes: int
    """From the first to the last reading."""
    calls: int
    """The number of calls between them."""


@dataclass(frozen=True)
class DeviceOfUnits:
    """A device under compute units that do not permit it."""

    units: ComputeUnits
    device: Device


@dataclass(frozen=True)
class DeviceShare:
    """The planned share (0..1) of a device; None if it is unknown."""

    device: Device
    share: float | None


@dataclass(frozen=True)
class PlannedOperations:
    """Operations of a plan; *device*: the one that it names for them, None for those without one."""

    ops: tuple[Operation, ...]
    device: str | None = None


@dataclass(frozen=True)
class Noise:
    """A slowdown that luck may explain: *effect*, *margin* and *spread* as in a comparison, *runs* of the baseline."""

    runs: int
    effect: float | None = None
    margin: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class UnusableRuns:
    """The causes that keep each of several baseline runs from being compared with."""

    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class MissingModel:
    """A model that is not in the folder *where*."""

    name: str
    where: str


@dataclass(frozen=True)
class WorstInput:
    """The input on which an output differs most from its reference."""

    reference: str
    """The reference in words."""
    input: int
    """The number of the input, from 0."""
    inputs: int
    """The number of inputs."""


@dataclass(frozen=True)
class BadElement:
    """An element of an output that is not finite."""

    output: str
    place: NonFinite


@dataclass(frozen=True)
class UnitsApart:
    """The groups of compute units whose outputs agree, and how close they are."""

    groups: tuple[tuple[ComputeUnits, ...], ...]
    """Compute units that agree, the largest group first."""
    limit: str
    """The name of the limit whose measure the values are of."""
    between: float | None
    """The value of the closest two of different groups; None where they cannot be compared."""
    within: float | None
    """The value of the most distant two of the largest group; None if it has one member."""


@dataclass(frozen=True)
class UnfitUnits:
    """Compute units that a machine has no use for."""

    units: ComputeUnits
    model_identifier: str | None


def find_cause(reason: Reason | str | None) -> Cause | None:
    """Return the cause code of *reason*: None for no reason, and for a text without a code."""
    if isinstance(reason, (Cause, Reason)):
        return reason if isinstance(reason, Cause) else reason.cause
    return _CODES.get(reason) if reason is not None else None


_CODES = {cause.value: cause for cause in Cause}
