"""Judge the outputs of models by `coreml_agreement` markers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.errors import InputError, UsageError, did_you_mean, hidden_for_ours
from pytest_coreml.facts.agreement import LIMITS, Agreement, Comparing
from pytest_coreml.facts.limits import AgreementRule, Reference
from pytest_coreml.facts.reason import Cause, Reason, WorstInput
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.session import agreement_inputs
from pytest_coreml.session.array_files import read_arrays, write_features
from pytest_coreml.session.output_comparison import AllUnits, Comparison, compare_all, compare_with
from pytest_coreml.session.sources import file_name
from pytest_coreml.verdict.agreement_rules import judge_agreement, judge_health, judge_units, limited, not_judged

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.engine.output_files import OutputFiles
    from pytest_coreml.facts.agreement import NonFinite, OutputHealth
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.model_spec import Feature
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.models import Models
    from pytest_coreml.session.options import Options
    from pytest_coreml.session.sources import VariantSource
    from pytest_coreml.verdict.check import Check
    from pytest_coreml.verdict.record import Record

    # Judges the agreement with each reference; the second result is a remark on all of them.
    Judge = Callable[[Mapping[Any, Agreement]], tuple[list[Check], Reason | None]]

__tracebackhide__ = hidden_for_ours

_MAX_NAME: Final = 80


@dataclass(frozen=True)
class Subject:
    """A model under test."""

    model: CoreMLModel
    declaration: Declaration
    folder: Path
    """The folder of the test file."""
    test: str
    """The node id of the test."""
    units: frozenset[ComputeUnits]
    """The compute units on which the test runs, those of *model* among them."""
    variant: VariantSource | None
    """The variant that *model* is; None in a test without variants."""
    timing: Timing
    """The steps of loading that are timed: tests that follow may use what is loaded as a reference."""


class _Judged(NamedTuple):
    """The result of one rule on one model."""

    checks: list[Check]
    health: tuple[OutputHealth, ...]
    agreements: tuple[Agreement, ...] = ()
    note: Reason | None = None


class AgreementJudge:
    """Judges the outputs of *models*; what several tests compare alike is computed once."""

    def __init__(self, options: Options, models: Models) -> None:
        self._options = options
        self._models = models
        self._compared: dict[Hashable, AllUnits] = {}

    def judge(self, record: Record, subject: Subject) -> None:
        """Add the checks, agreement and health of all rules that apply to the model of *record*.

        Raises `CoreMLTestError` for references and inputs that cannot be used, and when an engine fails.
        """
        for rule in subject.declaration.agreements:
            if not rule.applies_to(subject.model.compute_units):
                continue
            judged = self._judge(rule, subject)
            record.checks += [*judged.checks, *judge_health(rule, judged.health)]
            record.agreement += judged.agreements
            record.health += judged.health
            if (text := reason_text(judged.note)) is not None:
                record.notes.append(f"{record.model_name}: {text}")

    def compare_variant(self, record: Record, subject: Subject) -> None:
        """Add to *record*, of a variant that no marker compares with its original, how close their outputs are.

        A variant with other outputs than its original is not compared, with a note. Raises `CoreMLTestError` when an
        engine fails.
        """
        model, original = subject.model, Reference("original")
        if _is_itself(original, subject) or any(each.reference == _name(original) for each in record.agreement):
            return
        rule, outputs = AgreementRule(original), list(model.spec.outputs)
        try:
            inputs = self._inputs(rule, subject, outputs, None)
            comparison = Comparison(inputs, tuple(output.name for output in outputs), _comparing(rule), health=False)
            write = self._writer(original, subject, outputs, comparison, None)
            agreement, _ = compare_with(comparison, model, _name(original), write)
        except InputError as error:
            record.notes.append(f"{record.model_name}: not compared with the original: {error}")
        else:
            record.agreement += (agreement,)

    def _judge(self, rule: AgreementRule, subject: Subject) -> _Judged:
        outputs = _chosen_outputs(rule, subject.model)
        reference = _reference(rule, subject)
        arrays = self._stored_arrays(reference, subject)
        inputs = self._inputs(rule, subject, outputs, arrays)
        comparison = Comparison(inputs, tuple(output.name for output in outputs), _comparing(rule), _has_health(rule))
        if not rule.has_limits or (reference is not None and _is_itself(reference, subject)):
            judged = self._without_reference(comparison, subject.model)
        elif (reference is None or reference.kind == "units") and self._is_one_runtime(subject.model):
            judged = self._without_reference(comparison, subject.model)
            judged = judged._replace(checks=not_judged(rule, outputs, Reason(Cause.ONE_RUNTIME)))
        elif reference is None:
            judged = self._against_all_units(rule, subject, outputs, comparison)
        else:
            write = self._writer(reference, subject, outputs, comparison, arrays)
            agreement, health = compare_with(comparison, subject.model, _name(reference), write)
            judge = partial(_judge_one, rule, outputs)
            judged = self._with_checks(_Judged([], health, (agreement,)), subject, inputs, judge, {None: agreement})
        return self._with_saved(subject, inputs, judged)

    def _is_one_runtime(self, model: CoreMLModel) -> bool:
        """Return True if other compute units are the same computation, and the user has not asked for this runtime."""
        return model.runtime == "reference" and self._options.runtime != "reference"

    def _without_reference(self, comparison: Comparison, model: CoreMLModel) -> _Judged:
        return _Judged([], comparison.run(model).health if comparison.health else ())

    def _against_all_units(
        self, rule: AgreementRule, subject: Subject, outputs: list[Feature], comparison: Comparison
    ) -> _Judged:
        key, own = subject.model.key, subject.model.compute_units
        known = (key.path, key.options, subject.model.sha256, subject.units, comparison.digest)
        if known not in self._compared:
            self._compared[known] = compare_all(comparison, own, subject.units, partial(self._on_units, subject))
        pairs, health, missing = self._compared[known]
        reasons = [Reason(Cause.NO_REFERENCE, f"{units}: {why}") for units, why in missing.items()]
        if not pairs:
            why, *more = [*reasons, Reason(Cause.ONE_CONFIGURATION)]
            return _Judged(not_judged(rule, outputs, replace(why, more=tuple(more))), health[own])
        # Each is compared with its reference, which from here is the other one.
        named = {
            pair: replace(agreement, reference=next(iter(pair - {own}))) if own in pair else agreement
            for pair, agreement in pairs.items()
        }
        judged = _Judged([], health[own], tuple(agreement for pair, agreement in named.items() if own in pair))
        judge = partial(judge_units, rule, outputs, own, tuple(health))
        return self._with_checks(judged, subject, comparison.inputs, judge, named)

    def _with_checks(
        self,
        judged: _Judged,
        subject: Subject,
        inputs: InputSequences,
        judge: Judge,
        agreements: Mapping[Any, Agreement],
    ) -> _Judged:
        """Return *judged* with its checks; the worst input of a failed one is saved beside the report."""
        checks, note = judge(agreements)
        worst = _worst_input(checks)
        if worst is not None and self._options.report is not None:
            saved = self._save(self._options.report, subject, inputs, worst)
            judged = judged._replace(
                agreements=tuple(
                    replace(agreement, saved_input=saved) if agreement.reference == worst.reference else agreement
                    for agreement in judged.agreements
                )
            )
        return judged._replace(checks=checks, note=note)

    def _with_saved(self, subject: Subject, inputs: InputSequences, judged: _Judged) -> _Judged:
        """Return *judged* with the input of the first value of each output that is not finite beside the report."""
        report = self._options.report
        if report is None:
            return judged
        health = (
            replace(output, saved_input=self._save(report, subject, inputs, _named(output, output.first_non_finite)))
            if output.first_non_finite is not None
            else output
            for output in judged.health
        )
        return judged._replace(health=tuple(health))

    def _save(self, report: Path, subject: Subject, inputs: InputSequences, worst: WorstInput) -> str:
        """Write the worst input beside the report; return its path from the folder of the report."""
        name = re.sub(r"[^\w.=-]+", "_", f"{subject.test}-{worst.reference}").strip("_")[-_MAX_NAME:]
        path = report.parent / f"{report.stem}-inputs" / f"{name}.npz"
        write_features(path, inputs.prefix(subject.model.spec, worst.input))
        return path.relative_to(report.parent).as_posix()

    def _on_units(self, subject: Subject, units: ComputeUnits) -> CoreMLModel:
        model = subject.model
        if units == model.compute_units:
            return model
        return self._models.load(self._models.key(model.path, Path(), units, model.key.options), subject.timing)

    def _writer(
        self,
        reference: Reference,
        subject: Subject,
        outputs: list[Feature],
        comparison: Comparison,
        arrays: Mapping[str, Any] | None,
    ) -> Callable[[OutputFiles], None]:
        """Return the function that writes the outputs of *reference* to files."""
        model, inputs = subject.model, comparison.inputs
        if arrays is not None:
            return partial(agreement_inputs.write_stored, arrays, outputs, inputs)
        if reference.kind == "callable":
            return partial(agreement_inputs.write_called, reference.value, outputs, model.spec, inputs)
        other = self._reference_model(reference, subject)
        _check_outputs(other, outputs)
        return partial(comparison.store, other)

    def _reference_model(self, reference: Reference, subject: Subject) -> CoreMLModel:
        model = subject.model
        if reference.kind == "units":
            return self._on_units(subject, reference.value)
        source = reference.value
        if reference.kind == "original":
            if subject.variant is None:
                raise UsageError(f"coreml_agreement: reference='original' is for variants, and {model.name} is not one")
            source = subject.variant.original
        key = self._models.key(source, subject.folder, model.compute_units, model.key.options)
        return self._models.load(key, subject.timing)

    def _stored_arrays(self, reference: Reference | None, subject: Subject) -> dict[str, Any] | None:
        if reference is None or reference.kind != "outputs":
            return None
        return read_arrays(agreement_inputs.find_file(reference.value, self._folders(subject)))

    def _folders(self, subject: Subject) -> list[Path]:
        return [subject.folder, self._options.rootdir]

    def _inputs(
        self, rule: AgreementRule, subject: Subject, outputs: list[Feature], arrays: Mapping[str, Any] | None
    ) -> InputSequences:
        """Return the inputs of the marker; else those stored beside outputs, those of the test, or examples."""
        model, declared = subject.model, subject.declaration.inputs
        if rule.inputs is not None:
            return agreement_inputs.read_inputs(rule.inputs, model.spec, self._folders(subject))
        if arrays is not None and rule.reference is not None:
            source = _name(rule.reference)
            stored = agreement_inputs.stored_inputs(arrays, model.spec, source)
            return stored or InputSequences(agreement_inputs.count_stored(arrays, outputs, source))
        if model.last.inputs is not None:
            return agreement_inputs.as_sequences(model.last.inputs, model.spec, "the last prediction")
        if declared is not None:
            values = declared() if callable(declared) else declared
            return agreement_inputs.as_sequences(values, model.spec, "coreml_model(inputs=...)")
        return InputSequences(agreement_inputs.DEFAULT_EXAMPLES)


def _reference(rule: AgreementRule, subject: Subject) -> Reference | None:
    """Return the reference of *rule*; a variant that has no other compute units is compared with its original."""
    if rule.reference is None and subject.variant is not None and len(subject.units) == 1:
        return Reference("original")
    return rule.reference


def _is_itself(reference: Reference, subject: Subject) -> bool:
    """Return True if *reference* is the model under test."""
    if reference.kind == "original":
        return subject.variant is not None and subject.variant.is_original
    return reference.kind == "units" and reference.value == subject.model.compute_units


def _named(output: OutputHealth, place: NonFinite) -> WorstInput:
    return WorstInput(f"{output.output}-not-finite", place.input, output.inputs)


def _judge_one(
    rule: AgreementRule, outputs: list[Feature], agreements: Mapping[None, Agreement]
) -> tuple[list[Check], None]:
    return judge_agreement(rule, outputs, agreements[None]), None


def _chosen_outputs(rule: AgreementRule, model: CoreMLModel) -> list[Feature]:
    """Return the outputs that are compared; raise `InputError` for one that the model lacks, or a limit on none."""
    known = {output.name: output for output in model.spec.outputs}
    for name in sorted(rule.named_outputs):
        if name not in known:
            hint = did_you_mean(name, known) or "."
            raise InputError(
                f"coreml_agreement: {model.name} has no output {name!r}{hint} It has {', '.join(map(repr, known))}"
            )
    outputs = [output for name, output in known.items() if rule.outputs is None or name in rule.outputs]
    judged = {name for name, _, _ in limited(rule, outputs)}
    if vain := [name for name in LIMITS if getattr(rule, name) is not None and name not in judged]:
        kinds = ", ".join(f"{output.name!r} is {output.describe()}" for output in outputs)
        raise InputError(f"coreml_agreement: {vain[0]} does not apply to the outputs of {model.name}: {kinds}")
    return outputs


def _check_outputs(reference: CoreMLModel, outputs: list[Feature]) -> None:
    there = [output.name for output in reference.spec.outputs]
    if missing := [output.name for output in outputs if output.name not in there]:
        names = ", ".join(map(repr, there)) or "none"
        raise InputError(
            f"coreml_agreement: the reference {reference.name} has the outputs {names}, "
            f"expected {', '.join(map(repr, missing))}"
        )


def _comparing(rule: AgreementRule) -> Comparing:
    rows = frozenset(LIMITS[name] for name in ("max_kl", "min_top1") if getattr(rule, name) is not None)
    return Comparing(rows, rule.margin)


def _has_health(rule: AgreementRule) -> bool:
    return bool(rule.finite or rule.varying or rule.repeatable)


def _name(reference: Reference) -> str:
    """Return the name of *reference* in texts."""
    if reference.kind in ("units", "original"):
        return str(reference.value or reference.kind)
    return file_name(reference.value, "reference")


def _worst_input(checks: list[Check]) -> WorstInput | None:
    """Return the worst input of the first failed check that has one."""
    for check in checks:
        reasons = (check.reason, *check.reason.more) if isinstance(check.reason, Reason) else ()
        for reason in reasons:
            if isinstance(reason.details, WorstInput):
                return reason.details
    return None
