"""Placement rules are judged by the planned placement alone, and never pass without one."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.compute_units import DEVICES, Device
from pytest_coreml.facts.limits import PlacementRule
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.placement_rules import judge_placement


def op(operator: str, preferred: Device | None, cost: float | None = None, name: str = "y") -> Operation:
    return Operation(name, operator, preferred, (preferred,) if preferred else (), cost, "main")


MIXED = Placement(
    (
        op("const", None),
        op("gather", "cpu", 0.1),
        op("conv", "neuralEngine", 0.5),
        op("relu", "neuralEngine", 0.2),
        op("softmax", "gpu", 0.2),
    )
)
ALL_RULES = PlacementRule(forbid=("gpu",), min_share={"neuralEngine": 0.5}, max_transitions=5)


def judge_one(rule: PlacementRule, placement: Placement | None = MIXED, units: str = "all", **more: object) -> Check:
    (check,) = judge_placement(rule, placement, units, more.pop("devices", DEVICES), **more)
    return check


def test_forbidden_device_is_used() -> None:
    """Operations on a forbidden device fail the rule and are named by operator."""
    check = judge_one(PlacementRule(forbid=("gpu",)))

    assert (check.check, check.limit, check.value, check.verdict) == ("forbid[gpu]", 0, 1, "failed")
    assert check.cause is Cause.PLANNED_ON
    assert reason_text(check.reason) == "planned on gpu: 1 x softmax"


def test_forbidden_device_is_not_used() -> None:
    """A known plan without the forbidden device passes."""
    assert judge_one(PlacementRule(forbid=("gpu",)), Placement((op("conv", "cpu"),))) == Check(
        "forbid[gpu]", 0, 0, "passed"
    )


def test_forbid_holds_by_configuration() -> None:
    """A device that the compute units do not permit is not an achievement, and the reason says so."""
    check = judge_one(PlacementRule(forbid=("gpu",)), Placement((op("conv", "cpu"),)), "cpuAndNeuralEngine")

    assert check.verdict == "passed"
    assert reason_text(check.reason) == "holds by configuration: cpuAndNeuralEngine does not permit gpu"


def test_forbid_a_device_that_the_machine_lacks() -> None:
    """No GPU on a machine without a GPU proves nothing."""
    check = judge_one(PlacementRule(forbid=("gpu",)), Placement((op("conv", "cpu"),)), devices=("cpu",))

    assert check.verdict == "not_judged"
    assert reason_text(check.reason) == "this machine has no gpu, so nothing could be planned on it"


def test_devices_that_are_not_known_do_not_matter() -> None:
    """Where the devices of the machine cannot be read, the plan decides."""
    assert judge_one(PlacementRule(forbid=("gpu",)), Placement((op("conv", "cpu"),)), devices=None).verdict == "passed"


@pytest.mark.parametrize(("by", "share"), [("cost", 0.7), ("ops", 0.5)])
def test_share(by: str, share: float) -> None:
    """A share is made of cost or of the number of operations, constants left out; equal passes."""
    rule = PlacementRule(min_share={"neuralEngine": share}, by=by)
    check = judge_one(rule)

    assert check.check == "min_share[neuralEngine]"
    assert check.value == pytest.approx(share)
    assert check.verdict == "passed"


def test_share_too_small() -> None:
    """A share below the limit names what is planned elsewhere."""
    check = judge_one(PlacementRule(min_share={"neuralEngine": 0.9}))

    assert check.verdict == "failed"
    assert reason_text(check.reason) == "planned elsewhere: 1 x gather, 1 x softmax"


def test_share_without_cost_counts_operations() -> None:
    """A plan that lacks cost is judged by the number of operations, and says so."""
    plan = Placement((op("conv", "neuralEngine"), op("relu", "neuralEngine")))
    check = judge_one(PlacementRule(min_share={"neuralEngine": 1.0}), plan)

    assert (check.check, check.value, check.verdict) == ("min_share[neuralEngine]", 1.0, "passed")
    assert reason_text(check.reason) == "by number of operations, since the plan has no cost"


def test_share_with_costs_that_are_no_shares() -> None:
    """They are told apart from a plan that has none."""
    plan = Placement((op("conv", "neuralEngine"),), cost_reason="the costs of the plan sum to 2")
    rules = (
        PlacementRule(min_share={"neuralEngine": 1.0}, by=by, allow=frozenset({"cast"}))  # type: ignore[arg-type]
        for by in (None, "cost")
    )

    assert [(check.verdict, reason_text(check.reason)) for check in (judge_one(rule, plan) for rule in rules)] == [
        ("passed", "by number of operations, since the costs of the plan sum to 2"),
        ("not_judged", "the costs of the plan sum to 2; by='ops' judges the number of operations"),
    ]


def test_share_of_a_device_that_the_machine_lacks() -> None:
    """Without a Neural Engine its share cannot be judged."""
    check = judge_one(PlacementRule(min_share={"neuralEngine": 0.9}), devices=("cpu", "gpu"))

    assert check.verdict == "not_judged"


def test_share_of_a_device_that_the_setting_does_not_permit() -> None:
    """Asking for Neural Engine under cpuOnly fails with the contradiction in words."""
    check = judge_one(PlacementRule(min_share={"neuralEngine": 0.9}), Placement((op("conv", "cpu", 1.0),)), "cpuOnly")

    assert check.verdict == "failed"
    assert reason_text(check.reason) == "cpuOnly does not permit neuralEngine; planned elsewhere: 1 x conv"


@pytest.mark.parametrize(("limit", "verdict"), [(2, "passed"), (1, "failed")])
def test_transitions(limit: int, verdict: str) -> None:
    """Changes of device between neighbours are counted without the constants."""
    assert judge_one(PlacementRule(max_transitions=limit)) == Check("max_transitions", limit, 2, verdict)


def test_allowed_operators_do_not_count() -> None:
    """Operators in `allow` take part in no rule."""
    rule = PlacementRule(
        forbid=("gpu", "cpu"),
        min_share={"neuralEngine": 1.0},
        max_transitions=0,
        allow=frozenset({"gather", "softmax"}),
    )

    assert [check.verdict for check in judge_placement(rule, MIXED, "all", DEVICES)] == ["passed"] * 4


@pytest.mark.parametrize(
    ("placement", "reason"),
    [
        (None, "unknown placement: no compute plan was read"),
        (Placement((), "macOS 13 has no compute plan"), "unknown placement: macOS 13 has no compute plan"),
        (Placement(()), "unknown placement: the compute plan names no device for any operation"),
        (Placement((op("conv", None),)), "unknown placement: the compute plan names no device for any operation"),
    ],
    ids=["none", "reason", "empty", "all-nil"],
)
@pytest.mark.parametrize("units", ["all", "cpuOnly"])
def test_unknown_plan_passes_nothing(placement: Placement | None, reason: str, units: str) -> None:
    """A plan that says nothing judges nothing, not even what holds by configuration."""
    checks = judge_placement(ALL_RULES, placement, units, DEVICES)

    assert [check.check for check in checks] == ["forbid[gpu]", "min_share[neuralEngine]", "max_transitions"]
    assert {(check.verdict, reason_text(check.reason)) for check in checks} == {("not_judged", reason)}


def test_allow_that_leaves_nothing_passes_nothing() -> None:
    """A rule over no operations is not judged."""
    check = judge_one(PlacementRule(forbid=("gpu",), allow=frozenset({"conv"})), Placement((op("conv", "cpu"),)))

    assert check.verdict == "not_judged"
    assert "'allow'" in (reason_text(check.reason) or "")


def test_reason_of_the_run_wins() -> None:
    """Where placement cannot be judged at all, every rule gets that reason."""
    checks = judge_placement(ALL_RULES, MIXED, "all", DEVICES, not_judged="the reference runtime has no placement")

    assert {(check.verdict, reason_text(check.reason)) for check in checks} == {
        ("not_judged", "the reference runtime has no placement")
    }


def test_cost_that_was_asked_for_is_not_replaced() -> None:
    """With by="cost" a plan without cost judges nothing, and the reason has the fix."""
    check = judge_one(PlacementRule(min_share={"cpu": 0.5}, by="cost"), Placement((op("conv", "cpu"),)))

    assert (check.verdict, reason_text(check.reason)) == (
        "not_judged",
        "the plan has no cost; by='ops' judges the number of operations",
    )


SILENT = op("identity", None, name="identity_0")
STRANGE = Operation("relu_0", "relu", None, ("cpu",), 0.1, "main", "MLNovelComputeDevice")


@pytest.mark.parametrize(
    ("silent", "reason"),
    [
        (SILENT, "the plan names no device for identity_0 (identity)"),
        (STRANGE, "the plan names MLNovelComputeDevice, which this version does not know, for relu_0 (relu)"),
    ],
    ids=["no usage", "unknown device"],
)
@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (PlacementRule(forbid=("gpu",)), "inconclusive"),
        (PlacementRule(forbid=("cpu",)), "failed"),
        (PlacementRule(min_share={"neuralEngine": 0.5}), "inconclusive"),
        (PlacementRule(min_share={"neuralEngine": 0.9}), "failed"),
        (PlacementRule(min_share={"neuralEngine": 0.5}, by="ops"), "passed"),
        (PlacementRule(min_share={"neuralEngine": 0.6}, by="ops"), "inconclusive"),
        (PlacementRule(min_share={"neuralEngine": 0.8}, by="ops"), "failed"),
        (PlacementRule(max_transitions=0), "failed"),
        (PlacementRule(max_transitions=2), "inconclusive"),
        (PlacementRule(max_transitions=3), "passed"),
    ],
)
def test_operations_that_may_be_anywhere(silent: Operation, reason: str, rule: PlacementRule, verdict: str) -> None:
    """A rule passes when it holds wherever they are, fails when nothing could save it, and always names them."""
    plan = Placement(
        (op("gather", "cpu", 0.3), op("conv", "neuralEngine", 0.3), op("relu", "neuralEngine", 0.4), silent)
    )
    check = judge_one(rule, plan)

    assert (check.verdict, reason in (reason_text(check.reason) or "")) == (verdict, True)
    assert ("allow=" in (reason_text(check.reason) or "")) == (verdict == "inconclusive")


def test_operations_left_out_need_no_device() -> None:
    """An operation that `allow` names may be without a device."""
    rule = PlacementRule(forbid=("gpu",), allow=frozenset({"identity"}))

    assert judge_one(rule, Placement((op("conv", "cpu", 1.0), SILENT))) == Check("forbid[gpu]", 0, 0, "passed")


@pytest.mark.parametrize(("limit", "verdict"), [(0.4, "inconclusive"), (0.7, "failed")])
def test_cost_that_some_operations_lack(limit: float, verdict: str) -> None:
    """The rest of the known costs to 1 may belong to them."""
    plan = Placement((op("gather", "cpu"), op("conv", "neuralEngine", 0.6), op("relu", "gpu", 0.4)))
    check = judge_one(PlacementRule(min_share={"neuralEngine": limit}), plan)

    assert (check.value, check.verdict) == (0.6, verdict)
    assert "the plan gives no cost for y (gather)" in (reason_text(check.reason) or "")


def test_cost_that_cannot_matter() -> None:
    """When everything is on the device, it has all of the cost, whatever that is."""
    plan = Placement((op("conv", "neuralEngine"), op("relu", "neuralEngine", 0.4)))

    assert judge_one(PlacementRule(min_share={"neuralEngine": 1.0}), plan).verdict == "passed"


def test_a_plan_of_unknown_devices_is_unknown() -> None:
    """The class that the plan names is in the reason."""
    check = judge_one(PlacementRule(forbid=("gpu",)), Placement((STRANGE,)))

    assert check.verdict == "not_judged"
    assert "MLNovelComputeDevice" in (reason_text(check.reason) or "")


@pytest.mark.parametrize(("units", "count"), [("all", 1), ("cpuOnly", 0)])
def test_rule_for_other_compute_units(units: str, count: int) -> None:
    """A rule for some settings says nothing of the others."""
    rule = PlacementRule(forbid=("gpu",), compute_units=("all",))

    assert len(judge_placement(rule, MIXED, units, DEVICES)) == count
