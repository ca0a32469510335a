"""Judge a test by a device report: its budgets and placement rules, by what another clock has measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.verdict.boundary_rules import judge_boundary
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.model_fit import model_differences
from pytest_coreml.verdict.observed_rules import judge_observed
from pytest_coreml.verdict.placement_rules import judge_placement
from pytest_coreml.verdict.regression.moved import limits_of_moves

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.session.baseline_judge import BaselineJudge
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.reported_devices import DeviceReport
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.record import Record

__tracebackhide__ = hidden_for_ours


@dataclass(eq=False)
class DeviceJudge:
    """Judges what a test declares by *report*."""

    test: str
    """The node id of the test."""
    number: int
    """The number of the attempt at it."""
    declaration: Declaration
    report: DeviceReport
    every: Sequence[DeviceReport]
    """All reports of the model."""
    spec: ModelSpec
    """The model in the repository."""
    units: Collection[ComputeUnits] | None
    """The compute units that the test is of; None for those of the report."""
    is_loaded_here: bool
    """True if the test has loaded the model too, whose boundary is judged then."""

    def judge(self, baseline: BaselineJudge) -> Record:
        """Return the record of the report with its checks, and with those against *baseline*."""
        record = self.bare_record()
        record.checks = [self._doubted(check) for check in self._checks(record)]
        moved = limits_of_moves(self.declaration.rules, record.compute_units)
        baseline.judge_device(record, self.report.machine, self.spec, moved)
        return record

    def bare_record(self) -> Record:
        """Return the record of the report as one of this test, without checks."""
        return replace(
            self.report.record,
            id=self.test,
            model=self.spec.sha256,
            model_name=self.spec.file_name,
            size_mb=self.spec.size_mb,
            attempt=self.number,
            line=None,
            machine=self.report.machine_name,
            outcome="passed",
            checks=[],
            regression=None,
            duet=None,
            # They are about the import, and are in the imported report.
            notes=[],
        )

    def _checks(self, record: Record) -> list[Check]:
        facts = MeasuredFacts(
            compute_units=record.compute_units,
            load=record.load,
            predict=record.predict,
            size_mb=self.spec.size_mb,
            memory_mb=record.memory_mb,
            partners=self._partners(),
        )
        checks = [check for budget in self.declaration.budgets for check in judge_budgets(budget, facts)]
        devices = tuple(entry["device"] for entry in self.report.machine.get("devices") or ()) or None
        for rule in self.declaration.rules:
            checks += judge_placement(rule, record.placement, record.compute_units, devices)
            # No foreign report has counters: what a rule wants observed is not judged.
            checks += judge_observed(rule, record.observed, record.placement, record.compute_units, devices)
        if not self.is_loaded_here:
            for boundary_rule in self.declaration.boundary_rules:
                checks += judge_boundary(boundary_rule, self.spec.boundary, record.compute_units)
        return checks

    def _partners(self) -> Mapping[ComputeUnits, Measurement | None]:
        """Return the predictions of the same device under other compute units, by the same clock."""
        name = self.report.machine_name
        return {each.compute_units: each.predict for each in self.every if each.machine_name == name}

    def _doubted(self, check: Check) -> Check:
        """Return *check*, without its verdict if the report is of other compute units or of another version."""
        # The size and the boundary are those of the model in the repository.
        if parse_check(check.check).metric.needs == ("model",):
            return check
        units = self.report.compute_units
        if self.units is not None and units not in self.units:
            reason = Reason(Cause.OTHER_UNITS, (units, ", ".join(self.units)))
            return replace(check, value=None, verdict="not_judged", reason=reason)
        if differences := self.differences:
            return replace(check, verdict="inconclusive", reason=Reason(Cause.OTHER_VERSION, differences))
        if "placement" in parse_check(check.check).metric.needs and (listed := self._incomplete_plan()) is not None:
            return replace(check, verdict="inconclusive", reason=Reason(Cause.PLAN_INCOMPLETE, listed))
        return check

    def _incomplete_plan(self) -> tuple[int, int] | None:
        """Return the number of operations in the report's plan, and of those of its model, if the plan lacks some."""
        reported, placement = self.report.record.reported_model, self.report.placement
        if reported is None or placement is None or placement.unknown:
            return None
        listed, every = len([op for op in placement.ops if op.operator != "const"]), sum(reported.operations.values())
        return (listed, every) if listed < every else None

    @property
    def differences(self) -> tuple[str, ...]:
        """The differences between the model of the report and that of the repository."""
        record = self.report.record
        if record.reported_model is None or record.model == self.spec.sha256:
            return ()
        return model_differences(record.reported_model, self.spec)
