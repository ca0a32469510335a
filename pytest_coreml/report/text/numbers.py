"""Numbers as people read them, with their units."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The words for a check, by its name up to the bracket.
_CHECK_WORDS = {
    "predict_ms": "predict median",
    "predict_p90_ms": "predict p90",
    "predict_p95_ms": "predict p95",
    "first_predict_ms": "first predict",
    "load_ms": "load",
    "first_load_ms": "first load",
    "compile_ms": "compile",
    "size_mb": "size",
    "memory_mb": "memory",
    "min_fps": "predictions a second",
    "min_speedup": "speed-up over",
    "min_share": "planned share on",
    "forbid": "operations planned on",
    "max_transitions": "device transitions",
}


def number(value: float | None) -> str:
    """Write *value* with three digits that count, more when it is large, two when it is tiny; `-` for None."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    # Six characters, the width of a column.
    return f"{value:.3g}" if size >= 0.01 else f"{value:.2g}"


def percent(share: float, signed: bool = False) -> str:
    """Write a share (0..1) or relative change in percent."""
    return f"{share * 100:{'+' if signed else ''}.1f} %"


def check_words(name: str) -> str:
    """Say the name of a check in words, as `speed-up over cpuOnly` for `min_speedup[cpuOnly]`."""
    stem, _, of = name.rstrip("]").partition("[")
    if stem == "regression":
        return f"{check_words(of)} against the baseline"
    words = _CHECK_WORDS.get(stem, stem)
    return f"{words} {of}" if of else words


def check_figure(name: str, value: float | None) -> str:
    """Write a limit or value of the check *name* with its unit."""
    stem, _, of = name.rstrip("]").partition("[")
    if stem == "regression":
        return check_figure(of, value)
    if value is not None and stem == "min_share":
        return percent(value)
    unit = {"ms": " ms", "mb": " MB"}.get(stem.rsplit("_", 1)[-1], " x" if stem == "min_speedup" else "")
    return number(value) + unit if value is not None else "-"


def machine_words(machine: Mapping[str, Any]) -> str:
    """Say in a line what measured: chip, system, runtime, coremltools."""
    system = " ".join(filter(None, (machine["os"]["name"], machine["os"]["version"])))
    runtime = machine["runtime"]
    parts = [machine["chip"], system, f"coremltools {machine['coremltools']}" if machine["coremltools"] else None]
    if runtime and runtime["name"] != "coreml":
        parts.append(" ".join(filter(None, (f"{runtime['name']} runtime", runtime["version"]))))
    return ", ".join(part for part in parts if part)


def printable(text: str) -> str:
    """Write control characters as escapes: names in a report must not steer a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
