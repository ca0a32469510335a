"""Devices and plans of Apple's binding, for the one device of this runtime."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.binding.signatures import takes

if TYPE_CHECKING:
    from typing_extensions import Self


class _MLCPUComputeDeviceProxy:
    """The one device of this runtime."""

    @takes()
    def __init__(self) -> None:
        """Make a stand-in for a device."""


class _MLGPUComputeDeviceProxy:
    """A device that never exists here; coremltools subclasses it."""

    @takes()
    def __init__(self) -> None:
        """Make a stand-in for a device."""


class _MLNeuralEngineComputeDeviceProxy:
    """A device that never exists here; coremltools subclasses it."""

    @takes()
    def __init__(self) -> None:
        """Make a stand-in for a device."""

    def get_total_core_count(self) -> int:
        """Return the number of cores."""
        return 0


class _PartProxy:
    """A part of a model in queries of the plan that made it, valid while that plan exists."""

    _plan: weakref.ref[Any] | None = None

    def __init__(self) -> None:
        """Raise TypeError: only plans and structures make these."""
        raise TypeError(f"{type(self).__name__}: No constructor defined!")

    @classmethod
    def of(cls, plan: Any) -> Self:
        """Make one for a plan, or for a structure without a plan."""
        proxy = cls.__new__(cls)
        proxy._plan = weakref.ref(plan) if plan is not None else None
        return proxy

    @property
    def is_planned(self) -> bool:
        """True if the plan still exists."""
        return self._plan is not None and self._plan() is not None


class _MLModelStructureProgramOperationProxy(_PartProxy):
    """An operation of an ML Program."""


class _MLModelStructureNeuralNetworkLayerProxy(_PartProxy):
    """A layer of a neural network."""


class _MLComputePlanProxy:
    """A plan in which every layer, and every operation except constants, runs on the CPU, at unknown cost."""

    model_structure: Any = None

    @takes()
    def __init__(self) -> None:
        """Make an empty plan."""

    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        """Return the CPU; None for a constant, and for an operation without a plan or of a deleted plan."""
        from coremltools.models.compute_plan import MLComputePlanDeviceUsage

        if not _proxy_of(operation).is_planned or operation.operator_name.rpartition(".")[2] == "const":
            return None
        return MLComputePlanDeviceUsage(cpu(), [cpu()])

    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> Any:
        """Return the CPU; None for a layer without a plan or of a deleted plan."""
        from coremltools.models.compute_plan import MLComputePlanDeviceUsage

        proxy = layer.__proxy__
        if not isinstance(proxy, _MLModelStructureNeuralNetworkLayerProxy):
            raise RuntimeError(f"Unable to cast Python instance of type {type(proxy)} to a layer of a neural network")  # noqa: TRY004 - what pybind11 raises
        return MLComputePlanDeviceUsage(cpu(), [cpu()]) if proxy.is_planned else None

    def get_estimated_cost_for_mlprogram_operation(self, operation: Any) -> None:
        """Return None: this runtime does not estimate costs."""
        _proxy_of(operation)


def cpu() -> Any:
    """Return the one device of this runtime; a new object each time, like Apple's binding."""
    from coremltools.models.compute_device import MLCPUComputeDevice

    return MLCPUComputeDevice(_MLCPUComputeDeviceProxy())


def _proxy_of(operation: Any) -> _MLModelStructureProgramOperationProxy:
    proxy = operation.__proxy__
    if not isinstance(proxy, _MLModelStructureProgramOperationProxy):
        raise RuntimeError(f"Unable to cast Python instance of type {type(proxy)} to an operation of an ML Program")  # noqa: TRY004 - what pybind11 raises
    return proxy
