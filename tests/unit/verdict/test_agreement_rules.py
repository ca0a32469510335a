"""The verdicts on agreement: limits against a reference, the health of outputs, and who is the odd one out."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.facts.agreement import Agreement, NonFinite, OutputAgreement, OutputHealth
from pytest_coreml.facts.limits import AgreementRule
from pytest_coreml.facts.model_spec import Feature
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.verdict.agreement_rules import judge_agreement, judge_health, judge_units, not_judged

if TYPE_CHECKING:
    from pytest_coreml.verdict.check import Check

LOGITS = Feature("logits", "multiArray", dtype="float32", shape=(1, 1000))
LABEL = Feature("label", "string")
SCALE = Feature("scale", "double")
UNITS = ("cpuOnly", "cpuAndGPU", "cpuAndNeuralEngine")


def agreement(output: str = "logits", **measures: Any) -> Agreement:
    """Return the agreement of one output over 20 inputs, of which number 7 is the worst by PSNR."""
    return Agreement("cpuOnly", 20, (OutputAgreement(output, worst={"psnr": 7}, **measures),))


@pytest.mark.parametrize(
    ("limit", "measured", "verdict"),
    [
        ({"min_psnr": 40.0}, {"psnr": 40.0}, "passed"),
        ({"min_psnr": 40.0}, {"psnr": 39.9}, "failed"),
        ({"min_psnr": 40.0}, {"psnr": math.inf}, "passed"),
        ({"min_psnr": 40.0}, {"psnr": -math.inf}, "failed"),
        ({"min_snr": 40.0}, {"snr": 41.0}, "passed"),
        ({"min_cosine": 0.99}, {"cosine": 0.9}, "failed"),
        ({"max_abs": 0.1}, {"max_abs": 0.1}, "passed"),
        ({"max_abs": 0.0}, {"max_abs": 0.1}, "failed"),
        ({"max_relative_l2": 0.1}, {"relative_l2": 0.2}, "failed"),
        ({"max_kl": 0.1}, {"kl": 0.05}, "passed"),
        ({"min_top1": 1.0}, {"top1": 0.95}, "failed"),
    ],
)
def test_limits(limit: dict[str, float], measured: dict[str, float], verdict: str) -> None:
    """Ratios are limited from below, differences from above; an equal value keeps its limit."""
    (check,) = judge_agreement(AgreementRule(**limit), [LOGITS], agreement(**measured))

    name, value = next(iter(limit.items()))
    assert (check.check, check.limit, check.verdict) == (f"{name}[logits]", value, verdict)


def test_a_failure_names_the_reference_and_the_worst_input() -> None:
    """The line is what the user reads."""
    (check,) = judge_agreement(AgreementRule(min_psnr=40), [LOGITS], agreement(psnr=12.1))

    assert check_line(check) == (
        "PSNR of logits 12.1 dB, at least 40 dB: against cpuOnly, at worst for input 7 of 0-19"
    )


def test_limits_by_output() -> None:
    """An output that a mapping leaves out has no limit, and neither has one that `outputs` leaves out."""
    other = Feature("mask", "multiArray", dtype="float32", shape=(1, 8))
    both = Agreement(
        "cpuOnly", 2, (OutputAgreement("logits", psnr=30.0, cosine=1.0), OutputAgreement("mask", psnr=50.0))
    )

    by_name = judge_agreement(AgreementRule(min_psnr={"mask": 40.0}), [LOGITS, other], both)
    chosen = judge_agreement(AgreementRule(min_psnr=40.0, outputs=("mask",)), [LOGITS, other], both)

    assert [check.check for check in by_name] == [check.check for check in chosen] == ["min_psnr[mask]"]


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (LABEL, ["min_top1[label]"]),
        (SCALE, ["min_psnr[scale]"]),
        (Feature("probs", "dictionary", dtype="string"), ["min_psnr[probs]", "max_kl[probs]", "min_top1[probs]"]),
        (Feature("picture", "image", color="RGB"), ["min_psnr[picture]"]),
        (Feature("one", "multiArray", dtype="float32", shape=(8, 1)), ["min_psnr[one]"]),
    ],
)
def test_a_limit_is_judged_where_its_measure_says_something(output: Feature, names: list[str]) -> None:
    """A label has no distance, and a single number makes no decision, which would always agree."""
    rule = AgreementRule(min_psnr=40, max_kl=0.1, min_top1=0.9)

    assert [check.check for check in not_judged(rule, [output], _reason())] == names


def _reason() -> Any:
    from pytest_coreml.facts.reason import Reason

    return Reason(Cause.ONE_CONFIGURATION)


def test_a_model_without_the_softmax_of_its_reference_fails_its_divergence() -> None:
    """There is no divergence between probabilities and logits."""
    (check,) = judge_agreement(AgreementRule(max_kl=0.1), [LOGITS], agreement(kl=math.inf))

    assert (check.value, check.verdict) == (None, "failed")
    assert reason_text(check.reason) == "cpuOnly gives probabilities for output 'logits', and the model does not"


def test_outputs_that_are_not_finite_fail_every_limit_and_are_named() -> None:
    """There is no value, and the reason names the element."""
    bad = agreement(candidate_non_finite=NonFinite(3, (0, 5), "nan"))

    (check,) = judge_agreement(AgreementRule(min_psnr=40), [LOGITS], bad)

    assert (check.value, check.verdict, check.cause) == (None, "failed", Cause.NOT_FINITE)
    assert reason_text(check.reason) == "output 'logits' is nan at index [0, 5] for input 3"


def test_a_reference_that_is_not_finite_is_named_as_such() -> None:
    """The model may be right, and the reference of no use."""
    bad = agreement(reference_non_finite=NonFinite(3, (0, 5), "inf"))

    (check,) = judge_agreement(AgreementRule(min_psnr=40), [LOGITS], bad)

    assert (check.verdict, check.cause) == ("failed", Cause.REFERENCE_NOT_FINITE)
    assert reason_text(check.reason) == (
        "the reference, cpuOnly, is inf at index [0, 5] for input 3; compare with another reference"
    )


HEALTHY = OutputHealth("logits", 5, varies=True, repeat_difference=0.0)


def health(rule: AgreementRule, *outputs: OutputHealth) -> dict[str, Check]:
    """Return the checks by name."""
    return {check.check: check for check in judge_health(rule, outputs)}


def test_health_is_checked_by_default() -> None:
    """Each kind is one check of all outputs, and can be left out."""
    assert {name: check.verdict for name, check in health(AgreementRule(), HEALTHY).items()} == {
        "finite": "passed",
        "varying": "passed",
        "repeatable": "passed",
    }
    assert health(AgreementRule(finite=False, varying=False, repeatable=False), HEALTHY) == {}


def test_unhealthy_outputs_fail_with_their_names() -> None:
    """Each reason names the output and what is wrong with it."""
    sick = OutputHealth("mask", 5, 12, NonFinite(0, (), "nan"), varies=False, repeat_difference=0.25)

    checks = health(AgreementRule(), HEALTHY, sick)

    assert {check_line(check) for check in checks.values()} == {
        "values that are not finite 12, at most 0: output 'mask' is nan for input 0",
        "outputs of different inputs: output 'mask' is the same for 5 different inputs; varying=False accepts it",
        (
            "difference between repeated calls 0.25, at most 0: output 'mask' differs when the same input is predicted "
            "again; repeatable=False accepts it"
        ),
    }
    assert {check.verdict for check in checks.values()} == {"failed"}


def test_one_varying_output_is_sufficient_for_any() -> None:
    """A model without an author's word may have a constant output by design, but not only such."""
    constant = OutputHealth("mask", 5, varies=False)

    assert health(AgreementRule(varying="any"), HEALTHY, constant)["varying"].verdict == "passed"
    assert health(AgreementRule(varying="any"), constant)["varying"].verdict == "failed"


def test_one_input_says_nothing_about_variation() -> None:
    """The check is not judged, and says what to do."""
    check = health(AgreementRule(), OutputHealth("logits", 1))["varying"]

    assert (check.verdict, check.cause) == ("not_judged", Cause.ONE_INPUT)


def pairs(**values: float) -> dict[Any, Agreement]:
    """Return the agreement of each two of three compute units by their initials: `og` is cpuOnly with cpuAndGPU."""
    initials = dict(zip("ogn", UNITS, strict=True))
    return {frozenset((initials[a], initials[b])): agreement(psnr=values[a + b]) for a, b in combinations("ogn", 2)}


def test_the_odd_one_out_is_named() -> None:
    """It fails; the others are judged by each other, and their records name it too."""
    found = pairs(og=68.5, on=12.1, gn=11.9)

    verdicts = {}
    for units in UNITS:
        (check,), reason = judge_units(AgreementRule(min_psnr=40), [LOGITS], units, UNITS, found)
        verdicts[units] = (check.verdict, check.value)
        assert reason_text(reason) == (
            "cpuAndNeuralEngine disagrees with cpuOnly and cpuAndGPU (PSNR 12.1 dB); these two agree (PSNR 68.5 dB)"
        )

    assert verdicts == {
        "cpuOnly": ("passed", 68.5),
        "cpuAndGPU": ("passed", 68.5),
        "cpuAndNeuralEngine": ("failed", 12.1),
    }


def test_the_cpu_may_be_the_odd_one() -> None:
    """It is not right because it is the CPU."""
    (check,), reason = judge_units(
        AgreementRule(min_psnr=40), [LOGITS], "cpuOnly", UNITS, pairs(og=5.5, on=6.5, gn=50.0)
    )

    assert check.verdict == "failed"
    assert (reason_text(reason) or "").startswith("cpuOnly disagrees with cpuAndGPU and cpuAndNeuralEngine (PSNR 6.50")


def test_all_agree() -> None:
    """Each is judged by all others; the value is that of a pair."""
    (check,), reason = judge_units(
        AgreementRule(min_psnr=40), [LOGITS], "cpuOnly", UNITS, pairs(og=50.0, on=60.0, gn=70.0)
    )

    assert (check.verdict, check.value, reason) == ("passed", 50.0, None)


def test_no_two_agree() -> None:
    """None can be called right: all fail."""
    for units in UNITS:
        (check,), reason = judge_units(
            AgreementRule(min_psnr=40), [LOGITS], units, UNITS, pairs(og=1.5, on=2.5, gn=3.5)
        )
        assert check.verdict == "failed"
        assert check.cause is Cause.NO_MAJORITY
        assert reason_text(reason) == (
            "the compute units disagree, without a majority: cpuOnly, cpuAndGPU, cpuAndNeuralEngine "
            "(PSNR 3.50 dB at best)"
        )


def test_of_two_neither_is_the_odd_one() -> None:
    """Both fail."""
    found = {frozenset(UNITS[:2]): agreement(psnr=12.0)}

    for units in UNITS[:2]:
        (check,), _ = judge_units(AgreementRule(min_psnr=40), [LOGITS], units, UNITS[:2], found)
        assert (check.verdict, check.cause) == ("failed", Cause.NO_MAJORITY)


def test_not_a_number_is_the_odd_one() -> None:
    """The reason names no value."""
    found = pairs(og=68.5, on=0.0, gn=0.0)
    for pair in found:
        if "cpuAndNeuralEngine" in pair:
            found[pair] = agreement(candidate_non_finite=NonFinite(0, (0, 1), "nan"))

    (check,), reason = judge_units(AgreementRule(min_psnr=40), [LOGITS], "cpuAndNeuralEngine", UNITS, found)

    assert check.verdict == "failed"
    assert (reason_text(reason) or "").startswith(
        "cpuAndNeuralEngine disagrees with cpuOnly and cpuAndGPU (not compara"
    )
    assert "is nan at index [0, 1]" in (reason_text(check.reason) or "")
