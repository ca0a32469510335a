"""coremltools' device classes and our names of devices: the only map between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.runtime import DeviceFacts

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import Device


def device_classes() -> dict[type, Device]:
    """Return our name of each device class of coremltools."""
    from coremltools.models import compute_device

    return {
        compute_device.MLCPUComputeDevice: "cpu",
        compute_device.MLGPUComputeDevice: "gpu",
        compute_device.MLNeuralEngineComputeDevice: "neuralEngine",
    }


def list_devices() -> tuple[DeviceFacts, ...] | None:
    """Return the devices that Core ML may use here; None where it does not report them, as before macOS 14."""
    from coremltools.models import MLModel

    try:
        devices = MLModel.get_available_compute_devices()
    except (AttributeError, RuntimeError):
        return None
    # By class: the objects are new ones each time, and compare by identity.
    classes = device_classes()
    named = ((device, classes.get(type(device))) for device in devices)
    return tuple(DeviceFacts(name, getattr(device, "total_core_count", None)) for device, name in named if name)
