"""The marks of a test are read into its declaration: only tests with equal marks share it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.declaration_reader import DeclarationReader
from pytest_coreml.session.options import Options

if TYPE_CHECKING:
    from pathlib import Path


def item(*marks: pytest.MarkDecorator) -> pytest.Item:
    """Return the declaration of a test with *marks* on a model that they do not name."""
    own = [mark.mark for mark in marks]
    return cast(
        "pytest.Item",
        SimpleNamespace(
            iter_markers=lambda: iter(own), own_markers=own, config=None, get_closest_marker=lambda _: own[0]
        ),
    )


@pytest.fixture
def reader(tmp_path: Path) -> DeclarationReader:
    """A reader of a run with a model for all tests."""
    return DeclarationReader(Options(tmp_path, model="Encoder.mlpackage"))


def test_marks_that_say_the_same_are_read_once(reader: DeclarationReader) -> None:
    """Each test has separate marks, also when its neighbors are marked alike."""
    first, second = (reader.read(item(pytest.mark.coreml_budget(predict_ms=1)), ["coreml_model"]) for _ in range(2))

    assert first.budgets[0] is second.budgets[0]


@pytest.mark.parametrize("value", [True, "1", [1]])
def test_a_mark_that_only_looks_the_same_is_wrong_all_the_same(reader: DeclarationReader, value: Any) -> None:
    """To a dict 1 and True are one key; a list is none."""
    reader.read(item(pytest.mark.coreml_budget(predict_ms=1)), ["coreml_model"])

    with pytest.raises(UsageError, match="predict_ms: expected a positive number"):
        reader.read(item(pytest.mark.coreml_budget(predict_ms=value)), ["coreml_model"])


def test_dicts_in_marks_are_read_each_time(reader: DeclarationReader) -> None:
    """A mutable value is not part of a key."""
    mark = pytest.mark.coreml_placement(min_share={"cpu": 0.5})

    assert reader.read(item(mark), ["coreml_model"]).rules[0].min_share == {"cpu": 0.5}


def test_a_limit_without_anything_to_compare_with_is_a_mistake(reader: DeclarationReader) -> None:
    """One configuration cannot disagree; health needs no reference, and two configurations are one for each other."""
    limit = pytest.mark.coreml_agreement(min_psnr=40)
    two = pytest.mark.coreml_compute_units("cpuOnly", "all")

    with pytest.raises(UsageError, match=r"nothing to compare with, since the test runs on all only: name a"):
        reader.read(item(limit), ["coreml_model"])
    assert reader.read(item(pytest.mark.coreml_agreement()), ["coreml_model"]).agreements
    assert reader.read(item(limit, two), ["coreml_model"]).agreements
