"""The view of one test on one configuration."""

from __future__ import annotations

import math
import shlex
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.compute_units import DEVICE_NAMES
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES
from pytest_coreml.report.formats.html.call_strip import CallStrip, call_strip
from pytest_coreml.report.formats.html.plan_view import DeviceShare, PlanView, plan_view
from pytest_coreml.report.text.agreement_text import measures
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.changes_text import move_lines
from pytest_coreml.report.text.numbers import check_figure, check_words, number, percent
from pytest_coreml.report.text.observed_text import observed_text
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS
from pytest_coreml.report.text.sustained_text import sustained_words
from pytest_coreml.report.text.table import checks_cell, units_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.record import Record, Standing

# Budgets on the time of one call, which the distribution of calls can show.
_CALL_LIMITS: Final = ("predict_ms", "predict_p90_ms", "predict_p95_ms", "predict_p99_ms")
_MAX_SAMPLES: Final = 12


@dataclass(frozen=True)
class Cell:
    """A number in a table, and what the table is sorted by."""

    text: str = "-"
    value: float | None = None


@dataclass(frozen=True)
class CheckRow:
    """One check or comparison."""

    standing: Standing
    words: str
    """The standing in words."""
    name: str
    limit: str
    value: str
    reason: str
    """The reason with its remedy; empty if the value alone decided."""


@dataclass(frozen=True)
class TestView:
    """One test on one configuration; texts are not escaped."""

    number: int
    id: str
    test: str
    """The test without its compute units."""
    model: str
    units: str
    """The compute units, and what else of the configuration is not the default."""
    record_units: str
    """The compute units alone."""
    machine: str
    """The machine, where there are several."""
    standing: Standing
    order: int
    """The place of the standing, the worst first."""
    words: str
    """The standing in words."""
    cells: dict[str, Cell]
    """The numbers of the table, by column."""
    shares: tuple[DeviceShare, ...]
    checks: tuple[CheckRow, ...]
    strip: CallStrip | None
    limits: tuple[tuple[str, float], ...]
    """Budgets on the time of a call: name and ms."""
    baseline_ms: float | None
    facts: tuple[tuple[str, str], ...]
    """Further facts about the predictions, with their names."""
    sustained: str
    """The sustained load in words; empty without one."""
    loads: tuple[tuple[str, str, str], ...]
    """Compile and load times: name, median and samples."""
    plan: PlanView | None
    observed: tuple[str, ...]
    """The devices that were observed, and why others were not."""
    moved: tuple[str, ...]
    """The operations that have moved to another device since the baseline."""
    agreement: tuple[tuple[str, str], ...]
    scenario: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    problem: str
    again: str
    """The command that runs it again; empty for a test that passed."""


def worst_standing(record: Record) -> Standing:
    """Return the standing of *record* as a whole."""
    counted = checks_cell(record)
    return counted[0][0] if counted else "passed"


def test_view(record: Record, index: int, machine: str, max_rows: int) -> TestView:
    """Return the view of *record*, the test with this *index* on the page, with a plan of at most *max_rows*."""
    predict = record.predict
    limits = tuple(_call_limits(record.checks)) if predict is not None else ()
    baseline = _baseline_ms(record)
    standing = worst_standing(record)
    plan = plan_view(record.placement, max_rows) if record.placement is not None else None
    return TestView(
        number=index,
        id=record.id,
        test=record.test,
        model=record.model_name or (record.model or "")[:12],
        units=units_cell(record),
        record_units=record.compute_units,
        machine=machine,
        standing=standing,
        order=list(STANDINGS).index(standing),
        words=_total_words(record, standing),
        cells=_cells(record),
        shares=plan.shares if plan is not None else (),
        checks=tuple(_checks(record)),
        strip=call_strip(predict, [limit for _, limit in limits], baseline) if predict is not None else None,
        limits=limits,
        baseline_ms=baseline,
        facts=tuple(_facts(predict)) if predict is not None else (),
        sustained=sustained_words(record.sustained) if record.sustained is not None else "",
        loads=tuple(_loads(record.load)) if record.load is not None else (),
        plan=plan,
        observed=tuple(_observed(record)),
        moved=tuple(move_lines(record.moved)),
        agreement=tuple(_agreement(record)),
        scenario=tuple(_scenario(record)),
        notes=tuple(record.notes),
        problem=record.problem or "",
        again=_command(record) if standing != "passed" else "",
    )


def _command(record: Record) -> str:
    """Return the command that runs the test of *record*, started where its id is relative to."""
    file, _, _ = record.id.partition("::")
    if not file.endswith(MODEL_SUFFIXES):
        return f"pytest {shlex.quote(record.id)} --coreml-html"
    return f"pytest {shlex.quote(file)} --coreml-compute-units={record.compute_units} --coreml-html"


def _total_words(record: Record, standing: Standing) -> str:
    if record.outcome == "skipped" and not record.verdicts:
        return "skipped"
    return "passed" if standing == "passed" else STANDINGS[standing].words.lower()


def _cells(record: Record) -> dict[str, Cell]:
    load, run = record.load, record.predict
    return {
        "median": _cell(run.median_ms if run else None),
        "p90": _cell(run.p90_ms if run else None),
        "first_load": _cell(statistics.median(load.first_load_ms) if load and load.first_load_ms else None),
        "load": _cell(statistics.median(load.loads_ms) if load and load.loads_ms else None),
        "size": _cell(record.size_mb),
        "memory": _cell(record.memory_mb),
    }


def _cell(value: float | None) -> Cell:
    return Cell() if value is None else Cell(number(value), float(f"{value:.6g}"))


def _call_limits(checks: Sequence[Check]) -> Iterator[tuple[str, float]]:
    for check in checks:
        metric, _, against_baseline = parse_check(check.check)
        if metric.name in _CALL_LIMITS and not against_baseline and isinstance(check.limit, int | float):
            yield metric.name, float(check.limit)


def _baseline_ms(record: Record) -> float | None:
    found = record.regression
    # Its level is a quantile of calls on the same clock.
    return found.baseline_ms if found is not None and found.against is None else None


def _checks(record: Record) -> Iterator[CheckRow]:
    for check in record.checks:
        standing = record.standing(check.verdict)
        yield CheckRow(
            standing=standing,
            words=STANDINGS[standing].words,
            name=check_words(check.check),
            limit=check_figure(check.check, _number(check.limit)),
            value=check_figure(check.check, _number(check.value)),
            reason=reason_text(check.reason) or "",
        )
    for found in record.regressions:
        standing = record.standing(found.verdict)
        effect = percent(found.effect, signed=True) if found.effect is not None else "-"
        text = comparison_text(found, record.runtime)
        yield CheckRow(standing, STANDINGS[standing].words, "prediction time", "-", effect, text)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _facts(predict: Measurement) -> Iterator[tuple[str, str]]:
    """Yield the facts about the predictions, the metrics first."""
    for name, value in (
        ("median", predict.median_ms),
        ("p10", predict.p10_ms),
        ("p90", predict.p90_ms),
        ("p95", predict.p95_ms),
        ("shortest", predict.min_ms),
        ("first after loading", predict.first_ms),
    ):
        if value is not None:
            yield name, f"{number(value)} ms"
    if predict.median_ms > 0:
        yield "predictions a second", number(predict.fps)
    if predict.items > 1:
        yield "for each prediction of a call", f"{number(predict.item_ms)} ms"
    if predict.in_flight > 1:
        yield "in flight", str(predict.in_flight)
        yield "throughput", f"{number(predict.throughput)} a second" if math.isfinite(predict.throughput) else "-"
    yield "calls", f"{len(predict.native_ms):,} after {predict.warmup} warm-ups"
    yield "undisturbed", _undisturbed(predict)
    if predict.batch > 1:
        yield "each sample", f"the mean of {predict.batch} calls"
    if predict.efficiency_share is not None:
        yield "on efficiency cores", percent(predict.efficiency_share)
    if predict.thermal_changed and predict.thermal is not None:
        yield "thermal state", " → ".join(predict.thermal)


def _undisturbed(predict: Measurement) -> str:
    return "not reported by the system" if predict.wait_ms is None else f"{predict.undisturbed:,} calls"


def _loads(load: LoadTimes) -> Iterator[tuple[str, str, str]]:
    for name, samples in (
        ("compile", load.compile_ms),
        ("first load", load.first_load_ms),
        ("load", load.load_ms),
        ("load in a fresh process", load.fresh_load_ms),
    ):
        if samples:
            listed = ", ".join(number(sample) for sample in samples[:_MAX_SAMPLES])
            more = f" and {len(samples) - _MAX_SAMPLES} more" if len(samples) > _MAX_SAMPLES else ""
            yield name, f"{number(statistics.median(samples))} ms", f"{listed}{more} ms" if len(samples) > 1 else ""


def _observed(record: Record) -> Iterator[str]:
    if record.observed is None:
        return
    yield observed_text(record.observed)
    for device in record.observed.devices:
        if device.reason is not None:
            yield f"{DEVICE_NAMES[device.device]}: {reason_text(device.reason)}"


def _agreement(record: Record) -> Iterator[tuple[str, str]]:
    """Yield each reference with the measures of an output, and what is unhealthy."""
    for agreement in record.agreement:
        inputs = f"{agreement.inputs} input{'' if agreement.inputs == 1 else 's'}"
        for output in agreement.outputs:
            yield f"with {agreement.reference}, {inputs}", ", ".join(measures(output))
    for health in record.health:
        if health.non_finite:
            yield f"output {health.output}", f"{health.non_finite:,} elements are not finite"
        if health.varies is False:
            yield f"output {health.output}", "does not vary with the inputs"
        if health.repeat_difference:
            yield f"output {health.output}", f"differs by {number(health.repeat_difference)} when a call is repeated"


def _scenario(record: Record) -> Iterator[tuple[str, ...]]:
    for scenario in record.scenarios:
        for part in scenario.models:
            cells = (number(part.predictions), f"{number(part.native_ms)} ms", percent(part.share))
            yield f"{part.model} on {part.compute_units}", *cells
        yield "between predictions", "-", f"{number(scenario.between_ms)} ms", "-"
