"""Verdicts and notes that need the whole run: speed-ups over later measurements, plans that timing does not confirm."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.verdict.budgets import MeasuredFacts, awaits_partner, judge_speedup
from pytest_coreml.verdict.plan_timing import unconfirmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.verdict.record import Record

Partners = dict["ComputeUnits", "Measurement"]


def settle(records: Iterable[Record]) -> list[Record]:
    """Judge the speed-ups that waited for a partner, and note what makes times doubtful.

    The records are changed. Gives those that have failed by it, after their tests had ended.
    """
    everything = list(records)
    measured: dict[tuple[object, ...], Partners] = defaultdict(dict)
    for record in everything:
        if record.predict is not None and record.predict.native_ms:
            measured[_what(record)][record.compute_units] = record.predict
    for record in everything:
        _note_clock(record, measured[_what(record)])
        _note_cores(record)
    return [record for record in everything if _judge_late(record, measured[_what(record)])]


def _what(record: Record) -> tuple[object, ...]:
    """Return the facts that two measurements must share to be compared across compute units."""
    return record.model, record.configuration, record.runtime, record.machine


def _judge_late(record: Record, partners: Mapping[ComputeUnits, Measurement]) -> bool:
    """Judge the checks of *record* that waited; say whether one of them has failed."""
    failed = False
    for index, check in enumerate(record.checks):
        units = awaits_partner(check)
        if units is not None and units in partners:
            facts = MeasuredFacts(record.compute_units, predict=record.predict, partners=partners)
            record.checks[index] = judged = judge_speedup(units, check.limit, facts)
            failed = failed or judged.verdict == "failed"
    # Where that was expected, it is the test as it is known.
    failed = failed and not record.expected_failure
    if failed:
        record.outcome = "failed"
    return failed


def _note_clock(record: Record, partners: Mapping[ComputeUnits, Measurement]) -> None:
    partner = partners.get("cpuOnly")
    # Under `all` too: what is planned for the Neural Engine there should not take the time of the CPU either.
    if "neuralEngine" not in ALLOWED_DEVICES[record.compute_units] or not (
        record.placement and record.predict and partner
    ):
        return
    found = unconfirmed(record.placement, record.predict, partner)
    if found is not None:
        record.notes.append(f"{record.model_name} on {record.compute_units}: {found}")


def _note_cores(record: Record) -> None:
    if record.predict is not None and record.predict.on_efficiency_cores:
        share = record.predict.efficiency_share or 0.0
        record.notes.append(
            f"{record.model_name} on {record.compute_units}: {100 * share:.0f} % of the CPU time of its predictions "
            "was on efficiency cores, where calls take longer"
        )
