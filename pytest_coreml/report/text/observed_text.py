"""The observed devices in words: in a failure, in the summary, and with `-v` each counter with its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.facts.compute_units import DEVICE_NAMES
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.layout import filled, wrapped
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.observed import Counter, DeviceObserved, Observed
    from pytest_coreml.verdict.record import Record

_STATUS: Final = {"observed": "active", "not_observed": "no activity", "unavailable": "unavailable"}


def observed_text(observed: Observed) -> str:
    """Return the result for each device, as `Neural Engine active, GPU no activity`."""
    return ", ".join(map(_device, observed.devices))


def _device(found: DeviceObserved) -> str:
    by_any = " (by any process)" if found.scope == "system" else ""
    return f"{DEVICE_NAMES[found.device]} {_STATUS[found.status]}{by_any}"


def observed_lines(records: Sequence[Record], width: int, verbose: bool = False) -> Iterator[str]:
    """Return a line for each model and compute units that was observed, and if *verbose* a line a counter."""
    observed = {f"{each.model_name} on {each.compute_units}": each.observed for each in records if each.observed}
    for title, found in observed.items():
        yield from wrapped(f"observed on {printable(title)}: {observed_text(found)}", "", width)
        if verbose:
            yield from _details(found, width)
    if observed:
        yield ""


def _details(observed: Observed, width: int) -> Iterator[str]:
    for counter in observed.counters:
        yield from filled([printable(counter.name), *_values(counter)], "  ", width)
    for device in observed.devices:
        if device.reason is not None:
            yield from wrapped(f"{DEVICE_NAMES[device.device]}: {reason_text(device.reason)}", "  ", width)


def _values(counter: Counter) -> Iterator[str]:
    for name in ("idle", "control", "section"):
        value: float | None = getattr(counter, name)
        yield f"{name} {number(value)}" + (f" {counter.unit}" if value is not None else "")
