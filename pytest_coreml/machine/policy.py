"""What a machine is fit for: which compute units a test can have on it, and whether its clock may be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.machine.facts import Identity

_ANYWAY = "--coreml-runtime=coreml {} it all the same"
_STAND_IN = (
    "the reference runtime stands in for Core ML, whose time this budget is about; "
    "--coreml-runtime=reference judges the reference runtime's own"
)


def default_compute_units(machine: Identity) -> ComputeUnits:
    """Give the compute units of tests when nobody names any: `all`, but only the CPU on a virtual Mac."""
    return "cpuOnly" if machine.is_mac and machine.virtual else "all"


def unfit_units(units: ComputeUnits, asked: str, machine: Identity) -> str | None:
    """Give the reason why a test on *units* is skipped on *machine*, None when it runs.

    *asked*: the runtime as the user said it; to name `coreml` is to ask for it here, whatever here is. A virtual Mac
    has no usable Neural Engine, and a GPU that is simulated; Core ML may try for minutes to use them all the same.
    """
    if asked != "auto" or units == "cpuOnly" or not (machine.is_mac and machine.virtual):
        return None
    return (
        f"{units} on a virtual Mac ({machine.model_identifier}): it has no Neural Engine, and a simulated GPU; "
        f"run on a real Mac, or use cpuOnly; {_ANYWAY.format('runs')}"
    )


def usable_devices(devices: Iterable[Device], machine: Identity) -> tuple[Device, ...]:
    """Give those of the listed *devices* that there are: a virtual Mac has no Neural Engine, whatever it lists."""
    virtual = machine.is_mac and machine.virtual
    return tuple(device for device in devices if not (virtual and device == "neuralEngine"))


def clock_doubt(runtime: str, asked: str, machine: Identity) -> str | None:
    """Give the reason why times are not judged, None when they are.

    *runtime*: what executed the model, `coreml` or `reference`. *asked*: the runtime as the user said it.
    """
    if runtime == "reference":
        return None if asked == "reference" else _STAND_IN
    if asked == "coreml" or not machine.is_mac:
        return None
    if machine.rosetta:
        return f"Python runs translated by Rosetta: use one for arm64; {_ANYWAY.format('judges')}"
    if machine.virtual:
        return (
            f"a virtual Mac ({machine.model_identifier}) shares its processor with others, and tells little of real "
            f"ones; {_ANYWAY.format('judges')}"
        )
    return None
