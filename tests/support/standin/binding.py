"""CoreML.Framework Python bindings"""

from __future__ import annotations

from standin.devices import _MLCPUComputeDeviceProxy, _MLGPUComputeDeviceProxy, _MLNeuralEngineComputeDeviceProxy
from standin.model import _MLModelAssetProxy, _MLModelProxy, _State
from standin.plan import _MLComputePlanProxy
from standin.structure import _MLModelStructureNeuralNetworkLayerProxy, _MLModelStructureProgramOperationProxy

__all__ = [
    "_MLCPUComputeDeviceProxy",
    "_MLComputePlanProxy",
    "_MLGPUComputeDeviceProxy",
    "_MLModelAssetProxy",
    "_MLModelProxy",
    "_MLModelStructureNeuralNetworkLayerProxy",
    "_MLModelStructureProgramOperationProxy",
    "_MLNeuralEngineComputeDeviceProxy",
    "_State",
]
