"""A comparison in words: its effect, the uncertainty, and the reason and remedy if it decided nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.reason import Cause, Disturbance, Noise, Reason
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.numbers import number, percent
from pytest_coreml.verdict.regression.baseline_quality import COARSE

if TYPE_CHECKING:
    from pytest_coreml.facts.runtime import Runtime
    from pytest_coreml.verdict.regression.prediction_time import Regression


def comparison_text(regression: Regression, runtime: Runtime, place: str | None = None) -> str:
    """Return what was compared, at *place* if given, the clock if it is not Core ML's, and the verdict."""
    other = "the baseline" if regression.against is None else "the other version"
    if runtime == "reference" and regression.against is not None and regression.effect is not None:
        other = f"{other}, by the clock of the reference runtime"
    return ": ".join(filter(None, (f"against {other}", place, regression_text(regression))))


def regression_text(regression: Regression) -> str:
    """Return the verdict in one line."""
    if regression.verdict == "passed":
        return f"{_figures(regression)}: ok{_blind(regression)}"
    if regression.cause is Cause.TEST_FAILED:
        return f"FAILED: {reason_text(regression.reason)}"
    if regression.verdict == "failed":
        return f"{_figures(regression)}: REGRESSED{_manner(regression)}"
    if regression.verdict == "not_judged":
        return reason_text(regression.reason) or ""
    return f"CANNOT TELL: {_reason(regression)}"


def _figures(regression: Regression) -> str:
    if regression.against is not None:
        return (
            f"median {number(regression.current_ms)} ms vs {number(regression.baseline_ms)} ms of "
            f"{regression.against}, {percent(regression.effect or 0.0, signed=True)} "
            f"(99 % lower bound {percent(regression.least_effect or 0.0, signed=True)}), "
            f"{regression.calls} interleaved pairs"
        )
    # The statistic of the comparison, which is lower than the median in the table.
    times = f"p10 {number(regression.current_ms)} ms vs {number(regression.baseline_ms)} ms, "
    return (
        f"{times if regression.current_ms is not None else ''}"
        f"{percent(regression.effect or 0.0, signed=True)} "
        f"(99 % lower bound {percent(regression.least_effect or 0.0, signed=True)}), "
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
    if regression.cause is Cause.SLOWER_IN_TAIL and regression.tail is not None:
        usual = percent(regression.baseline_tail or 0.0)
        tail = f" in the tail, {percent(regression.tail)} of calls take 1.5 x the median, usual {usual}"
    if regression.processes == 1:
        return f"{tail}, in one process"
    return f"{tail}, confirmed in {regression.processes} processes"


def _blind(regression: Regression) -> str:
    if regression.sensitivity is None or regression.sensitivity <= COARSE:
        return ""
    return f", but only a slowdown of {percent(regression.sensitivity)} would have failed"


def _reason(regression: Regression) -> str:
    cause = regression.cause
    if cause is None or isinstance(regression.reason, Reason):
        return reason_text(regression.reason) or ""
    text = reason_text(Reason(cause, _details(regression, cause))) or ""
    is_noisy_pair = cause is Cause.TOO_NOISY and regression.against is not None
    return f"{_figures(regression)}: {text}" if is_noisy_pair else text


def _details(regression: Regression, cause: Cause) -> Any:
    """Return the data of the sentence of *cause*, which a comparison contains in its fields."""
    if cause is Cause.RUN_DISTURBED:
        return Disturbance(regression.calls, regression.undisturbed or 0, regression.disturbance)
    if cause is Cause.TOO_NOISY and regression.against is None:
        return Noise(regression.runs, regression.effect or 0.0, regression.margin, regression.spread)
    return {
        Cause.TOO_FEW_CALLS: regression.calls,
        Cause.TOO_FEW_PAIRS: regression.calls,
        Cause.ONE_PROCESS: regression.effect,
        Cause.CONDITIONS_UNKNOWN: regression.effect,
    }.get(cause)
