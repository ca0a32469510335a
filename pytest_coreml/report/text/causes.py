"""The reasons for verdicts in words: the sentence and the remedy of each cause, once each."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Union

from pytest_coreml.facts.compute_units import DEVICE_NAMES
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.report.text.boundary_text import caches_text, casts_remedy, casts_text
from pytest_coreml.report.text.numbers import check_figure, check_words, count_of, number, percent, thermal_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_coreml.facts.agreement import NonFinite
    from pytest_coreml.facts.placement import Operation
    from pytest_coreml.facts.reason import (
        BadElement,
        DeviceOfUnits,
        DeviceShare,
        Disturbance,
        FastLoad,
        MemoryGrowth,
        MissingModel,
        Noise,
        PlannedOperations,
        Slowdown,
        UnfitUnits,
        UnitsApart,
        UnusableRuns,
        WorstInput,
    )
    from pytest_coreml.facts.uniform_output import UniformOutput

# Up to so many operations are named; the rest is counted.
_MAX_NAMED: Final = 5
_RUNTIME_OPTION: Final = "--coreml-runtime=coreml {} it anyway"
_ASSUME_IDLE: Final = "--coreml-unmeasured=fail, or --unmeasured=fail of pytest-coreml compare"


def reason_text(reason: Reason | str | None) -> str | None:
    """Return the sentence of *reason* with its remedy; None if there is no reason."""
    if reason is None or (isinstance(reason, str) and not isinstance(reason, Cause)):
        return reason
    if isinstance(reason, Cause):
        reason = Reason(reason)
    if reason.text is not None:
        return reason.text
    words = _WORDS[reason.cause]
    sentence = words.sentence if isinstance(words.sentence, str) else words.sentence(reason.details)
    remedy = words.remedy if isinstance(words.remedy, str | None) else words.remedy(reason.details)
    parts = (sentence, remedy, *map(reason_text, reason.more))
    return "; ".join(part for part in parts if part)


def tally(ops: Iterable[Operation]) -> str:
    """Return how often each operator occurs, the most frequent first, as `3 x gather, 1 x cast`."""
    return ", ".join(f"{count} x {operator}" for operator, count in Counter(op.operator for op in ops).most_common())


def _disturbed(calls: Disturbance | None) -> str:
    if calls is None:
        return "other processes held the CPU while it was measured"
    share = f" (median {percent(calls.share)} of a call)" if calls.share is not None else ""
    return f"other processes held the CPU during {calls.calls - calls.undisturbed} of {calls.calls} calls{share}"


def _thermal(change: tuple[str, str] | None) -> str:
    states = f" from {change[0]} to {change[1]}" if change is not None else ""
    return f"the thermal state of the machine changed{states} while it was measured"


def _slows_down(found: Slowdown) -> str:
    change = percent(found.last_ms / found.first_ms - 1, signed=True)
    states = f"; thermal state {thermal_words(found.thermal)}" if found.thermal is not None else ""
    return (
        f"slower under sustained load: {number(found.last_ms)} ms in the last quarter, {number(found.first_ms)} ms in "
        f"the first ({change}){states}"
    )


def _load_too_fast(found: FastLoad) -> str:
    return (
        f"loaded in {number(found.load_ms)} ms, though the plan has {percent(found.share)} on the Neural Engine, whose "
        f"loads take {number(found.min_ms)} ms and more: it may have fallen back to the CPU without an error"
    )


def _uniform_output(found: UniformOutput) -> str:
    return f"output {found.output!r} is {number(found.value)} in all of its {count_of('element', found.elements)}"


def _memory_grows(found: MemoryGrowth) -> str:
    return (
        f"memory grew by {count_of('byte', round(found.bytes_per_call))} a call, "
        f"{number(found.total_bytes / 1e6)} MB in {count_of('call', found.calls)}"
    )


def _noisy(noise: Noise | None) -> str:
    if noise is None:
        return "the pairs differ too much"
    if noise.effect is None:
        return "higher than usual, but within the usual difference between runs"
    spread = f", as baseline runs differ by {percent(noise.spread or 0.0)}" if noise.runs > 1 else ""
    return f"slower by {percent(noise.effect)}, with an uncertainty of {percent(noise.margin or 0.0)}{spread}"


def _quieter(noise: Noise | None) -> str:
    return "measure more (--coreml-calls)" if noise is None else f"record more baseline runs (have {noise.runs})"


def _slower_by(effect: float | None) -> str:
    return f"slower by {percent(effect)}, but " if effect is not None else ""


def _names(ops: Sequence[Operation]) -> str:
    names = ", ".join(f"{op.name} ({op.operator})" for op in ops[:_MAX_NAMED])
    return f"{names} and {len(ops) - _MAX_NAMED} more" if len(ops) > _MAX_NAMED else names


def _planned_on(found: PlannedOperations) -> str:
    return f"planned on {found.device}: {tally(found.ops)}"


def _planned_elsewhere(found: PlannedOperations) -> str:
    return f"planned elsewhere: {tally(found.ops)}"


def _device_unknown(found: PlannedOperations) -> str:
    return f"the plan names {found.device}, which this version does not know, for {_names(found.ops)}"


def _counters(names: Sequence[str]) -> str:
    named = ", ".join(names[:_MAX_NAMED])
    return f"{named} and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else named


def _unreadable(notes: Sequence[str] | None) -> str:
    return f"no counter of it can be read here: {'; '.join(notes)}" if notes else "no counter of it can be read here"


def _planned_and_observed(found: DeviceShare, activity: str) -> str:
    name = DEVICE_NAMES[found.device]
    planned = f"planned {percent(found.share)} {name}, " if found.share is not None else ""
    return f"{planned}observed: {activity}"


def _forbids(found: DeviceOfUnits) -> str:
    return f"{found.units} does not permit {found.device}"


def _unfit(found: UnfitUnits) -> str:
    return f"{found.units} on a virtual Mac ({found.model_identifier}): it has no Neural Engine, and a simulated GPU"


def _missing(found: MissingModel) -> str:
    return f"there is no {found.name} in {found.where} to compare with"


def _outputs_differ(worst: WorstInput) -> str:
    if worst.inputs == 1:
        return f"against {worst.reference}"
    return f"against {worst.reference}, at worst for input {worst.input} of 0-{worst.inputs - 1}"


def _place(place: NonFinite) -> str:
    index = f" at index {list(place.index)}" if place.index else ""
    return f"is {place.value}{index} for input {place.input}"


def _not_finite(bad: BadElement) -> str:
    return f"output {bad.output!r} {_place(bad.place)}"


def _reference_not_finite(found: tuple[str, NonFinite]) -> str:
    return f"the reference, {found[0]}, {_place(found[1])}"


def _constant(found: tuple[str, int]) -> str:
    return f"output {found[0]!r} is the same for {found[1]} different inputs"


def _odd_one_out(apart: UnitsApart) -> str:
    majority, *odd = apart.groups
    names = " and ".join(units for group in odd for units in group)
    verb = "disagrees" if sum(map(len, odd)) == 1 else "disagree"
    these = {2: "these two agree"}.get(len(majority), f"these {len(majority)} agree")
    figures = f" ({_figure(apart, apart.between)})"
    return f"{names} {verb} with {' and '.join(majority)}{figures}; {these} ({_figure(apart, apart.within)})"


def _no_majority(apart: UnitsApart) -> str:
    names = ", ".join(" with ".join(group) for group in apart.groups)
    return f"the compute units disagree, without a majority: {names} ({_figure(apart, apart.between)} at best)"


def _figure(apart: UnitsApart, value: float | None) -> str:
    if value is None:
        return "not comparable"
    if value == math.inf:
        return "identical"
    return f"{check_words(apart.limit).removesuffix(' of')} {check_figure(apart.limit, value)}"


# Of baseline runs: what keeps one from being usable, and what a new one needs.
_UNUSABLE: Final = {
    Cause.RUN_DISTURBED: ("disturbed by other processes", "on an idle machine"),
    Cause.THERMAL_CHANGE: ("measured while the thermal state changed", "after the machine has cooled down"),
    Cause.LOADED_BESIDE_OTHERS: ("with loads concurrent to those of other processes", "without -n"),
    Cause.TOO_FEW_CALLS: ("of fewer than 10 calls", "with --coreml-calls=100"),
    Cause.NOT_POSITIVE: ("with times shorter than the clock can resolve", "with a larger batch"),
}


def _no_usable_run(found: UnusableRuns) -> str:
    counts = Counter(found.causes).most_common()
    if len(found.causes) == 1:
        return f"the only baseline run is not usable: {_UNUSABLE[found.causes[0]][0]}"
    why = ", ".join(f"{count} {_UNUSABLE[cause][0]}" for cause, count in counts)
    return f"none of the {len(found.causes)} baseline runs is usable: {why}"


def _record_again(found: UnusableRuns) -> str:
    needs = [_UNUSABLE[cause][1] for cause, _ in Counter(found.causes).most_common()]
    return f"record a baseline {' and '.join(needs)}"


_Text = Union[str, "Callable[[Any], str]"]


class _Words(NamedTuple):
    """The words for a cause; a function makes it from the details."""

    sentence: _Text
    remedy: _Text | None = None


_WORDS: Final[dict[Cause, _Words]] = {
    Cause.NOTHING_MEASURED: _Words("nothing was measured"),
    Cause.PARTNER_NOT_SELECTED: _Words(
        lambda units: f"{units} was not run in this run",
        lambda units: f"run the whole test, which also runs on {units}",
    ),
    Cause.PARTNER_NOT_MEASURED: _Words(
        lambda units: f"{units} was not measured in this run",
        lambda units: f"add {units!r} to this test's coreml_compute_units marker",
    ),
    Cause.NO_VARIANT: _Words(
        "the model is not a variant of another one", "name variants with coreml_variants or --coreml-variants"
    ),
    Cause.RUN_DISTURBED: _Words(_disturbed, "close other programs, or use fewer threads than cores, and run again"),
    Cause.THERMAL_CHANGE: _Words(_thermal, "let the machine cool down, and run again"),
    Cause.EFFICIENCY_CORES: _Words(
        lambda share: f"{percent(share) if share else 'much'} of the CPU time was on efficiency cores",
        "close other programs, run in the foreground on mains power, and run again",
    ),
    Cause.LOAD_TOO_FAST: _Words(_load_too_fast, "compare its time and outputs with those on cpuOnly"),
    Cause.UNIFORM_OUTPUT: _Words(_uniform_output, "compare with a reference by coreml_agreement"),
    Cause.SLOWS_DOWN: _Words(_slows_down),
    Cause.MEMORY_GROWS: _Words(_memory_grows, "memory_mb= limits it"),
    Cause.LOADED_BESIDE_OTHERS: _Words(
        "other processes, such as workers of pytest-xdist, may have loaded models concurrently",
        "measure without -n, or compare by pytest --coreml-baseline",
    ),
    Cause.CONDITIONS_UNKNOWN: _Words(
        lambda effect: f"{_slower_by(effect)}this platform does not report CPU contention",
        f"compare both versions with --coreml-against, or assume an idle machine ({_ASSUME_IDLE})",
    ),
    Cause.OTHER_VERSION: _Words(
        lambda differences: f"measured with another version of the model: {'; '.join(differences)}",
        "measure this version on the device, and replace the report",
    ),
    Cause.OTHER_UNITS: _Words(
        lambda found: f"the report was measured on {found[0]}, and this test is for {found[1]}",
        "measure these compute units on the device too",
    ),
    Cause.PLAN_INCOMPLETE: _Words(
        lambda counts: f"the report lists {counts[0]} of the model's {counts[1]} operations",
        "measure and export again",
    ),
    Cause.FOREIGN_CLOCK: _Words(
        lambda what: f"the reference runtime ran the model, and this {what or 'budget'} is about Core ML's time",
        "--coreml-runtime=reference judges the reference runtime's time",
    ),
    Cause.ROSETTA: _Words(
        "Python runs translated by Rosetta", f"use a Python for arm64; {_RUNTIME_OPTION.format('judges')}"
    ),
    Cause.VIRTUAL_MAC: _Words(
        lambda identifier: (
            f"a virtual Mac ({identifier}) shares its processor, so its times are not representative of real Macs"
        ),
        _RUNTIME_OPTION.format("judges"),
    ),
    Cause.UNFIT_UNITS: _Words(_unfit, f"run on a real Mac, or use cpuOnly; {_RUNTIME_OPTION.format('runs')}"),
    Cause.NO_CORE_ML: _Words(
        "devices are observed on a Mac only, and the reference runtime ran the model", "run the test on a Mac"
    ),
    Cause.NOTHING_OBSERVED: _Words("no counters were read"),
    Cause.COUNTERS_UNREADABLE: _Words(_unreadable),
    Cause.COUNTERS_UNCLEAR: _Words(
        lambda names: f"moved, but less than ten times as much as without the model: {_counters(names)}",
        "close other programs, and run again",
    ),
    Cause.COUNTERS_CONTRADICT: _Words(lambda names: f"some counters moved, and others did not: {_counters(names)}"),
    Cause.NEVER_MOVED: _Words(
        lambda names: f"nothing in this run moved {_counters(names)}, which may not work on this machine"
    ),
    Cause.BY_ANY_PROCESS: _Words("by a counter of the whole machine, which other processes move too"),
    Cause.OBSERVED_ACTIVE: _Words(lambda found: _planned_and_observed(found, "active")),
    Cause.OBSERVED_INACTIVE: _Words(lambda found: _planned_and_observed(found, "no activity")),
    Cause.NO_DEVICE: _Words(lambda device: f"this machine has no {device}, so nothing could be planned on it"),
    Cause.NO_PLAN_READ: _Words("unknown placement: no compute plan was read"),
    Cause.UNKNOWN_PLACEMENT: _Words(lambda why: f"unknown placement: {why}"),
    Cause.ALL_LEFT_OUT: _Words(
        "unknown placement: every operation with a planned device is one that 'allow' leaves out"
    ),
    Cause.PLANNED_ON: _Words(_planned_on),
    Cause.PLANNED_ELSEWHERE: _Words(_planned_elsewhere),
    Cause.HOLDS_BY_CONFIGURATION: _Words(lambda found: f"holds by configuration: {_forbids(found)}"),
    Cause.UNITS_FORBID_DEVICE: _Words(_forbids),
    Cause.NO_COST: _Words(str, "by='ops' judges the number of operations"),
    Cause.COUNTED_BY_OPERATIONS: _Words(lambda why: f"by number of operations, since {why}"),
    Cause.DEVICE_OPEN: _Words(lambda found: f"the plan names no device for {_names(found.ops)}"),
    Cause.DEVICE_UNKNOWN: _Words(_device_unknown),
    Cause.COST_OPEN: _Words(lambda found: f"the plan gives no cost for {_names(found.ops)}"),
    Cause.OPEN_OPERATIONS_MATTER: _Words("leave them out with allow=, if they do not matter"),
    Cause.OUTPUTS_DIFFER: _Words(_outputs_differ),
    Cause.NOT_FINITE: _Words(_not_finite),
    Cause.REFERENCE_NOT_FINITE: _Words(_reference_not_finite, "compare with another reference"),
    Cause.CONSTANT_OUTPUT: _Words(_constant, "varying=False accepts it"),
    Cause.NOT_REPEATABLE: _Words(
        lambda output: f"output {output!r} differs when the same input is predicted again",
        "repeatable=False accepts it",
    ),
    Cause.ONE_INPUT: _Words("one input cannot show whether outputs vary", "pass several with inputs="),
    Cause.ODD_ONE_OUT: _Words(_odd_one_out),
    Cause.NO_MAJORITY: _Words(_no_majority),
    Cause.ONE_CONFIGURATION: _Words(
        "this run has one configuration only", "run on several compute units, or name a reference="
    ),
    Cause.ONE_RUNTIME: _Words(
        "the reference runtime computes the same on all compute units",
        "run on a Mac, or compare with stored outputs, another model or a callable",
    ),
    Cause.NO_REFERENCE: _Words(str),
    Cause.CASTS_AT_BOUNDARY: _Words(casts_text, casts_remedy),
    Cause.UNAVOIDABLE_CASTS: _Words(
        lambda found: f"not counting conversions that no declared type removes: {casts_text(found)}"
    ),
    Cause.BOUNDARY_UNKNOWN: _Words(lambda why: why or "the inputs and outputs are unknown"),
    Cause.SIZE_UNKNOWN: _Words(lambda names: f"the size of {', '.join(names) or 'its inputs and outputs'} is unknown"),
    Cause.CACHES_CROSS: _Words(caches_text),
    Cause.SLOWER: _Words("slower"),
    Cause.SLOWER_IN_TAIL: _Words("slower in the tail"),
    Cause.HIGHER: _Words(lambda runs: f"against {count_of('baseline run', runs)}"),
    Cause.MORE_BYTES: _Words(lambda more: f"{count_of('byte', more)} more"),
    Cause.LAST_PROCESS: _Words(lambda processes: f"the value is of the last of {processes} processes"),
    Cause.BASELINE_DISTURBED: _Words(_no_usable_run, _record_again),
    Cause.TOO_FEW_CALLS: _Words(
        lambda calls: f"{calls} calls are too few", "measure at least 30, better 100 (--coreml-calls)"
    ),
    Cause.TOO_FEW_PAIRS: _Words(
        lambda calls: f"{calls} pairs are too few", "measure at least 20, better 100 (--coreml-calls)"
    ),
    Cause.NOT_POSITIVE: _Words("the times are shorter than the clock can resolve"),
    Cause.TOO_NOISY: _Words(_noisy, _quieter),
    Cause.TAIL_TOO_NOISY: _Words("too few calls are far slower than usual to be sure", "measure more (--coreml-calls)"),
    Cause.ONE_PROCESS: _Words(
        lambda effect: f"slower by {percent(effect or 0.0)} in one process only", "add another current run"
    ),
    Cause.OTHER_MACHINE: _Words(
        lambda differences: f"not the same machine: {'; '.join(differences)}",
        "record a baseline on this kind of machine",
    ),
    Cause.OTHER_RUNTIME: _Words(
        lambda names: f"times of the runtime {names[0]}, in the baseline, are not compared with those of {names[1]}"
    ),
    Cause.NO_PREDICTIONS: _Words(lambda side: f"the {side} has no predictions"),
    Cause.OTHER_WORKLOAD: _Words(
        lambda change: f"the baseline measured {change[0]}, this run {change[1]}",
        "record a baseline of the same workload",
    ),
    Cause.TEST_FAILED: _Words("the test failed before anything was measured"),
    Cause.SHARED_KEY: _Words(
        "a later model of this test has the same compute units and function, and the baseline is that of the last one",
        "give each model a separate test, as coreml_model(first, second) does",
    ),
    Cause.UNKNOWN_TEST: _Words(
        "the baseline has no run of this test",
        "record one with --coreml-report, and add it with: pytest-coreml baseline add REPORT FOLDER",
    ),
    Cause.NO_OTHER_MODEL: _Words(_missing),
}
