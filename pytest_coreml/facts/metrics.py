"""The table of metrics: the name, words, unit, direction, needs and value of everything that a limit can be set on.

A new metric is one row here and one field of `Budget` in `limits.py`. Budgets, failure texts, properties, exports, the
help of the marker and the documentation read the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.measurement import LoadTimes, Measurement

Unit = Literal["ms", "MB", "x", "%", "dB", "nats", "bytes", "yes or no", ""]
Direction = Literal["at most", "at least", "expected"]
# `first prediction`: of a model that was just loaded. `fresh load`: in a process that has loaded nothing before. `first
# load`: compiling, and loading files that were never loaded before.
Need = Literal[
    "prediction",
    "first prediction",
    "sustained",
    "load",
    "fresh load",
    "first load",
    "memory",
    "model",
    "placement",
    "observed",
    "outputs",
]


class Measured(NamedTuple):
    """The measured facts of one configuration; None for those that were not measured."""

    load: LoadTimes | None = None
    """Compile and load times."""
    predict: Measurement | None = None
    """The predictions."""
    size_mb: float | None = None
    """The size of the model's file or package, in 10^6 bytes."""
    memory_mb: float | None = None
    """The growth of the engine's peak memory, in 10^6 bytes."""
    sustained: Measurement | None = None
    """The predictions of a sustained measurement."""


class Metric(NamedTuple):
    """One row of the table."""

    name: str
    """The name of the limit, as the test author writes it."""
    words: str
    """The name in texts."""
    unit: Unit
    """The unit of limit and value; `%` is for shares from 0 to 1."""
    direction: Direction
    """The side of the limit on which a value keeps it."""
    needs: tuple[Need, ...]
    """The measurements that it needs."""
    meaning: str = ""
    """The description in the documentation."""
    value: Callable[[Measured], float | None] | None = None
    """The value among what was measured; None for a metric that is judged by more than one configuration's figures."""
    figure: str = ""
    """The name of the value in exports; empty if it is the name of the limit."""
    digits: int = 3
    """The digits of a value that count in texts."""

    @property
    def exported_as(self) -> str:
        """The name of the value in exports."""
        return self.figure or self.name

    def keeps(self, value: float, limit: float) -> bool:
        """Return True if *value* keeps *limit*; an equal value does."""
        if self.direction == "expected":
            return value == limit
        return value >= limit if self.direction == "at least" else value <= limit

    def timed_in(self, measured: Measured) -> LoadTimes | Measurement | None:
        """Return the times that the value is made of; None for a metric that no clock measures."""
        if "sustained" in self.needs:
            return _last_quarter(measured)
        if "prediction" in self.needs or "first prediction" in self.needs:
            return measured.predict
        return measured.load if "load" in self.needs else None

    @property
    def is_timed(self) -> bool:
        """True if a clock measures it."""
        return not {"prediction", "first prediction", "sustained", "load"}.isdisjoint(self.needs)


def _last_quarter(measured: Measured) -> Measurement | None:
    from pytest_coreml.facts.sustained import last_quarter

    sustained = measured.sustained
    return last_quarter(sustained) if sustained is not None and sum(sustained.wall_ms) > 0 else None


def _sustained_ms(measured: Measured) -> float | None:
    last = _last_quarter(measured)
    return last.median_ms if last is not None else None


def _predicted(
    name: str, words: str, meaning: str, read: Callable[[Measurement], float | None], figure: str = ""
) -> Metric:
    """Return the row of a time of predictions; *read* makes the value from them."""

    def value(measured: Measured) -> float | None:
        return read(measured.predict) if measured.predict is not None and measured.predict.native_ms else None

    return Metric(name, words, "ms", "at most", ("prediction",), meaning, value, figure)


def _loaded(name: str, words: str, meaning: str, read: Callable[[LoadTimes], tuple[float, ...]], *more: Need) -> Metric:
    """Return the row of a time of loading, which is the median of the samples that *read* returns."""

    def value(measured: Measured) -> float | None:
        from statistics import median

        samples = read(measured.load) if measured.load is not None else ()
        return median(samples) if samples else None

    return Metric(name, words, "ms", "at most", ("load", *more), meaning, value)


# What `coreml_budget` takes as one number, in the order of the documentation.
METRICS: Final = (
    _predicted(
        *("predict_ms", "predict median", "median of the native prediction time"),
        lambda predict: predict.median_ms,
        figure="predict_median_ms",
    ),
    _predicted(
        *("predict_p90_ms", "predict p90", "90th percentile of the native prediction time"),
        lambda predict: predict.p90_ms,
    ),
    _predicted(
        *("predict_p95_ms", "predict p95", "95th percentile of the native prediction time"),
        lambda predict: predict.p95_ms,
    ),
    _predicted(
        *("predict_p99_ms", "predict p99", "99th percentile of the native prediction time"),
        lambda predict: predict.quantile_ms(0.99),
    ),
    Metric(
        *("first_predict_ms", "first predict", "ms", "at most", ("first prediction", "load")),
        meaning="native time of the first prediction after loading",
        value=lambda measured: measured.predict.first_ms if measured.predict is not None else None,
    ),
    Metric(
        *("sustained_ms", "sustained predict", "ms", "at most", ("sustained",)),
        meaning="median of the last quarter of a [sustained load](../how-to/sustained-load.md)",
        value=_sustained_ms,
    ),
    _loaded(
        *("load_ms", "load"),
        "load time of a model that was loaded before; on Core ML in a fresh process, as at app launch",
        lambda load: load.loads_ms,
        "fresh load",
    ),
    _loaded(
        *("first_load_ms", "first load", "load time of files that were never loaded before"),
        lambda load: load.first_load_ms,
        "first load",
    ),
    _loaded("compile_ms", "compile", "time to compile the package", lambda load: load.compile_ms, "first load"),
    Metric(
        *("size_mb", "size", "MB", "at most", ("model",), "size of the file or package; 1 MB is 10⁶ bytes"),
        value=lambda measured: measured.size_mb,
    ),
    Metric(
        *("memory_mb", "memory", "MB", "at most", ("memory",)),
        meaning="growth of the engine's peak memory since before loading; 1 MB is 10⁶ bytes",
        value=lambda measured: measured.memory_mb,
    ),
    Metric(
        *("min_fps", "predictions a second", "", "at least", ("prediction",)),
        meaning="predictions per second at the median time",
        value=lambda measured: measured.predict.fps if measured.predict is not None else None,
        figure="fps",
    ),
    Metric(
        *("min_throughput", "throughput in predictions a second", "", "at least", ("prediction",)),
        meaning="predictions that end per second; after `measure(in_flight=4)` those of the predictions in flight",
        value=lambda measured: measured.predict.throughput if measured.predict is not None else None,
        figure="throughput",
    ),
)
# What it takes as a number for each of several compute units.
SPEEDUP: Final = Metric(
    *("min_speedup", "speed-up over", "x", "at least", ("prediction",)),
    meaning='speed-up over other compute units in the same run: `{"cpuOnly": 2.0}` is twice as fast',
)
# What it takes for variants, relative to their original.
RATIOS: Final = (
    Metric(
        *("max_size_ratio", "size relative to the original", "x", "at most", ("model",)),
        meaning="size of a [variant](../how-to/variants.md), divided by the size of its original",
    ),
    Metric(
        *("max_time_ratio", "prediction time relative to the original", "x", "at most", ("prediction",)),
        meaning="prediction time of a variant, divided by that of its original, in interleaved calls",
    ),
)
BUDGET_METRICS: Final = (*METRICS, SPEEDUP, *RATIOS)
# What `coreml_placement` limits.
PLACEMENT_METRICS: Final = (
    Metric("min_share", "planned share on", "%", "at least", ("placement",)),
    Metric("forbid", "operations planned on", "", "at most", ("placement",)),
    Metric("max_transitions", "device transitions", "", "at most", ("placement",)),
    Metric("max_moved", "planned cost that left", "%", "at most", ("placement",)),
    Metric("observed", "observed on", "yes or no", "expected", ("observed",)),
)
# What `coreml_agreement` limits, for each output.
AGREEMENT_METRICS: Final = (
    Metric(
        *("min_psnr", "PSNR of", "dB", "at least", ("outputs",)),
        meaning="peak signal-to-noise ratio",
    ),
    Metric(*("min_snr", "SNR of", "dB", "at least", ("outputs",)), meaning="signal-to-noise ratio"),
    Metric(
        *("min_cosine", "cosine of", "", "at least", ("outputs",)),
        meaning="cosine of the angle between the outputs, -1 to 1",
        digits=6,
    ),
    Metric(
        *("max_abs", "largest difference of", "", "at most", ("outputs",)),
        meaning="largest absolute difference of two elements",
    ),
    Metric(
        *("max_relative_l2", "relative L2 error of", "", "at most", ("outputs",)),
        meaning="norm of the difference, divided by the norm of the reference",
    ),
    Metric(
        *("max_kl", "KL divergence of", "nats", "at most", ("outputs",)),
        meaning="Kullback-Leibler divergence of probabilities, or of the softmax of logits",
    ),
    Metric(
        *("min_top1", "top-1 agreement of", "%", "at least", ("outputs",)),
        meaning="share of decisions that agree",
    ),
)
# What it checks by default, for all outputs together.
HEALTH_METRICS: Final = (
    Metric(*("finite", "values that are not finite", "", "at most", ("outputs",))),
    Metric(*("varying", "outputs of different inputs", "", "at least", ("outputs",))),
    Metric(*("repeatable", "difference between repeated calls", "", "at most", ("outputs",))),
)
# What `coreml_boundary` limits.
BOUNDARY_METRICS: Final = (
    Metric(*("forbid_casts", "avoidable casts at the boundary", "", "at most", ("model",))),
    Metric(*("max_bytes", "crossing the boundary in a call", "bytes", "at most", ("model",))),
)
_BY_NAME: Final = {
    metric.name: metric
    for metric in (*BUDGET_METRICS, *PLACEMENT_METRICS, *AGREEMENT_METRICS, *HEALTH_METRICS, *BOUNDARY_METRICS)
}


def get_metric(name: str) -> Metric:
    """Return the row of *name*; for a name that is not in the table, such as one in a later version's report, a row
    that knows no unit."""
    return _BY_NAME.get(name) or Metric(name, name, "", "at most", ())


class CheckName(NamedTuple):
    """The parts of a check's name, such as `predict_ms`, `min_speedup[cpuOnly]` or `regression[load_ms]`."""

    metric: Metric
    item: str | None
    """The compute units or device that the check is about."""
    against_baseline: bool

    @property
    def needs_baseline(self) -> bool:
        """True if it compares with a baseline, so that a new one would pass."""
        return self.against_baseline or self.metric.name == "max_moved"

    @property
    def is_budget(self) -> bool:
        """True if the limit is one of a `coreml_budget` marker."""
        return not self.against_baseline and self.metric in BUDGET_METRICS


def parse_check(name: str) -> CheckName:
    """Split the name of a check into its parts."""
    stem, _, rest = name.partition("[")
    item = rest.removesuffix("]")
    if stem == "regression":
        return CheckName(get_metric(item), None, against_baseline=True)
    return CheckName(get_metric(stem), item or None, against_baseline=False)
