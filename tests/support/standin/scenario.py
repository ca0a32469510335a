"""The scenario of a stand-in Mac: plain data, passed to other processes as a JSON file.

Compute units go by coremltools' names (`CPU_AND_NE`), since those are what crosses the native boundary; devices by
Apple's (`neuralEngine`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED: dict[str, tuple[str, ...]] = {
    "ALL": ("cpu", "gpu", "neuralEngine"),
    "CPU_AND_GPU": ("cpu", "gpu"),
    "CPU_AND_NE": ("cpu", "neuralEngine"),
    "CPU_ONLY": ("cpu",),
}

Stage = Literal["import", "devices", "compile", "load", "predict", "state", "structure", "plan"]
Kind = Literal[
    "error",
    "none",
    "abort",
    "segfault",
    "kill",
    "bus",
    "trap",
    "exit",
    "exit_later",
    "hang",
    "hang_later",
    "grow",
    "stdout",
    "stderr",
    "other_error",
]


@dataclass(frozen=True)
class Op:
    """The plan's entry for an operation or layer.

    *preferred*: `cpu`, `gpu`, `neuralEngine`; `unnamed` for a device that the binding has no class for (it comes out as
    None), `novel` for one whose class we never heard of. *supported* is cut to what the compute units allow. *cost*:
    None for unknown, `even` for an equal share of what the operations with a number leave. *usage* False: the plan
    knows nothing of the operation.
    """

    preferred: str = "cpu"
    supported: tuple[str, ...] = ("cpu", "gpu", "neuralEngine")
    cost: float | Literal["even"] | None = "even"
    usage: bool = True


@dataclass(frozen=True)
class Times:
    """Durations in ns. *predict_ns* are taken in turn, over and over, after *first_predict_ns*. *waking_ns*: what the
    first load of a process takes on top. *slower_by_second*: by which share predictions take longer with each second
    since the first one of their process, as on a machine that becomes warm."""

    first_load_ns: int = 30_000_000
    load_ns: int = 2_000_000
    first_predict_ns: int = 5_000_000
    predict_ns: tuple[int, ...] = (1_000_000,)
    waking_ns: int = 0
    slower_by_second: float = 0.0

    def of_load(self, known: str) -> int:
        """Return the duration of a load; the part that moved files keep was measured once on an M4 Max."""
        return {"nothing": self.first_load_ns, "moved": self.first_load_ns * 42 // 100, "all": self.load_ns}[known]


@dataclass(frozen=True)
class Failure:
    """A failure at a stage, for calls that match.

    *kind*: `error` raises what the framework would raise, with *text* as its description; `other_error` raises a
    MemoryError; `none` gives no plan and no error; `exit` ends the process with status 7; `hang` holds the GIL for
    ever; `exit_later`, `hang_later`: a moment after the call; `bus`, `trap`: by these signals; `grow` allocates
    *megabytes* and keeps them; `stdout` writes *text* to descriptor 1, `stderr` to descriptor 2. The fatal ones write
    *text* to descriptor 2 first. *units*, *model* (part of the path) and *call* (the n-th of this stage in this
    process, from 1) narrow it down; None is any.
    """

    stage: Stage
    kind: Kind
    text: str = ""
    units: str | None = None
    model: str | None = None
    call: int | None = None
    megabytes: int = 0


@dataclass(frozen=True)
class ObjC:
    """PyObjC, if it is installed: the *version* of its wheels, one of those in `pyobjc_standin/selectors.json`.

    *ignored_backings*: outputs whose arrays Core ML does not use. *padding*: elements between the rows of an output of
    its own. *answers*: how often a completion handler is called, *late_ms* after the work.
    """

    version: str | None = None
    ignored_backings: tuple[str, ...] = ()
    padding: int = 0
    answers: int = 1
    late_ms: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """A Mac.

    *machine*: what `platform.machine()` says. *devices*: those that Core ML lists. *ops*: by output name, else operator
    without prefix (or layer name, layer type); *ops_by_units* goes before it. *outputs*: values by output name, as
    nested lists; eighths, from none to seven, for the rest; *outputs_by_units* goes before it. *refusals*: the
    compiler's messages about the Neural Engine, by output; it writes nothing where there are none. *counters*: a
    process can read its resource usage, with waiting as a share of its CPU time, the share of CPU time on efficiency
    cores, and *leaked_bytes* that each prediction adds to its footprint. *working*: the devices that counters show at
    work, by compute units. *registry*: `dump`; or `text`, `hang`, `negative`, `falling` for one that is
    not as it should be.
    """

    macos: tuple[int, ...] = (26, 5, 1)
    machine: str = "arm64"
    devices: tuple[str, ...] = ("cpu", "gpu", "neuralEngine")
    neural_engine_cores: int = 16
    default: Op = Op()
    ops: dict[str, Op] = field(default_factory=dict)
    ops_by_units: dict[str, dict[str, Op]] = field(default_factory=dict)
    times: Times = Times()
    times_by_units: dict[str, Times] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    outputs_by_units: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    refusals: dict[str, str] = field(default_factory=dict)
    counters: bool = False
    waiting_share: float = 0.0
    efficiency_share: float = 0.0
    leaked_bytes: int = 0
    working: dict[str, tuple[str, ...]] = field(default_factory=dict)
    registry: str = "dump"
    objc: ObjC = ObjC()

    def op(self, units: str, *names: str) -> Op:
        """Return the entry for the first of *names* that has one."""
        known = {**self.ops, **self.ops_by_units.get(units, {})}
        return next((known[name] for name in names if name in known), self.default)

    def times_for(self, units: str) -> Times:
        """Return the durations under *units*."""
        return self.times_by_units.get(units, self.times)

    def outputs_for(self, units: str) -> dict[str, Any]:
        """Return the values of outputs under *units*."""
        return {**self.outputs, **self.outputs_by_units.get(units, {})}

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def load(path: Path) -> Scenario:
    """Read what `Scenario.save` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data["default"] = _make(Op, data["default"])
    data["ops"] = {name: _make(Op, op) for name, op in data["ops"].items()}
    data["ops_by_units"] = {
        units: {name: _make(Op, op) for name, op in ops.items()} for units, ops in data["ops_by_units"].items()
    }
    data["times"] = _make(Times, data["times"])
    data["times_by_units"] = {units: _make(Times, times) for units, times in data["times_by_units"].items()}
    data["objc"] = _make(ObjC, data["objc"])
    data["failures"] = [_make(Failure, failure) for failure in data["failures"]]
    return _make(Scenario, data)


def _make(kind: type, data: dict[str, Any]) -> Any:
    """Build a dataclass, with tuples where JSON has lists (outputs stay as they are: they sit in a dict)."""
    assert is_dataclass(kind)
    assert set(data) == {f.name for f in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})
