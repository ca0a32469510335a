"""Files with results of devices: made here, in the forms that Xcode, xcresulttool and coremltools write.

Personal details are in all of them, and must not come out of an importer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# Of the person whose device it is; no report of ours may contain one of them.
PERSONAL = ("00008103-000A1B2C3D4E5F60", "DMPXK0AAAAAA", "Jane Doe", "janedoe")

# Three experiments of one compilation, two loads and four predictions each, in seconds.
COMPILE = (0.070, 0.072, 0.071)
LOAD = (0.300, 0.020, 0.200, 0.022, 0.180, 0.021)
PREDICT = (0.0090, 0.0020, 0.0021, 0.0022, 0.0050, 0.0023, 0.0024, 0.0025, 0.0051, 0.0026, 0.0027, 0.0028)

Entry = dict[str, Any]


def swift_device(name: str) -> Entry:
    """Return a device as Swift encodes it."""
    return {"deviceType": {name: {}}}


def operation(
    operator: str,
    output: str,
    preferred: str | None = "neuralEngine",
    cost: float | None = None,
    blocks: Sequence[Entry] = (),
) -> Entry:
    """Return an operation of a structure; None for *preferred*: one without a usage, as a constant is."""
    entry: Entry = {
        "operatorName": operator,
        "inputs": {},
        "outputs": [{"name": output, "type": {}}],
        "blocks": list(blocks),
    }
    if preferred is not None:
        supported = [swift_device(name) for name in dict.fromkeys(("cpu", "gpu", preferred))]
        states: list[Entry] = []
        for each in supported:
            states += [each, {"supported": {}}]
        entry["deviceUsage"] = {
            "preferred": swift_device(preferred),
            "supported": supported,
            "allSupportStates": states,
        }
    if cost is not None:
        entry["cost"] = {"weight": cost}
    return entry


PERCEPTRON = (
    operation("const", "weight", None),
    operation("ios16.constexpr_lut_to_dense", "palettized", None),
    operation("ios17.linear", "hidden", "neuralEngine", 0.6),
    operation("relu", "active", "neuralEngine", 0.1),
    operation("ios17.softmax", "probabilities", "cpu", 0.3),
)


def block(operations: Iterable[Entry]) -> Entry:
    """Return a block."""
    return {"inputs": [], "outputNames": [], "operations": list(operations)}


def xcode_report(
    operations: Sequence[Entry] = PERCEPTRON,
    *,
    histogram: dict[str, int] | None = None,
    model: str = "Encoder",
    product: str = "iPhone 15 Pro",
    system: str = "iOS 18.5",
    compute_unit: int = 2,
    predict: Sequence[float] = PREDICT,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Entry:
    """Return a performance report of Xcode."""
    metadata = {
        "specificationVersion": 8,
        "mlProgramOperationTypeHistogram": histogram or {},
        "inputSchema": [{"name": name, "type": "MultiArray"} for name in inputs],
        "outputSchema": [{"name": name, "type": "MultiArray"} for name in outputs],
    }
    return {
        "jsonVersion": 1,
        "deviceResultVersion": 4,
        "computeUnit": compute_unit,
        "deviceInfo": {
            "modelName": product,
            "displayName": f"{PERSONAL[2]}'s phone",
            "deviceID": PERSONAL[0],
            "serialNumber": PERSONAL[1],
            "osNameAndVersionWithoutBuildNumber": system,
            "osNameAndVersionWithInternalBuildNumber": f"{system} (22F76)",
            "deviceType": {"iPhone": {}},
            "isCloudDevice": False,
            "isSupported": True,
        },
        "modelMetadata": {
            "functionNames": [],
            "fileName": model,
            "modelUrl": f"file:///Users/{PERSONAL[3]}/Models/{model}.mlpackage",
            "modelType": "ML Program",
            "size": 12_400,
            "rawMetadata": json.dumps([metadata]),
        },
        "deviceResults": {
            "modelStructure": {"program": {"_0": {"functions": {"main": {"inputs": [], "block": block(operations)}}}}},
            "availableComputeDevices": [swift_device(name) for name in ("neuralEngine", "gpu", "cpu")],
            "perfRunConfig": {"loadCount": 2, "experimentIterations": 3, "predictionCount": 4},
            "compile": {"startTime": 790_000_000.0, "numOperations": 3, "samples": list(COMPILE)},
            "load": {"startTime": 790_000_001.0, "numOperations": 2, "samples": list(LOAD)},
            "predict": {"startTime": 790_000_002.0, "numOperations": 4, "samples": list(predict)},
        },
    }


def metrics(case: str = "SpeedTests/testEncoder()", runs: Sequence[Entry] | None = None) -> list[Entry]:
    """Return what `xcresulttool get test-results metrics` prints of one test."""
    return [{"testIdentifier": case, "testRuns": list(runs) if runs is not None else [measured_run()]}]


def measured_run(
    measurements: Sequence[float] = (0.0030, 0.0031, 0.0029),
    *,
    device: str = PERSONAL[0],
    configuration: str = "1",
    identifier: str = "com.apple.dt.XCTMetric_Clock.time.monotonic",
    unit: str = "s",
) -> Entry:
    """Return one run of a test on a device, with the memory that no importer takes for a time."""
    return {
        "device": {"deviceId": device, "deviceName": f"{PERSONAL[2]}'s phone"},
        "testPlanConfiguration": {"configurationId": configuration, "configurationName": "Configuration"},
        "metrics": [
            {
                "identifier": "com.apple.dt.XCTMetric_Memory.physical_peak",
                "displayName": "Memory Peak Physical",
                "unitOfMeasurement": "kB",
                "measurements": [51_200.0],
            },
            {
                "identifier": identifier,
                "displayName": "Clock Monotonic Time",
                "unitOfMeasurement": unit,
                "measurements": list(measurements),
            },
        ],
    }


def summary(*devices: Entry) -> Entry:
    """Return what `xcresulttool get test-results summary` prints."""
    found = devices or (summary_device(),)
    return {
        "title": "Test - Speed",
        "startTime": 1_767_225_600.0,
        "devicesAndConfigurations": [{"device": device, "passedTests": 1} for device in found],
    }


def summary_device(identifier: str = PERSONAL[0], model: str = "iPhone 16e", platform: str = "iOS") -> Entry:
    """Return a device of a summary."""
    return {
        "deviceId": identifier,
        "deviceName": f"{PERSONAL[2]}'s phone",
        "modelName": model,
        "platform": platform,
        "osVersion": "26.1",
        "osBuildNumber": "23B85",
        "architecture": "arm64e",
    }


def wrapped(value: Any) -> Any:
    """Return *value* as xcresulttool wrapped it before Xcode 16.3."""
    if isinstance(value, dict):
        kind = value.get("_type", "Object")
        fields = {name: wrapped(item) for name, item in value.items() if name != "_type"}
        return {"_type": {"_name": kind}, **fields}
    if isinstance(value, list):
        return {"_type": {"_name": "Array"}, "_values": [wrapped(item) for item in value]}
    kind = {float: "Double", int: "Int", bool: "Bool"}.get(type(value), "String")
    return {"_type": {"_name": kind}, "_value": str(value)}


def wrapped_test() -> Entry:
    """Return the wrapped summary of one test."""
    metric = {
        "_type": "ActionTestPerformanceMetricSummary",
        "identifier": "com.apple.XCTPerformanceMetric_WallClockTime",
        "displayName": "Time",
        "unitOfMeasurement": "seconds",
        "measurements": [0.5, 0.25],
    }
    test = {
        "_type": "ActionTestSummary",
        "identifier": "SpeedTests/testEncoder()",
        "performanceMetrics": [{**metric, "unitOfMeasurement": "s"}],
    }
    found: Entry = wrapped(test)
    return found


def wrapped_devices(platform: str = "com.apple.platform.iphoneos") -> Entry:
    """Return the wrapped record of an invocation, with one action that only builds."""
    device = {
        "_type": "ActionDeviceRecord",
        "name": f"{PERSONAL[2]}'s phone",
        "identifier": PERSONAL[0],
        "modelName": "iPhone 14",
        "operatingSystemVersion": "17.4",
        "operatingSystemVersionWithBuildNumber": "17.4 (21E219)",
        "platformRecord": {"_type": "ActionPlatformRecord", "identifier": platform},
    }
    target = {"targetDeviceRecord": device}
    record = {
        "_type": "ActionsInvocationRecord",
        "actions": [
            {"runDestination": target, "actionResult": {"status": "succeeded"}},
            {"runDestination": target, "actionResult": {"status": "succeeded", "testsRef": {"id": "0~abc"}}},
        ],
    }
    found: Entry = wrapped(record)
    return found


def coremltools_result(**changes: Any) -> Entry:
    """Return what coremltools measured on a device, as its dataclasses are written."""
    result = {
        "coremltools": "9.0",
        "model": f"/Users/{PERSONAL[3]}/Models/Encoder.mlpackage",
        "compute_units": "CPU_AND_NE",
        "warmup": True,
        "created": "2026-03-01T10:00:00Z",
        "device": {
            "name": f"{PERSONAL[2]}'s phone",
            "type": "iphone",
            "identifier": PERSONAL[0],
            "udid": PERSONAL[1],
            "os_version": "18.5",
            "os_build_number": "22F76",
        },
        "load": {"samples": [310.5, 290.25], "statistics": {"median": 300.375}},
        "predict": {"samples": [2.5, 2.75, 2.625], "statistics": {"median": 2.625}},
    }
    return {**result, **changes}


def save(folder: Path, name: str, value: Any) -> Path:
    """Write *value* as JSON."""
    path = folder / name
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
    return path


def conv_and_relu(convs: int = 12, relus: int = 11, device: str = "neuralEngine") -> list[Entry]:
    """Return the operations of the model that scripted engines describe."""
    names = ["ios17.conv"] * convs + ["ios17.relu"] * relus
    share = 1 / len(names)
    return [operation(name, f"{name[6:]}_{number}", device, share) for number, name in enumerate(names)]
