"""Judge the models that a test has used: measure what its limits need, and make the records."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.fresh_loads import measure_fresh_loads
from pytest_coreml.engine.plans import has_layers
from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.facts.budget_needs import needs_fresh_load, needs_prediction, needs_sustained
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.session.sources import VariantSource
from pytest_coreml.verdict.boundary_rules import judge_boundary
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.placement_rules import judge_placement
from pytest_coreml.verdict.ratio_rules import compare_specs, paired_times, wants_another_run
from pytest_coreml.verdict.record import Record
from pytest_coreml.verdict.regression.moved import limits_of_moves
from pytest_coreml.verdict.suspicion import fast_load, uniform_outputs
from pytest_coreml.verdict.sustained_rules import memory_growth, slowdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.facts.compute_units import Device
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.facts.measurement import Pairs
    from pytest_coreml.facts.reason import Reason
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.session import Session
    from pytest_coreml.verdict.check import Check

__tracebackhide__ = hidden_for_ours

# Of a load that a limit asks for: long enough for a chip without a fan to become warm.
SUSTAINED_SECONDS: Final = 60.0


@dataclass(eq=False)
class ModelJudge:
    """Judges *models* by what a test declares."""

    test: str
    """The node id of the test."""
    number: int
    """The number of the attempt at it."""
    folder: Path
    """The folder of the test file."""
    declaration: Declaration
    session: Session
    timing: Timing
    """The parts of a load that are measured."""
    models: Sequence[CoreMLModel]
    _pairs: dict[str, list[Pairs]] = field(default_factory=dict)
    """The interleaved times of each variant and its original, by the path of the variant."""

    def complete_measurement(self, model: CoreMLModel) -> None:
        """Measure what the checks of *model* need, and the test did not measure."""
        if model.last.measurement is None and self._needs_measurement(model):
            self._measure(model)
        if self._needs_sustained(model):
            # After the other measurement, which it would warm the machine up for.
            model.sustain_like_last(self._declared_inputs(model), SUSTAINED_SECONDS)
        if self._needs_fresh_loads(model):
            model.load_times = measure_fresh_loads(model.lease, self.session.models.engines)
        if model.last.measurement is not None:
            self.session.note_measured(model, model.last.measurement)

    def judged_record(self, model: CoreMLModel) -> Record:
        """Return the record of *model* with its checks, those against a baseline left out."""
        record = self.bare_record(model)
        record.memory_mb = model.memory_mb
        self._compare_with_original(model, record)
        record.checks = [
            *self._budget_checks(model, record),
            *self._placement_checks(model, record),
            *self._observed_checks(model, record),
            *self._boundary_checks(model),
        ]
        self._judge_outputs(model, record)
        if record.placement is None and self._shows_placement(record, model):
            record.placement = model.known_placement
        where = f"{record.model_name} on {record.subject}"
        record.notes += [f"{where}: {reason_text(reason)}" for reason in _remarks(record, model)]
        return record

    def compare(self, records: Sequence[Record]) -> None:
        """Add the verdicts against a baseline or another version to *records*, and reasons to their placements."""
        against = self._other_version()
        last = {record.key: record for record in records}
        for record, model in zip(records, self.models, strict=True):
            max_moved = limits_of_moves(self.declaration.rules, model.compute_units)
            is_last = last[record.key] is record
            self.session.baseline_judge.judge(record, model, against, max_moved, is_last=is_last)
            self._explain(record, model)

    def bare_record(self, model: CoreMLModel) -> Record:
        """Return the record of *model* without checks."""
        return Record(
            id=self.test,
            model=model.sha256,
            model_name=model.name,
            compute_units=model.compute_units,
            function=model.function or model.spec.default_function,
            loaded=model.key.options.words,
            runtime=model.runtime,
            load=model.load_times,
            predict=model.last.measurement,
            sustained=model.last.sustained,
            attempt=self.number,
            variant=variant.name if (variant := self._variant(model)) is not None else None,
        )

    def _needs_measurement(self, model: CoreMLModel) -> bool:
        if self.session.baseline_judge.wants_prediction(self.bare_record(model).key):
            return True
        budgets = self.declaration.budgets
        if self._variant(model) is not None:
            return True
        is_partner = any(budget.min_speedup for budget in budgets)
        is_observed = bool(self._devices_to_observe(model))
        # What is measured after a sustained load is that of a machine which is warm.
        is_reported = self.session.options.is_reported and self.declaration.names_model and not model.last.sustained
        return is_reported or is_partner or is_observed or any(map(needs_prediction, budgets))

    def _needs_sustained(self, model: CoreMLModel) -> bool:
        if model.last.sustained is not None or self.session.clock_doubt(model):
            return False
        return any(needs_sustained(budget, model.compute_units) for budget in self.declaration.budgets)

    def _needs_fresh_loads(self, model: CoreMLModel) -> bool:
        if model.load_times.fresh_load_ms or self.session.clock_doubt(model):
            return False
        return any(needs_fresh_load(budget, model.compute_units) for budget in self.declaration.budgets)

    def _measure(self, model: CoreMLModel) -> None:
        model.measure_like_last(self._declared_inputs(model))

    def _declared_inputs(self, model: CoreMLModel) -> Any:
        """Return the inputs of the marker, which count where the test has predicted nothing itself."""
        declared = self.declaration.inputs if model.last.inputs is None else None
        return declared() if callable(declared) else declared

    def _budget_checks(self, model: CoreMLModel, record: Record) -> list[Check]:
        facts = MeasuredFacts(
            compute_units=model.compute_units,
            load=model.load_times,
            predict=model.last.measurement,
            size_mb=model.spec.size_mb,
            memory_mb=record.memory_mb,
            sustained=model.last.sustained,
            partners=self.session.partners(model),
            reached=self.declaration.reached,
            clock=self.session.clock_doubt(model),
            against_original=record.against_original,
            pairs=self._pairs.get(model.key.path, ()),
            is_original=(variant := self._variant(model)) is not None and variant.is_original,
            lacking=self.session.lacking(model),
        )
        return [check for budget in self.declaration.budgets for check in judge_budgets(budget, facts)]

    def _placement_checks(self, model: CoreMLModel, record: Record) -> list[Check]:
        if not self.declaration.rules:
            return []
        record.placement = placement = model.placement
        reason = placement.reason if model.runtime == "reference" else None
        devices = self.session.usable_devices()
        return [
            check
            for rule in self.declaration.rules
            for check in judge_placement(rule, placement, model.compute_units, devices, reason)
        ]

    def _observed_checks(self, model: CoreMLModel, record: Record) -> list[Check]:
        """Return the checks of rules about observed devices; observe only if one, or the option, asks for it."""
        wanted = self._devices_to_observe(model)
        if wanted or self._reports_observed(model):
            model.observe(wanted or None)
        record.observed = model.last.observed
        if not self._observed_rules:
            return []
        from pytest_coreml.verdict.observed_rules import judge_observed

        units, devices = model.compute_units, self.session.usable_devices()
        found = (
            judge_observed(rule, record.observed, record.placement, units, devices) for rule in self._observed_rules
        )
        return [check for checks in found for check in checks]

    @property
    def _observed_rules(self) -> list[PlacementRule]:
        return [rule for rule in self.declaration.rules if rule.observed]

    def _devices_to_observe(self, model: CoreMLModel) -> tuple[Device, ...]:
        if not self._observed_rules:
            return ()
        # Late, as all that counters need.
        from pytest_coreml.verdict.observed_rules import devices_to_observe

        return devices_to_observe(self._observed_rules, model.compute_units)

    def _reports_observed(self, model: CoreMLModel) -> bool:
        return self.session.options.observe and model.last.measurement is not None and model.runtime == "coreml"

    def _boundary_checks(self, model: CoreMLModel) -> list[Check]:
        rules = self.declaration.boundary_rules
        return [check for rule in rules for check in judge_boundary(rule, model.spec.boundary, model.compute_units)]

    def _judge_outputs(self, model: CoreMLModel, record: Record) -> None:
        variant = self._variant(model)
        if not self.declaration.agreements and variant is None:
            return
        # Late, since it needs numpy.
        from pytest_coreml.session.agreement_judge import Subject

        keys = [other.key for other in self.models]
        loaded = [key.compute_units for key in keys if key == replace(model.key, compute_units=key.compute_units)]
        units = frozenset((*self.declaration.reached, *loaded))
        subject = Subject(model, self.declaration, self.folder, self.test, units, variant, self.timing)
        self.session.agreement_judge.judge(record, subject)
        if variant is not None:
            self.session.agreement_judge.compare_variant(record, subject)

    def _compare_with_original(self, model: CoreMLModel, record: Record) -> None:
        """Add to *record* how *model*, if it is a variant, differs from its original."""
        variant = self._variant(model)
        if variant is None:
            return
        if variant.is_original:
            record.against_original = compare_specs(model.spec, model.spec)
            return
        models, judge = self.session.models, self.session.baseline_judge
        original = models.sources.resolve(variant.original, self.folder)
        limit = min((budget.max_time_ratio or math.inf for budget in self.declaration.budgets), default=math.inf)
        pairs = judge.interleave(model, original, lambda runs: limit < math.inf and wants_another_run(runs, limit))
        self._pairs[model.key.path] = pairs
        difference = compare_specs(model.spec, models.describe(original, model.lease))
        record.against_original = replace(difference, times=paired_times(pairs))

    def _shows_placement(self, record: Record, model: CoreMLModel) -> bool:
        """Return True where the plan is worth reading though no rule asks for it.

        It is shown in a report and in the text of a failure, and compared with the measured time.
        """
        if self.session.baseline_judge.wants_placement(record.key):
            return True
        reported = self.session.options.is_reported
        if record.runtime == "reference":
            return reported and has_layers(model.spec)
        timed = record.predict is not None and record.compute_units == "cpuAndNeuralEngine"
        return timed or reported or any(check.verdict == "failed" for check in record.checks)

    def _explain(self, record: Record, model: CoreMLModel) -> None:
        if record.placement is not None:
            failed = [parse_check(check.check).metric for check in record.checks if check.verdict == "failed"]
            has_failed = any("placement" in metric.needs for metric in failed)
            record.placement = self.session.explanations.explained(record.placement, model, has_failed=has_failed)

    def _variant(self, model: CoreMLModel) -> VariantSource | None:
        """Return which variant *model* is, None in a test without variants."""
        declared = self.declaration
        if not declared.variants and not any(isinstance(source, VariantSource) for source in declared.sources):
            return None
        return self.session.models.variant_sources.get(model.key.path)

    def _other_version(self) -> Path | None:
        """Return the other version to run interleaved with the models of the test, or a folder of such."""
        source = self.declaration.against
        if source is None:
            return self.session.options.against
        return self.session.models.sources.resolve(source, self.folder)


def _remarks(record: Record, model: CoreMLModel) -> Iterator[Reason]:
    """Yield notes that are not verdicts, and must not pass in silence."""
    if (suspicion := fast_load(record.load, record.placement, record.compute_units)) is not None:
        yield suspicion
    yield from uniform_outputs(model.last.uniform_outputs)
    if record.sustained is not None:
        yield from filter(None, (slowdown(record.sustained), memory_growth(record.sustained)))
