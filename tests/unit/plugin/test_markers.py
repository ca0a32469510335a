"""Marks are read whole: every mistake in one is told."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.facts.limits import AgreementRule, Budget, PlacementRule, Reference
from pytest_coreml.plugin import agreement_marker, markers


def test_every_mistake_of_a_budget_is_told() -> None:
    """Unknown names come with the nearest valid one; numbers and compute units are reported separately."""
    mark = pytest.mark.coreml_budget(
        predict_msec=25, size=1, load_ms=-1, memory_mb="1", min_speedup={"gpu": 2, "cpuOnly": 0}, compute_units="ANE"
    ).mark

    with pytest.raises(UsageError) as caught:
        markers.read_budget(mark)

    assert [text.split(",")[0].split(";")[0] for text in caught.value.texts] == [
        "coreml_budget: unknown argument 'predict_msec'",
        "coreml_budget: unknown argument 'size'",
        "coreml_budget: load_ms: expected a positive number",
        "coreml_budget: memory_mb: expected a positive number",
        "coreml_budget: unknown compute units 'gpu'",
        "coreml_budget: unknown compute units 'ANE'",
    ]
    assert "did you mean 'predict_ms'?" in caught.value.texts[0]


def test_every_mistake_of_a_placement_rule_is_told() -> None:
    """Devices, shares, words and counts."""
    mark = pytest.mark.coreml_placement(
        forbid=["gpu", "npu"], min_share={"neuralEngine": 95}, by="time", allow=[1], max_transitions=0.5
    ).mark

    with pytest.raises(UsageError) as caught:
        markers.read_placement(mark)

    assert [text.split(",")[0] for text in caught.value.texts] == [
        "coreml_placement: unknown device 'npu'",
        "coreml_placement: min_share['neuralEngine']: expected a number from 0 to 1",
        "coreml_placement: by: expected 'cost' or 'ops'",
        "coreml_placement: allow: expected operator names",
        "coreml_placement: max_transitions: expected a whole number",
    ]


def test_every_mistake_of_a_boundary_rule_is_told() -> None:
    """Names, a truth value and a number; and a marker that limits nothing."""
    with pytest.raises(UsageError) as caught:
        markers.read_boundary(pytest.mark.coreml_boundary(forbid_cast=True, forbid_casts=1, max_bytes=0).mark)
    with pytest.raises(UsageError, match="expected forbid_casts=True or max_bytes="):
        markers.read_boundary(pytest.mark.coreml_boundary(forbid_casts=False).mark)

    assert [text.split(",")[0] for text in caught.value.texts] == [
        "coreml_boundary: unknown argument 'forbid_cast'; did you mean 'forbid_casts'?",
        "coreml_boundary: forbid_casts: expected True or False",
        "coreml_boundary: max_bytes: expected a positive number",
    ]


def test_a_scenario_has_limits_of_predictions_only() -> None:
    """A scenario is neither loaded nor stored."""
    with pytest.raises(UsageError, match=r"^coreml_budget: a scenario has no load_ms, min_speedup, size_mb: leave out"):
        markers.read_budget(
            pytest.mark.coreml_budget(
                scenario="chunk", predict_ms=1, load_ms=5, size_mb=3, min_speedup={"cpuOnly": 2}
            ).mark
        )
    limits = pytest.mark.coreml_budget(scenario="chunk", predict_p95_ms=1, min_fps=5, min_throughput=2).mark
    assert markers.read_budget(limits).scenario == "chunk"


@pytest.mark.parametrize("scenario", ["", " ", 7, True])
def test_a_scenario_is_named(scenario: object) -> None:
    """The message says what was expected and what came."""
    with pytest.raises(UsageError, match="coreml_budget: scenario: expected the name of a scenario, got"):
        markers.read_budget(pytest.mark.coreml_budget(scenario=scenario, predict_ms=1).mark)


def test_marks_without_mistakes() -> None:
    """Every argument that there is."""
    budget = markers.read_budget(
        pytest.mark.coreml_budget(
            predict_ms=1,
            predict_p90_ms=2,
            predict_p95_ms=3,
            predict_p99_ms=99,
            first_predict_ms=4,
            sustained_ms=12,
            load_ms=5,
            first_load_ms=6,
            compile_ms=7,
            size_mb=8,
            memory_mb=9,
            min_fps=10,
            min_throughput=11,
            min_speedup={"CPU_ONLY": 2},
            max_size_ratio=0.5,
            max_time_ratio=1.1,
            compute_units=["cpu_and_ne", "ALL"],
        ).mark
    )
    rule = markers.read_placement(
        pytest.mark.coreml_placement(
            forbid="GPU",
            min_share={"neuralengine": 1},
            by="ops",
            allow=["ios17.cast"],
            max_transitions=0,
            max_moved={"neuralEngine": 0.02},
            observed={"neuralEngine": True, "GPU": False},
            compute_units="all",
        ).mark
    )

    units = ("cpuAndNeuralEngine", "all")
    assert budget == Budget(*(1, 2, 3, 99, 4, 12, 5, 6, 7, 8, 9, 10, 11), {"cpuOnly": 2.0}, 0.5, 1.1, None, units)
    moved, observed = {"neuralEngine": 0.02}, {"neuralEngine": True, "gpu": False}
    ops = frozenset({"cast"})
    assert rule == PlacementRule(("gpu",), {"neuralEngine": 1.0}, "ops", ops, 0, moved, observed, ("all",))


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (pytest.mark.coreml_budget(25).mark, r"coreml_budget: takes keyword arguments only, got 25"),
        (pytest.mark.coreml_budget().mark, r"coreml_budget: expected at least one limit"),
        (pytest.mark.coreml_budget(predict_ms=True).mark, r"predict_ms: expected a positive number, got True"),
        (pytest.mark.coreml_budget(min_fps=float("nan")).mark, r"min_fps: expected a positive number, got nan"),
        (pytest.mark.coreml_placement(by="ops").mark, r"expected forbid=, min_share=, .* or observed="),
        (
            pytest.mark.coreml_placement(observed={}).mark,
            r"observed: expected a dict, as observed={'neuralEngine': True}",
        ),
        (pytest.mark.coreml_placement(observed={"ane": True}).mark, r"did you mean 'neuralEngine'"),
        (pytest.mark.coreml_placement(observed={"gpu": 1}).mark, r"observed\['gpu'\]: expected True or False, got 1"),
        (pytest.mark.coreml_placement(observed={"cpu": True}).mark, r"no counter reports the work of cpu"),
    ],
)
def test_a_mark_that_says_nothing_or_the_wrong_thing(mark: pytest.Mark, expected: str) -> None:
    """Each is a usage error with what was expected."""
    read = markers.read_budget if mark.name == "coreml_budget" else markers.read_placement

    with pytest.raises(UsageError, match=expected):
        read(mark)


def test_every_mistake_of_an_agreement_is_told() -> None:
    """Unknown names, references, inputs, limits by output, and words."""
    mark = pytest.mark.coreml_agreement(
        min_pnsr=40, reference="cpuOnyl", inputs=0, min_cosine=2, max_abs={"logits": -1}, varying="some", outputs=[]
    ).mark

    with pytest.raises(UsageError) as caught:
        agreement_marker.read_agreement(mark)

    assert [text.split(", got")[0].split(";")[0] for text in caught.value.texts] == [
        "coreml_agreement: unknown argument 'min_pnsr'",
        (
            "coreml_agreement: reference: expected compute units, 'original', the path of a model or of an .npz, or a "
            "callable from inputs to outputs"
        ),
        "coreml_agreement: inputs: expected a number of examples, 1 or more, the path of an .npz, or a callable",
        "coreml_agreement: min_cosine: expected a number from -1 to 1",
        "coreml_agreement: max_abs['logits']: expected a number, 0 or more",
        "coreml_agreement: varying: expected True, False or 'any'",
        "coreml_agreement: outputs: expected names of outputs, as ['logits']",
    ]
    assert "did you mean 'min_psnr'?" in caught.value.texts[0]
    assert caught.value.texts[1].endswith("got 'cpuOnyl'; did you mean 'cpuOnly'?")


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        ({"reference": "cpuOnly"}, "expected a limit for the reference"),
        ({"margin": 0.1}, "margin belongs to min_top1"),
        ({"outputs": ["a"], "min_psnr": {"b": 40}}, r"outputs=\['a'\] leaves out 'b', which has a limit"),
        ({"finite": False, "varying": False, "repeatable": False}, "expected a limit, or one of finite"),
    ],
)
def test_an_agreement_that_checks_nothing_is_a_mistake(arguments: dict[str, object], mistake: str) -> None:
    """Each argument has a use."""
    with pytest.raises(UsageError, match=mistake):
        agreement_marker.read_agreement(pytest.mark.coreml_agreement(**arguments).mark)


def build() -> str:
    """Stand for a function that builds a model."""
    return "Encoder.mlpackage"


def predict(inputs: object) -> object:
    """Stand for a reference."""
    return inputs


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ("CPU_ONLY", Reference("units", "cpuOnly")),
        ("original", Reference("original")),
        ("Old.mlpackage", Reference("source", "Old.mlpackage")),
        ("Old.mlmodelc", Reference("source", "Old.mlmodelc")),
        ("outputs.npz", Reference("outputs", "outputs.npz")),
        (build, Reference("source", build)),
        (predict, Reference("callable", predict)),
        (max, Reference("callable", max)),
    ],
)
def test_references(value: object, reference: Reference) -> None:
    """A function without an argument builds a model; one with inputs returns outputs."""
    mark = pytest.mark.coreml_agreement(reference=value, min_psnr=40).mark

    assert agreement_marker.read_agreement(mark) == AgreementRule(reference, min_psnr=40.0)


@pytest.mark.parametrize(
    "number", [np.float32(2.5), np.float16(2.5), Fraction(5, 2), Decimal("2.5"), 2.5], ids=lambda it: type(it).__name__
)
def test_a_limit_is_any_real_number(number: Any) -> None:
    """Scripts compute limits with numpy, and read them from files as decimals."""
    assert markers.read_budget(pytest.mark.coreml_budget(predict_ms=number).mark).predict_ms == 2.5


@pytest.mark.parametrize("number", [np.bool_(True), Decimal("NaN"), np.float32("inf"), np.array([1.0]), 1j])
def test_what_is_no_real_number_is_no_limit(number: Any) -> None:
    """Truth values, NaN, infinity, arrays and complex numbers."""
    with pytest.raises(UsageError, match="predict_ms: expected a positive number"):
        markers.read_budget(pytest.mark.coreml_budget(predict_ms=number).mark)


def test_counts_and_truth_values_of_numpy_are_those_of_python() -> None:
    """They go into reports, which are JSON."""
    rule = markers.read_placement(pytest.mark.coreml_placement(max_transitions=np.int64(3)).mark)
    boundary = markers.read_boundary(pytest.mark.coreml_boundary(forbid_casts=np.bool_(True)).mark)

    assert (type(rule.max_transitions), rule.max_transitions) == (int, 3)
    assert boundary.forbid_casts is True


class Described:
    """An object that describes itself at length, as an `MLModel` does."""

    predict = save = None

    def __repr__(self) -> str:
        """Return a page."""
        return "input {\n" * 100


def test_a_model_object_is_answered_in_one_line() -> None:
    """With what to write instead of it."""
    with pytest.raises(UsageError) as caught:
        markers.read_model(pytest.mark.coreml_model(Described(), "Net.mlpackage").mark)

    assert str(caught.value) == (
        "coreml_model: a source: expected a path or a callable that returns an MLModel or a path, got an object of the "
        "type Described; write a callable that returns it: lambda: model"
    )
