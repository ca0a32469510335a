"""What the user asked for on the command line and in the ini file, read once."""

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
    """What the user asked for.

    *timeout*: seconds. *calls*: measured calls a run. *tolerance*: slowdown that is accepted, as a share; None: what
    each way to compare accepts by itself. *accept_unmeasured*: where nothing tells what else the machine did, it is
    taken for idle. *started_in*: the folder in which pytest was started. *repeated*: words of the command line without
    which a test cannot be run again as it was.
    """

    rootdir: Path
    started_in: Path = Path()
    repeated: tuple[str, ...] = ()
    report: Path | None = None
    runtime: str = "auto"
    model: PathFrom | None = None
    compute_units: tuple[ComputeUnits, ...] = ("all",)
    calls: int = 100
    timeout: float = 600.0
    inconclusive: Inconclusive = "skip"
    precision: Precision = "fast"
    dropin: bool = False
    baseline: tuple[Path, ...] = ()
    against: Path | None = None
    tolerance: float | None = None
    accept_unmeasured: bool = False

    @classmethod
    def from_config(cls, config: pytest.Config) -> Options:
        """Read the options, and for those not given the ini file; `UsageError` for a value that cannot be."""
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
    """Give the compute units of what names none: `all`, but `cpuOnly` where Core ML runs on a virtual Mac."""
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
