"""The options of the command line and the ini file, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.option_values import read_choice, read_number, read_path, read_paths, read_switch, read_units
from pytest_coreml.plugin.options import INCONCLUSIVE, PRECISIONS, RUNTIMES, UNMEASURED, given
from pytest_coreml.session.sources import PathFrom

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.reference.options import Precision

Inconclusive: TypeAlias = Literal["skip", "fail"]


@dataclass(frozen=True)
class Options:
    """The plugin's options."""

    rootdir: Path
    """pytest's root directory."""
    started_in: Path = Path()
    """The folder in which pytest was started."""
    repeated: tuple[str, ...] = ()
    """Command-line arguments that running a single test again needs."""
    report: Path | None = None
    """The report file to write; None for no report."""
    runtime: str = "auto"
    """The runtime that was asked for: `auto`, `coreml` or `reference`."""
    model: PathFrom | None = None
    """The default model of tests that do not name one."""
    compute_units: tuple[ComputeUnits, ...] = ("all",)
    """The compute units of tests that do not name any."""
    calls: int = 100
    """The number of measured calls of a run."""
    timeout: float = 600.0
    """Seconds without a response before an engine process is killed."""
    inconclusive: Inconclusive = "skip"
    """The outcome of a test with an inconclusive check."""
    precision: Precision = "fast"
    """The precision of the reference runtime."""
    dropin: bool = False
    """True to let coremltools' own `predict` use the reference runtime in the pytest process."""
    baseline: tuple[Path, ...] = ()
    """Reports, or folders of reports, to compare with."""
    against: Path | None = None
    """Another version of the model, or a folder of such versions, to compare with by interleaved calls."""
    tolerance: float | None = None
    """The accepted slowdown, as a share; None for the default of each kind of comparison."""
    accept_unmeasured: bool = False
    """True to treat the machine as idle if CPU contention cannot be measured."""

    @classmethod
    def from_config(cls, config: pytest.Config) -> Options:
        """Read the command line and then the ini file; raise `UsageError` for an invalid value."""
        runtime = read_choice("runtime", given(config, "runtime"), RUNTIMES)
        return cls(
            rootdir=config.rootpath,
            started_in=config.invocation_params.dir,
            repeated=tuple(_repeated(config)),
            report=_path(config, "report"),
            runtime=runtime,
            model=_model(config),
            compute_units=read_units(given(config, "compute_units")) or (default_units(runtime),),
            calls=read_number("calls", given(config, "calls"), int, default=100),
            timeout=read_number("timeout", given(config, "timeout"), float, default=600.0),
            inconclusive=cast("Inconclusive", read_choice("inconclusive", given(config, "inconclusive"), INCONCLUSIVE)),
            precision=cast("Precision", read_choice("precision", given(config, "precision"), PRECISIONS)),
            dropin=read_switch("dropin", given(config, "dropin")),
            baseline=_paths(config, "baseline"),
            against=_existing(_path(config, "against")),
            tolerance=read_number("tolerance", given(config, "tolerance"), float),
            accept_unmeasured=read_choice("unmeasured", given(config, "unmeasured"), UNMEASURED) == "fail",
        )


def default_units(runtime: str) -> ComputeUnits:
    """Return the default compute units: `all`, or `cpuOnly` if Core ML runs on a virtual Mac."""
    # What this machine is costs a look at the system, and matters on Macs only.
    from pytest_coreml import machine
    from pytest_coreml.machine.policy import default_compute_units

    return default_compute_units(machine.identity()) if machine.is_mac() and runtime != "reference" else "all"


def _repeated(config: pytest.Config) -> Iterator[str]:
    for name in ("runtime", "model", "compute_units"):
        value = config.getoption(f"coreml_{name}", None)
        if value:
            yield f"--coreml-{name.replace('_', '-')}={value}"


def _folder(config: pytest.Config, name: str) -> Path:
    """Say what a path is relative to: the ini file's to the rootdir, the command line's to where pytest was started."""
    of_command_line = config.getoption(f"coreml_{name}", None) is not None
    return config.invocation_params.dir if of_command_line else config.rootpath


def _path(config: pytest.Config, name: str) -> Path | None:
    path = read_path(name, given(config, name))
    return _folder(config, name) / path if path is not None else None


def _paths(config: pytest.Config, name: str) -> tuple[Path, ...]:
    return tuple(_folder(config, name) / path for path in read_paths(name, given(config, name)))


def _model(config: pytest.Config) -> PathFrom | None:
    path = read_path("model", given(config, "model"))
    return PathFrom(path, _folder(config, "model")) if path is not None else None


def _existing(path: Path | None) -> Path | None:
    if path is not None and not path.exists():
        raise UsageError(f"--coreml-against: there is no {path}; name a model, or a folder of models of the same names")
    return path
