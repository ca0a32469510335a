"""The data that only the page's script reads: compressed, and the operations of as many tests as fit."""

from __future__ import annotations

import base64
import gzip
import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import printable
from pytest_coreml.facts.compute_units import DEVICES
from pytest_coreml.report.formats.html.call_strip import disturbed_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.placement import Placement

_KIND: Final = attrgetter("preferred", "supported", "operator", "block", "unknown_device", "reason")
# More points than this are not told apart in a chart.
_MAX_POINTS: Final = 400
# Costs are shown with a tenth of a percent, or three digits.
_COST_UNITS: Final = 1_000_000
_LEVEL: Final = 6


def packed_calls(measurement: Measurement, limits: Sequence[tuple[str, float]], baseline_ms: float | None) -> Any:
    """Return the calls for a chart, as JSON: `every` is 2 when every second call is in it."""
    every = -(-len(measurement.native_ms) // _MAX_POINTS)
    waited = disturbed_calls(measurement)[::every]
    return {
        "every": every,
        "ms": [_rounded(value) for value in measurement.native_ms[::every]],
        "disturbed": [index for index, is_disturbed in enumerate(waited) if is_disturbed],
        "limits": [[printable(name), _rounded(limit)] for name, limit in limits],
        "baseline": _rounded(baseline_ms) if baseline_ms is not None else None,
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


class OperationTables:
    """The operations of plans, by columns; texts and combinations that repeat are written once for all plans."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._lists: dict[tuple[str, ...], int] = {}

    def add(self, placement: Placement) -> Any:
        """Return the columns of *placement* as JSON: list of names, kind and cost of each operation."""
        ops = [op for op in placement.ops if op.operator != "const"]
        names = tuple([op.name for op in ops])
        return {
            "names": self._lists.setdefault(names, len(self._lists)),
            "kinds": [self._index(*_KIND(op)) for op in ops],
            "costs": [_cost(op.cost) for op in ops] if any(op.cost is not None for op in ops) else None,
        }

    def get(self) -> Any:
        """Return what the columns refer to, as JSON."""
        kinds = [_encoded_kind(kind, self._text) for kind in self._kinds]
        return {"lists": list(map(_front_coded, self._lists)), "kinds": kinds, "texts": list(self._texts)}

    def _index(self, *kind: Any) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))

    def _text(self, text: str) -> int:
        return self._texts.setdefault(printable(text), len(self._texts))


def _encoded_kind(kind: tuple[Any, ...], text: Callable[[str], int]) -> list[int]:
    preferred, supported, *texts = kind
    devices = sum(1 << index for index, device in enumerate(DEVICES) if device in supported)
    return [DEVICES.index(preferred) if preferred else -1, devices, *(text(each or "") for each in texts)]


def _cost(cost: float | None) -> float | None:
    if cost is None:
        return None
    value = cost * _COST_UNITS
    # As they are shown: three digits, two of those below a hundredth of a percent.
    return round(value) if value >= 10 else float(f"{value:.2g}")


def _front_coded(names: Sequence[str]) -> list[Any]:
    """Return each name as the number of characters that it shares with the one before it, and the rest."""
    before, coded = "", []
    for name in map(printable, names):
        shared = _shared(before, name)
        coded += [shared, name[shared:]]
        before = name
    return coded


def _shared(one: str, other: str) -> int:
    # Halving is several times as fast as a comparison by characters, of which a plan has a hundred thousand.
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def pack(calls: Sequence[Any], placements: Sequence[Placement | None], drawn: Any, max_chars: int) -> str:
    """Return all data as base64 of gzip of JSON: of *placements* the first that fit into *max_chars*.

    *calls*, *placements*: one for each test, None where there is none. *drawn*: what other charts show.
    """
    tables = OperationTables()
    plans = [tables.add(each) if each is not None and not each.unknown else None for each in placements]
    operations = tables.get()
    count = len(plans)
    while True:
        shown = plans[:count]
        names = max((plan["names"] + 1 for plan in shown if plan is not None), default=0)
        shown_operations = {**operations, "lists": operations["lists"][:names]}
        packed = _packed({"calls": calls, "plans": shown, "operations": shown_operations, "drawn": drawn})
        if len(packed) <= max_chars or not count:
            return packed
        # What fits is a share of the tests, since most plans of a project are alike.
        count = min(count - 1, int(count * 0.95 * max_chars / len(packed)))


def _packed(data: Any) -> str:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode()
