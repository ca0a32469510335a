"""Timelines: what was done with each model at what time, in lanes like those of the Core ML instrument.

Times are whole nanoseconds of a monotonic clock, which all processes of a host share (`time.perf_counter_ns`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Lane = Literal["activity", "data", "compute", "neuralEngine", "gpu"]
# In the order in which they are shown. The last two come from Instruments only.
LANES: Final[tuple[Lane, ...]] = ("activity", "data", "compute", "neuralEngine", "gpu")
# Activities that contain others, and are not part of totals.
STEPS: Final = frozenset(("warm up", "measure", "compare outputs", "compare versions", "profile"))

# The lane and the kind of events.
LaneAndKind = tuple[Lane, str]


class Event(NamedTuple):
    """Something that took time."""

    lane: Lane
    kind: str
    """The activity (`compile`, `first load`, `load`, `predict`, `plan`, or one of `STEPS`); `inputs` or `outputs` in
    the lane of data; the operator in the lane of compute."""
    start_ns: int
    duration_ns: int
    details: Mapping[str, Any] = {}
    """Further facts by name, of types that JSON has: `bytes`, `device`, `estimated`; `calls` of one event for several.
    """

    @property
    def end_ns(self) -> int:
        """The end."""
        return self.start_ns + self.duration_ns


@dataclass(frozen=True)
class Total:
    """The sum of events."""

    count: int = 0
    total_ns: int = 0
    bytes: int = 0
    """The bytes that were converted, in the lane of data."""
    estimated: bool = False
    """True if times among them were estimated."""

    def __add__(self, other: Total) -> Total:
        """Return the sum of both."""
        return Total(
            self.count + other.count,
            self.total_ns + other.total_ns,
            self.bytes + other.bytes,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True)
class TrackKey:
    """A model in one configuration."""

    model: str
    """The file name of the model."""
    sha256: str | None
    """The digest of the model; None if it is unknown."""
    compute_units: str
    """The compute units, by their Swift name; empty if they are unknown."""
    function: str | None = None
    """The function; None for the default one."""
    loaded: str | None = None
    """The load options other than the function as text; None for the defaults."""
    machine: str | None = None
    """The name of the machine in a run on several; None if there is one."""

    @property
    def label(self) -> str:
        """The name of the configuration in texts."""
        words = [f"function {self.function}" if self.function else None, self.loaded]
        name = f"{self.model} on {self.compute_units}" if self.compute_units else self.model
        words.append(f"on {self.machine}" if self.machine else None)
        return ", ".join([name, *filter(None, words)])


@dataclass
class Track:
    """The events of a model in one configuration."""

    key: TrackKey
    events: list[Event] = field(default_factory=list)
    left_out: dict[LaneAndKind, Total] = field(default_factory=dict)
    """The sums of events that were too many to keep."""
    notes: list[str] = field(default_factory=list)
    """Remarks, such as why there are no times of operations."""
    processes: list[int] = field(default_factory=list)
    """The ids of the engine processes that held the model."""
    figures: dict[str, float] = field(default_factory=dict)
    """The totals of the tables of Instruments, by name."""

    def merge(self, other: Track) -> None:
        """Add what *other* has."""
        self.events += other.events
        for name, total in other.left_out.items():
            self.left_out[name] = self.left_out.get(name, Total()) + total
        self.notes += [note for note in other.notes if note not in self.notes]
        self.processes += [process for process in other.processes if process not in self.processes]
        self.figures |= other.figures

    def totals(self) -> dict[LaneAndKind, Total]:
        """Return the sums of all events but steps, also of those that were left out, by lane and kind."""
        totals: defaultdict[LaneAndKind, list[int]] = defaultdict(lambda: [0, 0, 0, False])
        for lane, kind, _, duration, details in self.events:
            if kind not in STEPS:
                entry = totals[lane, kind]
                entry[0] += details.get("calls", 1)
                entry[1] += duration
                entry[2] += details.get("bytes") or 0
                entry[3] = entry[3] or bool(details.get("estimated"))
        sums = {name: Total(entry[0], entry[1], entry[2], bool(entry[3])) for name, entry in totals.items()}
        for name, total in self.left_out.items():
            sums[name] = sums.get(name, Total()) + total
        return dict(sorted(sums.items(), key=lambda item: (LANES.index(item[0][0]), -item[1].total_ns)))


@dataclass
class Timeline:
    """The tracks of a run."""

    tracks: list[Track] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks that are about all tracks."""

    def add(self, tracks: Iterable[Track]) -> None:
        """Add *tracks*; those with the key of a track that is there are merged with it."""
        known = {track.key: track for track in self.tracks}
        for track in tracks:
            if track.key in known:
                known[track.key].merge(track)
            else:
                known[track.key] = track
                self.tracks.append(track)


def set_apart(tracks: Iterable[Track], machine: str) -> list[Track]:
    """Return the *tracks* of one *machine* of several, from 0 on: the clocks of machines have nothing in common."""
    found = list(tracks)
    origin = min((event.start_ns for track in found for event in track.events), default=0)
    return [
        replace(
            track,
            key=replace(track.key, machine=machine),
            events=[event._replace(start_ns=event.start_ns - origin) for event in track.events],
        )
        for track in found
    ]


@dataclass(frozen=True)
class Subject:
    """The model that an engine works with, as its request names it."""

    path: str
    """The path in the request: of the model, or of its compiled form."""
    compiled: str | None
    """The path of the compiled form; None where the request does not say."""
    compute_units: str
    function: str | None
    loaded: str | None


@dataclass(frozen=True)
class Recording:
    """The events of one request to an engine."""

    subject: Subject
    model: str | None
    """The file name of the model; None where the engine has not loaded it."""
    sha256: str | None
    """The digest of the model; None where the engine has not loaded it."""
    process: int
    """The id of the engine process."""
    events: tuple[Event, ...]
    left_out: Mapping[LaneAndKind, Total] = field(default_factory=dict)
