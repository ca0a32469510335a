"""The compute devices that coremltools speaks of, by our names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.runtime import DeviceFacts

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import Device


def device_name(device: Any) -> Device | None:
    """Give our word for a device object of coremltools; None for None, and for a class that we do not know."""
    from coremltools.models import compute_device as classes

    # By class: the objects are new ones each time, and compare by identity.
    kinds: tuple[tuple[type, Device], ...] = (
        (classes.MLCPUComputeDevice, "cpu"),
        (classes.MLGPUComputeDevice, "gpu"),
        (classes.MLNeuralEngineComputeDevice, "neuralEngine"),
    )
    return next((word for kind, word in kinds if isinstance(device, kind)), None)


def list_devices() -> tuple[DeviceFacts, ...] | None:
    """Give the devices that Core ML may use here; None where it does not tell, as before macOS 14."""
    from coremltools.models import MLModel

    try:
        devices = MLModel.get_available_compute_devices()
    except (AttributeError, RuntimeError):
        return None
    named = ((device, device_name(device)) for device in devices)
    return tuple(DeviceFacts(word, getattr(device, "total_core_count", None)) for device, word in named if word)
