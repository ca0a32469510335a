"""Older systems refuse options, and Python may not make some objects."""

from __future__ import annotations

import numpy as np
import pytest
import standin_models as models


@pytest.mark.parametrize(
    ("macos", "call", "text"),
    [
        ((13, 6), "devices", r"MLComputeDevice is only available on macOS >= 14\.0"),
        ((14, 3), "plan", r"MLComputePlan is only available on macOS >= 14\.4"),
        ((14, 3), "structure", r"MLModelStructure is only available on macOS >= 14\.4"),
        ((12, 6), "engine", r"MLComputeUnitsCPUAndNeuralEngine is only available on macOS >= 13\.0"),
        ((14, 6), "function", r"The 'functionName' property can only be set on macOS >= 15\.0"),
        ((14, 6), "state", r"Stateful model is only available on macOS >= 15\.0"),
        ((14, 6), "blobs", r"MLModelAsset using blob mapping is only available on macOS >= 15\.0"),
    ],
)
def test_gates_of_the_native_code(mac, macos, call, text):
    """Each raises with the system it needs."""
    path = mac.compiled(models.program_spec())
    mac.become(macos=macos)

    with pytest.raises(RuntimeError, match=text):
        _call(call, path)


def _call(call, path):
    from coremltools import ComputeUnit
    from coremltools.models import CompiledMLModel
    from coremltools.models.compute_device import MLComputeDevice
    from coremltools.models.compute_plan import MLComputePlan, MLModelStructure
    from coremltools.models.model import MLModelAsset

    calls = {
        "devices": MLComputeDevice.get_all_compute_devices,
        "plan": lambda: MLComputePlan.load_from_path(path),
        "structure": lambda: MLModelStructure.load_from_path(path),
        "engine": lambda: CompiledMLModel(path, compute_units=ComputeUnit.CPU_AND_NE),
        "function": lambda: CompiledMLModel(path, function_name="main"),
        "state": lambda: CompiledMLModel(path).make_state(),
        "blobs": lambda: MLModelAsset.from_memory(b"", {"a": b""}),
    }
    calls[call]()


def test_a_path_shorter_than_the_suffix_is_an_index_error(mac):
    """The suffix test reads the last nine characters."""
    from coremltools import libcoremlpython as native

    with pytest.raises(IndexError):
        native._MLModelProxy("a.b", "ALL", "", {}, None)


def test_the_constructor_takes_four_or_five_arguments(mac):
    """By position only."""
    from coremltools import libcoremlpython as native

    path = mac.compiled(models.program_spec())

    assert native._MLModelProxy(path, "ALL", "", {}).get_compiled_model_path() == path
    assert native._MLModelProxy(path + "/", "ALL", "", {}, None).get_compiled_model_path() == path
    for arguments in ((path, "ALL", ""), (path, "ALL", "", None), (path, "ALL", "", {}, 1)):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            native._MLModelProxy(*arguments)


def test_four_classes_can_be_made_and_subclassed_the_others_not(mac):
    """coremltools' experimental module subclasses them, without arguments."""
    from coremltools import libcoremlpython as native

    for name in ("_MLComputePlanProxy", "_MLCPUComputeDeviceProxy", "_MLGPUComputeDeviceProxy"):
        made = type("Sub", (getattr(native, name),), {})()
        made.extra = np.ones(1)
    for name in ("_State", "_MLModelAssetProxy", "_MLModelStructureProgramOperationProxy"):
        with pytest.raises(TypeError, match="No constructor defined!"):
            getattr(native, name)()
