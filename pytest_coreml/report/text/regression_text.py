"""A verdict against the baseline in words: effect, how sure it is, and for what cannot be told its cause and cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.text.numbers import number, percent

if TYPE_CHECKING:
    from pytest_coreml.verdict.regression.prediction_time import Regression

# A gate that misses more than this should not look like one that does not.
_COARSE = 0.10


def comparison_text(regression: Regression, place: str | None = None) -> str:
    """Say with what was compared, at which *place* where the reader does not know, and the verdict."""
    other = "the baseline" if regression.against is None else "the other version"
    return ": ".join(filter(None, (f"against {other}", place, regression_text(regression))))


def regression_text(regression: Regression) -> str:
    """Say the verdict in one line."""
    if regression.verdict == "passed":
        return f"{_figures(regression)}: ok{_blind(regression)}"
    if regression.verdict == "failed":
        return f"{_figures(regression)}: REGRESSED{_manner(regression)}"
    if regression.verdict == "not_judged":
        return regression.reason or ""
    return f"CANNOT TELL: {_cause_and_cure(regression)}"


def _figures(regression: Regression) -> str:
    if regression.against is not None:
        return (
            f"{number(regression.current_ms)} ms vs {number(regression.baseline_ms)} ms of {regression.against}, "
            f"{percent(regression.effect or 0.0, signed=True)} "
            f"({percent(regression.least_effect or 0.0, signed=True)} at least), {regression.calls} alternating pairs"
        )
    times = f"{number(regression.current_ms)} ms vs {number(regression.baseline_ms)} ms, "
    return (
        f"{times if regression.current_ms is not None else ''}"
        f"{percent(regression.effect or 0.0, signed=True)} "
        f"({percent(regression.least_effect or 0.0, signed=True)} at least), "
        f"{_calls(regression)}, {_runs(regression)}"
    )


def _calls(regression: Regression) -> str:
    if regression.undisturbed is None:
        return f"{regression.calls} calls, disturbance unknown"
    return f"{regression.undisturbed} of {regression.calls} calls undisturbed"


def _runs(regression: Regression) -> str:
    return f"{regression.runs} baseline run{'' if regression.runs == 1 else 's'}"


def _manner(regression: Regression) -> str:
    tail = ""
    if regression.reason == "slower in the tail" and regression.tail is not None:
        usual = percent(regression.baseline_tail or 0.0)
        tail = f" in the tail, {percent(regression.tail)} of calls take 1.5 x the median, usual {usual}"
    if regression.processes == 1:
        return f"{tail}, in one process"
    return f"{tail}, confirmed in {regression.processes} processes"


def _blind(regression: Regression) -> str:
    if regression.sensitivity is None or regression.sensitivity <= _COARSE:
        return ""
    return f", though only a slowdown of {percent(regression.sensitivity)} would have failed"


def _cause_and_cure(regression: Regression) -> str:
    reason = regression.reason or ""
    words = {
        "current run disturbed": _disturbed(regression),
        "baseline disturbed": (
            f"none of the {regression.baseline_runs} baseline runs has enough undisturbed calls in a steady thermal "
            "state; record the baseline again on a free machine"
        ),
        "thermal state changed": (
            "the machine became warmer or cooler while it was measured; let it cool down and run again"
        ),
        "too few calls": f"{regression.calls} calls are too few; measure at least 30, better 100 (--coreml-calls)",
        "times are not positive": "the times are shorter than the clock can tell",
        "too few pairs": f"{regression.calls} pairs are too few; measure at least 20, better 100 (--coreml-calls)",
        "too noisy": f"{_figures(regression)}: the pairs differ too much; measure more (--coreml-calls)"
        if regression.against is not None
        else (
            f"slower by {percent(regression.effect or 0.0)}, of which {percent(regression.margin or 0.0)} may be luck"
            f"{_unevenness(regression)}; record more baseline runs (have {regression.runs})"
        ),
        "tail too noisy": "too few calls take far longer than usual to be sure; measure more (--coreml-calls)",
        "needs a second process": (
            f"slower by {percent(regression.effect or 0.0)} in one process only; give another current run"
        ),
        "machine state not measured": (
            f"slower by {percent(regression.effect or 0.0)}, yet nothing here tells what else the machine did; run "
            "both versions alternately (--coreml-against), or take it for idle (--coreml-unmeasured=fail, or "
            "--unmeasured=fail of pytest-coreml compare)"
        ),
    }
    if reason.startswith("not the same machine"):
        return f"{reason}; record a baseline on this kind of machine"
    return words.get(reason, reason)


def _unevenness(regression: Regression) -> str:
    if regression.runs < 2:
        return ""
    return f", as baseline runs differ by {percent(regression.spread or 0.0)} among themselves"


def _disturbed(regression: Regression) -> str:
    held = regression.calls - (regression.undisturbed or 0)
    often = f" (median {percent(regression.disturbance)} of a call)" if regression.disturbance is not None else ""
    return (
        f"other processes held the CPU during {held} of {regression.calls} calls{often}; "
        "free the machine, or pin threads below the core count, and run again"
    )
