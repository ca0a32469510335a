"""The compute plan: where the scenario puts each operation, and what it says that costs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_files import analytics, operation

from standin.devices import make_device, make_devices
from standin.errors import require
from standin.native import Native, takes
from standin.scenario import ALLOWED, Op
from standin.session import current
from standin.structure import (
    NativeItem,
    StructureBuilder,
    _MLModelStructureNeuralNetworkLayerProxy,
    _MLModelStructureProgramOperationProxy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class _MLComputePlanProxy(Native):
    __slots__ = ("_costs", "_items", "_structure", "_units")

    def __init__(self) -> None:
        """Make an empty one; Python may, and may subclass."""
        self._structure: Any = None
        self._units = "ALL"
        self._items: list[NativeItem] = []
        self._costs: dict[int, float] = {}

    @property
    def model_structure(self) -> Any:
        return self._structure

    @takes(object)
    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        return self._usage(_native(operation, _MLModelStructureProgramOperationProxy))

    @takes(object)
    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> Any:
        return self._usage(_native(layer, _MLModelStructureNeuralNetworkLayerProxy))

    @takes(object)
    def get_estimated_cost_for_mlprogram_operation(self, operation: Any) -> Any:
        require((14, 4), "MLComputePlan")
        from coremltools.models.compute_plan import MLComputePlanCost

        item = _native(operation, _MLModelStructureProgramOperationProxy)
        weight = self._costs.get(id(item))
        return None if weight is None else MLComputePlanCost(weight)

    def _usage(self, item: NativeItem | None) -> Any:
        require((14, 4), "MLComputePlan")
        if item is None or not _has_usage(item, self._units):
            return None
        from coremltools.models.compute_plan import MLComputePlanDeviceUsage

        op = _entry(item, self._units)
        allowed = ALLOWED[self._units]
        supported = tuple(device for device in op.supported if device in allowed or device not in ALLOWED["ALL"])
        preferred = op.preferred if op.preferred in allowed or op.preferred not in ALLOWED["ALL"] else "cpu"
        return MLComputePlanDeviceUsage(make_device(preferred), make_devices(supported))


def make_plan(spec: Any, units: str) -> Any:
    """Return coremltools' plan of a model."""
    from coremltools.models.compute_plan import MLComputePlan

    proxy = _MLComputePlanProxy()
    proxy._units = units if units in ALLOWED else "ALL"
    proxy._structure = StructureBuilder(proxy._items.append).build(spec)
    proxy._costs = _costs(proxy._items, proxy._units)
    _write_analytics(proxy)
    return MLComputePlan(proxy)


def _write_analytics(plan: _MLComputePlanProxy) -> None:
    """Write what the compiler writes about a program into the cache of the home folder that this process was given."""
    home, refusals = os.environ.get("CFFIXED_USER_HOME"), current().scenario.refusals
    if home is None or not refusals:
        return
    folder = Path(home, "Library/Caches/python3/com.apple.e5rt.e5bundlecache/25F80/0a/0b.bundle/H16G.bundle")
    folder.mkdir(parents=True)
    (folder / "analytics.mil").write_text(analytics(*_analytics_lines(plan, refusals)), encoding="utf-8")


def _analytics_lines(plan: _MLComputePlanProxy, refusals: dict[str, str]) -> Iterator[str]:
    for item in plan._items:
        if id(item) not in plan._costs:
            continue
        entry, cost = _entry(item, plan._units), plan._costs[id(item)]
        backend = {"cpu": "bnns", "gpu": "mps_graph", "neuralEngine": "ane"}[entry.preferred]
        refused = refusals.get(item.name)
        times = {backend: cost} if refused else {backend: cost, "ane": cost / 2}
        yield operation(item.name, item.operator, selected=backend, estimates=times, refused=refused)


def _native(python: Any, kind: type) -> NativeItem | None:
    """Return the framework's object behind one of coremltools'; None when its plan is gone."""
    proxy = python.__proxy__
    if not isinstance(proxy, kind):
        raise RuntimeError(f"Unable to cast Python instance of type {type(proxy)} to C++ type '{kind.__name__}'")  # noqa: TRY004
    return proxy.native()  # type: ignore[attr-defined, no-any-return]


def _entry(item: NativeItem, units: str) -> Op:
    return current().scenario.op(units, item.name, item.operator)


def _has_usage(item: NativeItem, units: str) -> bool:
    return item.planned and _entry(item, units).usage


def _costs(items: list[NativeItem], units: str) -> dict[int, float]:
    """Return the weight of every operation that has one: scripted, or an even share of what is left of 1."""
    entries = {id(item): _entry(item, units) for item in items if _has_usage(item, units)}
    fixed = {key: float(op.cost) for key, op in entries.items() if isinstance(op.cost, int | float)}
    even = [key for key, op in entries.items() if op.cost == "even"]
    rest = max(0.0, 1.0 - sum(fixed.values()))
    return {**fixed, **{key: rest / len(even) for key in even}}
