"""The options of a run, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.runtime import ApiName
    from pytest_coreml.session.sources import PathFrom

Inconclusive: TypeAlias = Literal["skip", "fail"]
Cache: TypeAlias = Literal["keep", "off"]
Precision: TypeAlias = Literal["fast", "strict"]
# `all`: one on each physical core.
Threads: TypeAlias = int | Literal["all"]


@dataclass(frozen=True)
class Options:
    """The options of a run, from the command line and the ini file."""

    rootdir: Path
    """The folder that test ids and paths of the ini file are relative to."""
    started_in: Path = Path()
    """The folder in which pytest was started, which paths of the command line are relative to."""
    repeated: tuple[str, ...] = ()
    """Words of the command line that are needed to run a test again as it was."""
    report: Path | None = None
    """The path of the report to write; None for no report."""
    trace: Path | None = None
    """The path of the timeline to write; None for no timeline."""
    html: Path | None = None
    """The path of the page to write; None for no page."""
    runtime: str = "auto"
    """`auto`, `coreml` or `reference`."""
    model: PathFrom | None = None
    """The default model of tests that do not name one."""
    compute_units: tuple[ComputeUnits, ...] = ("all",)
    """The compute units of tests that do not name any."""
    calls: int = 100
    """Measured calls of one measurement."""
    timeout: float = 600.0
    """Seconds without a response before an engine process is killed."""
    load_timeout: float | None = None
    """The same for a load; None for the limit of the machine, if it has one, else *timeout*."""
    inconclusive: Inconclusive = "skip"
    """The outcome of a test with an inconclusive check."""
    precision: Precision = "fast"
    """The precision with which the reference runtime computes half-precision values."""
    api: ApiName = "coremltools"
    """The Python package by which Core ML is called."""
    insists_on_api: bool = False
    """True if the command line names the package: it is an error where the reference runtime executes models."""
    threads: Threads | None = None
    """The threads of the reference runtime; None for one in an engine, and all physical cores in the drop-in."""
    dropin: bool = False
    """True to make coremltools' own `predict` work in the pytest process, where Core ML does not exist."""
    baseline: tuple[Path, ...] = ()
    """Reports, or folders of reports, to compare with."""
    against: Path | None = None
    """Another version of the model, or a folder of such, to run interleaved with each model."""
    tolerance: float | None = None
    """The accepted slowdown, as a share; None for the default of each comparison."""
    moved: float | None = None
    """The share of a plan, 0 to 1, that may have left a device since the baseline; None for no limit."""
    observe: bool = False
    """True to read counters of the Neural Engine and the GPU beside the predictions of each measured model."""
    explain: bool = False
    """True to compile a model once more after a placement rule has failed, for the compiler's reasons."""
    assume_idle: bool = False
    """True to treat a machine whose CPU contention cannot be measured as idle."""
    cache: Cache = "keep"
    """`keep` to load models that earlier runs have compiled for Core ML, and to keep those that this run compiles."""
    cache_size: float = 10.0
    """The size of all compiled models that are kept, in 10^9 bytes."""
    variants: tuple[str, ...] = ()
    """The presets of tests that do not name any variants."""
    variant_cache: Callable[[], Path | None] = lambda: None
    """Returns the folder in which variants are kept for later runs; None for none."""

    @property
    def is_reported(self) -> bool:
        """True if the facts of the run are written to a file, so that more is measured than the verdicts need."""
        return self.report is not None or self.html is not None


def default_units(runtime: str) -> ComputeUnits:
    """Return the default compute units: `all`, but `cpuOnly` where Core ML runs on a virtual Mac."""
    from pytest_coreml import machine

    if runtime == "reference" or not machine.is_mac():
        return "all"
    # What this machine is costs a look at the system, and matters on Macs only.
    from pytest_coreml.machine.policy import default_compute_units

    return default_compute_units(machine.identity())
