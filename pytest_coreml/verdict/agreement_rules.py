"""The verdicts on `coreml_agreement` markers: limits on the difference from a reference, the health of outputs, and
compute units against each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_coreml.facts.agreement import DIFFERENCES, LIMITS
from pytest_coreml.facts.metrics import get_metric
from pytest_coreml.facts.reason import BadElement, Cause, Reason, UnitsApart, WorstInput
from pytest_coreml.verdict.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.facts.agreement import Agreement, Measure, OutputAgreement, OutputHealth
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import AgreementRule
    from pytest_coreml.facts.model_spec import Feature

    Pairs = Mapping[frozenset[ComputeUnits], Agreement]

_BY_ELEMENT = ("multiArray", "image", "double", "int64", "dictionary")


def is_defined(measure: Measure, output: Feature) -> bool:
    """Return True if *measure* says something about *output*, as the specification describes it."""
    if measure not in ("kl", "top1"):
        return output.kind in _BY_ELEMENT
    if output.kind == "multiArray":
        # A decision needs two elements to choose between.
        return not output.shape or output.shape[-1] != 1
    return output.kind == "dictionary" or (measure == "top1" and output.kind in ("string", "sequence"))


def limited(rule: AgreementRule, outputs: Sequence[Feature]) -> Iterator[tuple[str, str, float]]:
    """Yield the limits of *rule* as name, output and limit, for the *outputs* that they say something about."""
    for output in outputs:
        if rule.outputs is not None and output.name not in rule.outputs:
            continue
        for name, measure in LIMITS.items():
            limit = rule.limit(name, output.name)
            if limit is not None and is_defined(measure, output):
                yield name, output.name, limit


def judge_agreement(rule: AgreementRule, outputs: Sequence[Feature], agreement: Agreement) -> list[Check]:
    """Return one check for each limit of *rule* on each output. A value equal to its limit keeps it."""
    by_name = {output.output: output for output in agreement.outputs}
    return [
        _judge(name, limit, by_name[output], agreement)
        for name, output, limit in limited(rule, outputs)
        if output in by_name
    ]


def not_judged(rule: AgreementRule, outputs: Sequence[Feature], reason: Reason) -> list[Check]:
    """Return the same checks, which *reason* keeps from being judged."""
    return [
        Check(f"{name}[{output}]", limit, None, "not_judged", reason) for name, output, limit in limited(rule, outputs)
    ]


def _judge(name: str, limit: float, output: OutputAgreement, agreement: Agreement) -> Check:
    measure, check = LIMITS[name], f"{name}[{output.output}]"
    value = output.get(measure)
    if value is None or math.isnan(value) or (measure == "kl" and math.isinf(value)):
        return Check(check, limit, None, "failed", _why_incomparable(output, agreement))
    if get_metric(name).keeps(value, limit):
        return Check(check, limit, value, "passed")
    worst = WorstInput(agreement.reference, output.worst.get(measure, 0), agreement.inputs)
    return Check(check, limit, value, "failed", Reason(Cause.OUTPUTS_DIFFER, worst))


def _why_incomparable(output: OutputAgreement, agreement: Agreement) -> Reason:
    if output.candidate_non_finite is not None:
        return Reason(Cause.NOT_FINITE, BadElement(output.output, output.candidate_non_finite))
    if output.reference_non_finite is not None:
        return Reason(Cause.REFERENCE_NOT_FINITE, (agreement.reference, output.reference_non_finite))
    if output.kl == math.inf:
        text = f"{agreement.reference} gives probabilities for output {output.output!r}, and the model does not"
        return Reason(Cause.NO_REFERENCE, text)
    # As the divergence of a row whose logits are all infinite.
    return Reason(Cause.NO_REFERENCE, f"the measure is not defined for what {agreement.reference} gives")


def judge_health(rule: AgreementRule, health: Sequence[OutputHealth]) -> list[Check]:
    """Return a check for each kind of health that *rule* asks for, of all outputs together; none without outputs."""
    if not health:
        return []
    return [
        *(_finite(health) if rule.finite else ()),
        *(_varying(rule, health) if rule.varying else ()),
        *(_repeatable(health) if rule.repeatable else ()),
    ]


def _finite(health: Sequence[OutputHealth]) -> Iterator[Check]:
    bad = {output.output: output.first_non_finite for output in health if output.first_non_finite is not None}
    problems = [Reason(Cause.NOT_FINITE, BadElement(name, place)) for name, place in bad.items()]
    yield _health("finite", 0, sum(output.non_finite for output in health), problems)


def _repeatable(health: Sequence[OutputHealth]) -> Iterator[Check]:
    differences = {output.output: output.repeat_difference or 0.0 for output in health}
    problems = [Reason(Cause.NOT_REPEATABLE, name) for name, value in differences.items() if value]
    yield _health("repeatable", 0, max(differences.values(), default=0.0), problems)


def _health(name: str, limit: float | None, value: float | None, problems: Sequence[Reason]) -> Check:
    if not problems:
        return Check(name, limit, value, "passed")
    first, *more = problems
    return Check(name, limit, value, "failed", Reason(first.cause, first.details, tuple(more)))


def _varying(rule: AgreementRule, health: Sequence[OutputHealth]) -> Iterator[Check]:
    judged = [output for output in health if output.varies is not None]
    if not judged:
        # Labels and integers may be the same for any inputs, and one input has nothing to vary.
        if any(output.inputs < 2 for output in health):
            yield Check("varying", None, None, "not_judged", Reason(Cause.ONE_INPUT))
        return
    constant = [output for output in judged if not output.varies]
    if rule.varying == "any" and len(constant) < len(judged):
        constant = []
    problems = [Reason(Cause.CONSTANT_OUTPUT, (output.output, output.inputs)) for output in constant]
    yield _health("varying", None, None, problems)


def judge_units(
    rule: AgreementRule, outputs: Sequence[Feature], own: ComputeUnits, units: Sequence[ComputeUnits], pairs: Pairs
) -> tuple[list[Check], Reason | None]:
    """Judge the configuration *own* by the majority of all *units*; return the checks, and who disagrees, if one does.

    Two configurations agree if their outputs keep every limit of *rule*, and those that agree with the same one are a
    group. The largest group is right if there is no other of its size: a configuration outside of it fails, one within
    it is judged by its other members. Without such a group each is judged by all others.
    """
    groups = _groups(rule, outputs, units, pairs)
    apart = _apart(rule, groups, pairs) if len(groups) > 1 else None
    has_majority = len(groups[0]) > 1 and (len(groups) == 1 or len(groups[1]) < len(groups[0]))
    judges = groups[0] if has_majority else units
    others = [pairs[frozenset((own, other))] for other in judges if other != own]
    checks = [
        _failed_or_first(list(each))
        for each in zip(*(judge_agreement(rule, outputs, other) for other in others), strict=True)
    ]
    if apart is None:
        return checks, None
    reason = Reason(Cause.ODD_ONE_OUT if has_majority else Cause.NO_MAJORITY, apart)
    return [_with_reason(check, reason) for check in checks], reason


def _failed_or_first(checks: list[Check]) -> Check:
    """Return the failed one of *checks*, which are of one limit, or the first."""
    return next((check for check in checks if check.verdict == "failed"), checks[0])


def _with_reason(check: Check, reason: Reason) -> Check:
    if check.verdict != "failed":
        return check
    more = (check.reason,) if isinstance(check.reason, Reason) else ()
    return Check(check.check, check.limit, check.value, check.verdict, Reason(reason.cause, reason.details, more))


def _groups(
    rule: AgreementRule, outputs: Sequence[Feature], units: Sequence[ComputeUnits], pairs: Pairs
) -> list[tuple[ComputeUnits, ...]]:
    """Return the groups of *units* that agree, the largest first."""
    groups: list[list[ComputeUnits]] = []
    for each in units:
        near = [
            group for group in groups if any(_agree(rule, outputs, pairs[frozenset((each, other))]) for other in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), each])
    return sorted(map(tuple, groups), key=len, reverse=True)


def _agree(rule: AgreementRule, outputs: Sequence[Feature], agreement: Agreement) -> bool:
    return all(check.verdict == "passed" for check in judge_agreement(rule, outputs, agreement))


def _apart(rule: AgreementRule, groups: Sequence[tuple[ComputeUnits, ...]], pairs: Pairs) -> UnitsApart:
    name = next(name for name in LIMITS if getattr(rule, name) is not None)
    measure = LIMITS[name]
    is_within = {pair: any(pair <= set(group) for group in groups) for pair in pairs}
    between = [_worst(measure, agreement) for pair, agreement in pairs.items() if not is_within[pair]]
    within = [_worst(measure, agreement) for pair, agreement in pairs.items() if pair <= set(groups[0])]
    return UnitsApart(tuple(groups), name, _best(measure, between), _best(measure, within, least=True))


def _worst(measure: Measure, agreement: Agreement) -> float | None:
    """Return the value of the output that agrees least; None if one cannot be compared."""
    if any(output.candidate_non_finite or output.reference_non_finite for output in agreement.outputs):
        return None
    return _best(measure, [output.get(measure) for output in agreement.outputs], least=True)


def _best(measure: Measure, values: Sequence[float | None], least: bool = False) -> float | None:
    """Return the value of the best agreement, or of the *least*; None without any."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return max(known) if (measure in DIFFERENCES) == least else min(known)
