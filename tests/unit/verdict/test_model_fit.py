"""The model of a device report is compared with the one in the repository by what a report says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import SPEC

from pytest_coreml.facts.reported_model import ReportedModel
from pytest_coreml.verdict.model_fit import model_differences

SAME = ReportedModel("Encoder", operations={"conv": 12, "relu": 11}, outputs=("logits",))


def test_the_same_operations_fit() -> None:
    """Names are spelled as metadata or as programs do, casts come and go, and the unknown differs from nothing."""
    spec = replace(SPEC, operations={"reduce_l2_norm": 2, "conv": 1})

    assert model_differences(SAME, SPEC) == ()
    assert model_differences(ReportedModel("Encoder"), SPEC) == ()
    assert model_differences(replace(SAME, operations={**SAME.operations, "cast": 2}), SPEC) == ()
    assert model_differences(ReportedModel("Encoder", operations={"reducel2_norm": 2, "conv": 1}), spec) == ()


@pytest.mark.parametrize(
    ("reported", "differences"),
    [
        (replace(SAME, operations={"conv": 13, "relu": 11}), ("13 x conv, in the model 12",)),
        (replace(SAME, operations={"conv": 12}), ("0 x relu, in the model 11",)),
        (replace(SAME, operations={"conv": 12, "relu": 11, "gelu": 2}), ("2 x gelu, in the model 0",)),
        (replace(SAME, outputs=("probabilities",)), ("outputs probabilities, in the model logits",)),
    ],
)
def test_what_differs_is_named(reported: ReportedModel, differences: tuple[str, ...]) -> None:
    """The count in the report comes first."""
    assert model_differences(reported, SPEC) == differences


def test_many_differences_are_counted() -> None:
    """Another model differs in every operator."""
    reported = replace(SAME, operations={f"operator_{number}": 1 for number in range(10)})

    *named, rest = model_differences(reported, SPEC)

    assert (len(named), rest) == (5, "7 more operators")
