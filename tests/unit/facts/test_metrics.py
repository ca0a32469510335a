"""The table of metrics is complete, and its rows read what their names say."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from report_examples import RECORD

from pytest_coreml.facts.limits import Budget, PlacementRule
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.metrics import (
    BUDGET_METRICS,
    METRICS,
    PLACEMENT_METRICS,
    Measured,
    get_metric,
    parse_check,
)
from pytest_coreml.report.formats import junit

HUNDRED = tuple(float(ms) for ms in range(101))
MEASURED = Measured(
    LoadTimes(compile_ms=(7.0,), first_load_ms=(8.0,), load_ms=(5.0,), fresh_load_ms=(9.0, 11.0)),
    Measurement(HUNDRED, HUNDRED, None, warmup=0, first_ms=300.0),
    size_mb=12.0,
    memory_mb=48.0,
    sustained=Measurement((1.0,) * 9 + (3.0,), (3.0,) * 10, None, warmup=0, seconds=1.0),
)


def test_each_limit_of_a_budget_has_a_row_and_each_row_a_limit() -> None:
    """A metric without a field could not be limited; a field without a row would not be judged."""
    limits = [field.name for field in fields(Budget) if field.name not in ("scenario", "compute_units")]

    assert sorted(limits) == sorted(metric.name for metric in BUDGET_METRICS)


def test_each_limit_of_a_placement_rule_has_a_row() -> None:
    """The other fields say which operations count."""
    limits = {field.name for field in fields(PlacementRule)} - {"by", "allow", "compute_units"}

    assert limits == {metric.name for metric in PLACEMENT_METRICS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("predict_ms", 50.0),
        ("predict_p90_ms", 90.0),
        ("predict_p95_ms", 95.0),
        ("predict_p99_ms", 99.0),
        ("first_predict_ms", 300.0),
        ("sustained_ms", 1.0),
        ("load_ms", 10.0),
        ("first_load_ms", 8.0),
        ("compile_ms", 7.0),
        ("size_mb", 12.0),
        ("memory_mb", 48.0),
        ("min_fps", 20.0),
    ],
)
def test_each_metric_reads_its_own_figure(name: str, value: float) -> None:
    """The quantiles of 0 to 100 ms are known without arithmetic."""
    read = get_metric(name).value

    assert read is not None
    assert read(MEASURED) == pytest.approx(value)
    assert read(Measured()) is None


@pytest.mark.parametrize("metric", [*BUDGET_METRICS, *PLACEMENT_METRICS], ids=lambda metric: metric.name)
def test_a_name_says_unit_and_direction_as_its_row_does(metric) -> None:
    """The user reads the unit off the name, which the program never does."""
    units = {"ms": "ms", "mb": "MB", "speedup": "x", "ratio": "x", "share": "%", "moved": "%", "observed": "yes or no"}

    assert metric.unit == units.get(metric.name.rpartition("_")[2], "")
    assert (metric.direction == "at least") == metric.name.startswith("min_")


def test_each_metric_that_was_measured_is_a_property() -> None:
    """The names are promised to readers of JUnit files; the size is a fact about the model."""
    record = replace(RECORD, predict=MEASURED.predict, load=MEASURED.load, memory_mb=MEASURED.memory_mb)
    record.sustained = MEASURED.sustained
    names = {name for name, _ in junit.properties(record)}

    assert {"predict_median_ms", "predict_p90_ms", "compile_ms", "first_load_ms", "load_ms", "memory_mb"} <= names
    assert names >= {metric.exported_as for metric in METRICS} - {"size_mb"}


@pytest.mark.parametrize(
    ("name", "metric", "item", "against_baseline"),
    [
        ("predict_ms", "predict_ms", None, False),
        ("min_speedup[cpuOnly]", "min_speedup", "cpuOnly", False),
        ("regression[load_ms]", "load_ms", None, True),
        ("of_tomorrow[x]", "of_tomorrow", "x", False),
    ],
)
def test_the_parts_of_a_checks_name(name: str, metric: str, item: str | None, against_baseline: bool) -> None:
    """A name that is not in the table is kept as it is."""
    parsed = parse_check(name)

    assert (parsed.metric.name, parsed.item, parsed.against_baseline) == (metric, item, against_baseline)


def test_metrics_are_described() -> None:
    """The documentation's table has a sentence for each."""
    assert all(metric.meaning for metric in BUDGET_METRICS)
