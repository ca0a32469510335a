"""Numbers as people read them, with their units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.clocks import CLOCK_NAMES
from pytest_coreml.facts.metrics import parse_check

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_coreml.facts.measurement import Thermal

# As of a limit that somebody writes by hand; more would be noise.
_MAX_DIGITS: Final = 8


def number(value: float | None) -> str:
    """Return *value* with three digits that count, more when it is large, two when it is tiny; `-` for None."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    # Six characters, the width of a column.
    return f"{value:.3g}" if size >= 0.01 else f"{value:.2g}"


def count_of(noun: str, count: int) -> str:
    """Return *count* with *noun* in the singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(share: float, signed: bool = False) -> str:
    """Return a share (0..1) or relative change in percent."""
    return f"{share * 100:{'+' if signed else ''}.1f} %"


def thermal_words(thermal: Thermal) -> str:
    """Return the thermal states before and after a measurement, one word if they are the same."""
    return thermal[0] if thermal[0] == thermal[1] else f"{thermal[0]} -> {thermal[1]}"


def check_words(name: str) -> str:
    """Return the name of a check in words, as `speed-up over cpuOnly` for `min_speedup[cpuOnly]`."""
    metric, item, against_baseline = parse_check(name)
    if against_baseline:
        # Tables and budgets have the median of several loads, a comparison the shortest.
        return f"{'shortest ' if metric.unit == 'ms' else ''}{metric.words} against the baseline"
    return f"{metric.words} {item}" if item else metric.words


def check_figure(name: str, value: float | None) -> str:
    """Return a limit or value of the check *name* with its unit; `-` for None."""
    metric = parse_check(name).metric
    unit = metric.unit
    if value is not None and unit == "%":
        return percent(value)
    if value is not None and unit == "yes or no":
        return "yes" if value else "no"
    if value is not None and metric.digits > 3:
        return _beside_one(value, metric.digits)
    return number(value) + (f" {unit}" if unit and value is not None else "")


def _beside_one(value: float, digits: int) -> str:
    """Return *value* with *digits* that count, and with up to eight where it would read as 1 and is not."""
    texts = (f"{value:.{more}g}" for more in range(digits, _MAX_DIGITS + 1))
    return next((text for text in texts if float(text) != 1), "1")


def machine_words(machine: Mapping[str, Any]) -> str:
    """Return the machine in one line: chip, system, coremltools, runtime, and the threads of the runtime,
    or the clock of another tool."""
    system = " ".join(filter(None, (machine["os"]["name"], machine["os"]["version"])))
    runtime = machine["runtime"]
    parts = [
        machine["chip"] or machine.get("product"),
        system,
        f"coremltools {machine['coremltools']}" if machine["coremltools"] else None,
    ]
    if runtime and runtime["name"] != "coreml":
        parts.append(" ".join(filter(None, (f"{runtime['name']} runtime", runtime["version"]))))
    if machine.get("representative") is False:
        parts.append("times not representative")
    if (machine.get("threads") or 1) > 1:
        parts.append(f"{machine['threads']} threads")
    if clock := machine.get("measured_by"):
        parts.append(f"measured by {CLOCK_NAMES.get(clock, clock)}")
    return ", ".join(part for part in parts if part)


def unrepresentative_text(machine: Mapping[str, Any]) -> str | None:
    """Return a sentence on a *machine* whose times are not representative; None for any other."""
    if machine.get("representative") is not False:
        return None
    what = (
        f"a virtual Mac ({machine['model_identifier']})" if machine.get("virtual") else "Python translated by Rosetta"
    )
    return f"measured on {what}: times are not representative; outputs, agreement and sizes are judged as anywhere"
