"""Why operations of a plan are not on the Neural Engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_coreml.facts.compiler_analytics import CompiledOperation, CompilerAnalytics
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.report.text.placement_reason_text import placement_reason_text
from pytest_coreml.verdict.placement_reasons import belongs_to, reasons

COSTS = {"Launch_ane_ms": 0.125, "Src_bnns_Dest_ane_ms": 0.125, "Src_ane_Dest_bnns_ms": 0.125}
BOTH = frozenset(("bnns", "ane"))
REFUSED = CompiledOperation(
    "gather", ("g",), "bnns", frozenset(("bnns",)), {"bnns": 0.5}, {"ane": "Unsupported gather index type"}
)
NOT_CHOSEN = CompiledOperation("add", ("a",), "bnns", BOTH, {"bnns": 0.3, "ane": 0.2})
SLOWER = CompiledOperation("topk", ("t",), "bnns", BOTH, {"bnns": 0.1, "ane": 0.4})
CHOSEN = CompiledOperation("conv", ("y",), "ane", BOTH, {"bnns": 3.0, "ane": 0.1})
FILE = CompilerAnalytics((REFUSED, NOT_CHOSEN, SLOWER, CHOSEN), COSTS)


def op(name: str, operator: str, device: str, cost: float | None) -> Operation:
    return Operation(name, operator, device, (), cost, "main")  # type: ignore[arg-type]


PLAN = Placement(
    (op("g", "gather", "cpu", 0.5), op("a", "add", "cpu", 0.3), op("t", "topk", "cpu", 0.1),
     op("y", "conv", "neuralEngine", 0.1))
)  # fmt: skip


def test_each_operation_that_is_elsewhere_has_a_reason() -> None:
    """Refused with the compiler's words; able, with what it would save and cost. What is there needs none."""
    assert [placement_reason_text(reason) for reason in reasons(PLAN, [FILE])] == [
        (
            'refused by the Neural Engine ("Unsupported gather index type"); '
            "use an index of uint16 (iOS 18), a constant one, or look up outside the model"
        ),
        (
            "the Neural Engine could run it, but was not chosen: it would save 0.1 ms, "
            "and cost 0.375 ms to enter and leave"
        ),
        "the Neural Engine could run it, but was not chosen: it is estimated not to be faster",
    ]


def test_a_message_that_nobody_knows_is_shown_without_a_cure() -> None:
    """Messages change with the system."""
    odd = replace(REFUSED, refusals={"ane": "Not today\x1b"})

    (reason, *_) = reasons(PLAN, [replace(FILE, operations=(odd, NOT_CHOSEN, SLOWER, CHOSEN))])

    assert placement_reason_text(reason) == 'refused by the Neural Engine ("Not today\\x1b")'


def test_without_a_message_or_support_the_reason_is_unknown() -> None:
    """Nothing is guessed."""
    silent = replace(REFUSED, refusals={})

    (reason, *_) = reasons(PLAN, [replace(FILE, operations=(silent, NOT_CHOSEN, SLOWER, CHOSEN))])

    assert (reason.kind, placement_reason_text(reason)) == ("unknown", "reason unknown")


@pytest.mark.parametrize(
    "other",
    [
        replace(CHOSEN, estimates_ms={"ane": 0.2}),
        replace(CHOSEN, selected="bnns", estimates_ms={"bnns": 0.1}),
        replace(CHOSEN, outputs=("z",)),
        replace(CHOSEN, operator="matmul"),
    ],
    ids=["cost", "device", "name", "operator"],
)
def test_a_file_of_another_model_explains_nothing(other: CompiledOperation) -> None:
    """One operation that differs is enough; the next file may be the right one."""
    wrong = replace(FILE, operations=(REFUSED, NOT_CHOSEN, SLOWER, other))

    assert not belongs_to(wrong, PLAN)
    assert reasons(PLAN, [wrong]) == ()
    assert len(reasons(PLAN, [wrong, FILE])) == 3


def test_a_plan_without_costs_belongs_to_no_file() -> None:
    """Nothing would prove it."""
    plan = Placement(tuple(replace(each, cost=None) for each in PLAN.ops))

    assert not belongs_to(FILE, plan)
    assert not belongs_to(CompilerAnalytics(), PLAN)
