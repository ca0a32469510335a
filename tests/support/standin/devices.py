"""The device proxies, and the coremltools objects around them: new ones each time."""

from __future__ import annotations

from typing import Any

from standin.errors import require
from standin.native import Native
from standin.session import current


class _MLCPUComputeDeviceProxy(Native):
    __slots__ = ()

    def __init__(self) -> None:
        """Make one; Python may, and may subclass."""


class _MLGPUComputeDeviceProxy(Native):
    __slots__ = ()

    def __init__(self) -> None:
        """Make one; Python may, and may subclass."""


class _MLNeuralEngineComputeDeviceProxy(Native):
    __slots__ = ()
    _cores = 0

    def __init__(self) -> None:
        """Make one without a device behind it: it has no cores."""

    def get_total_core_count(self) -> int:
        require((14, 0), "MLComputeDevice")
        return self._cores


class _ListedNeuralEngine(_MLNeuralEngineComputeDeviceProxy):
    __slots__ = ()

    @property
    def _cores(self) -> int:  # type: ignore[override]
        return current().scenario.neural_engine_cores


def make_device(name: str) -> Any:
    """Return a new device object of coremltools; None where the binding has no class for it."""
    # Imported late: these modules import the stand-in.
    from coremltools.models import compute_device

    if name == "novel":
        return type("MLNovelComputeDevice", (compute_device.MLComputeDevice,), {})()
    makers = {
        "cpu": (compute_device.MLCPUComputeDevice, _MLCPUComputeDeviceProxy),
        "gpu": (compute_device.MLGPUComputeDevice, _MLGPUComputeDeviceProxy),
        "neuralEngine": (compute_device.MLNeuralEngineComputeDevice, _ListedNeuralEngine),
    }
    if name not in makers:
        return None
    device, proxy = makers[name]
    return device(proxy())


def make_devices(names: tuple[str, ...]) -> list[Any]:
    """Return new device objects, without those that the binding has no class for."""
    return [device for device in map(make_device, names) if device is not None]
