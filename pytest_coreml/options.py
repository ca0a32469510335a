"""What the user asked for on the command line and in the ini file, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from pytest_coreml.command_line import PRECISIONS, RUNTIMES, UNMEASURED, given
from pytest_coreml.compute_units import parse_compute_units
from pytest_coreml.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from pytest_coreml.compute_units import ComputeUnits
    from pytest_coreml.reference.options import Precision

Inconclusive: TypeAlias = Literal["skip", "fail"]


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    *timeout*: seconds. *calls*: measured calls a run. *tolerance*: slowdown that is accepted, as a share; None: what
    each way to compare accepts by itself. *accept_unmeasured*: where nothing tells what else the machine did, it is
    taken for idle.
    """

    rootdir: Path
    report: Path | None = None
    runtime: str = "auto"
    model: str | None = None
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
        report = given(config, "report")
        runtime = _choice("runtime", given(config, "runtime"), RUNTIMES)
        return cls(
            rootdir=config.rootpath,
            report=Path(config.invocation_params.dir, report) if report else None,
            runtime=runtime,
            model=given(config, "model"),
            compute_units=_units(given(config, "compute_units") or default_units(runtime)),
            calls=_number("calls", given(config, "calls") or "100", int),
            timeout=_number("timeout", given(config, "timeout") or "600", float),
            inconclusive=cast(
                "Literal['fail', 'skip']",
                _choice("inconclusive", given(config, "inconclusive") or "skip", ("fail", "skip")),
            ),
            precision=cast("Precision", _choice("precision", given(config, "precision"), PRECISIONS)),
            dropin=_choice("dropin", given(config, "dropin"), ("false", "true")) == "true",
            baseline=_paths(config, given(config, "baseline")),
            against=_existing(config, given(config, "against")),
            tolerance=_number("tolerance", given(config, "tolerance"), float),
            accept_unmeasured=_choice("unmeasured", given(config, "unmeasured"), UNMEASURED) == "fail",
        )


def default_units(runtime: str) -> ComputeUnits:
    """Give the compute units of what names none: `all`, but `cpuOnly` where Core ML runs on a virtual Mac."""
    # What this machine is costs a look at the system, and matters on Macs only.
    from pytest_coreml import machine
    from pytest_coreml.machine.policy import default_compute_units

    return default_compute_units(machine.identity()) if machine.is_mac() and runtime != "reference" else "all"


def _existing(config: pytest.Config, value: str | None) -> Path | None:
    if value is None:
        return None
    path = Path(config.invocation_params.dir, value)
    if not path.exists():
        raise UsageError(f"--coreml-against: there is no {path}; name a model, or a folder of models of the same names")
    return path


def _paths(config: pytest.Config, value: list[str] | str | None) -> tuple[Path, ...]:
    # The command line gives a list, which is relative to where pytest was started; the ini file lines of text.
    if isinstance(value, list):
        return tuple(Path(config.invocation_params.dir, path) for path in value)
    return tuple(config.rootpath / line.strip() for line in (value or "").splitlines() if line.strip())


def _units(text: str) -> tuple[ComputeUnits, ...]:
    words = text.replace(",", " ").split()
    try:
        return tuple(dict.fromkeys(parse_compute_units(word) for word in words))
    except UsageError as error:
        raise UsageError(f"--coreml-compute-units: {error}") from None


def _choice(name: str, value: str | None, choices: Sequence[str]) -> str:
    if value is None:
        return choices[0]
    if value not in choices:
        raise UsageError(f"coreml_{name}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def _number(name: str, text: str | None, kind: Callable[[str], Any]) -> Any:
    if text is None:
        return None
    try:
        number = kind(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        word = "whole number" if kind is int else "number"
        raise UsageError(f"--coreml-{name}: expected a positive {word}, got {text!r}")
    return number
