"""Each load time is of one call, and a load that failed without an exception is an error."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import standin_models
from standin.scenario import Failure, Times

from pytest_coreml.engine.protocol import Load
from pytest_coreml.engine.server.coremltools_api import _load
from pytest_coreml.engine.server.load import load
from pytest_coreml.engine.server.messages import Subject
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from standin.mac import Mac

SUBJECT = Subject(Path("Encoder.mlpackage"), "all", Path("copy/Encoder.mlmodelc"))


def test_a_warning_and_no_proxy_is_an_error_with_the_words_of_the_warning() -> None:
    """coremltools warns, and gives a model that cannot predict."""

    def make() -> object:
        warnings.warn("You will not be able to run predict(): Error compiling the model", RuntimeWarning, stacklevel=2)
        return SimpleNamespace(_proxy=None)

    with pytest.raises(
        ModelError, match=r"^Encoder.mlpackage on all: cannot be loaded: You will not .*: Error compiling the mod"
    ):
        _load(make, SUBJECT)


def test_nothing_at_all_is_an_error_that_says_so() -> None:
    """Neither a proxy nor a word."""
    with pytest.raises(ModelError, match="on all: cannot be loaded: coremltools returned no model and no reason"):
        _load(lambda: SimpleNamespace(_proxy=None), SUBJECT)


def test_an_exception_is_told_with_the_subject() -> None:
    """Of whatever type."""

    def make() -> object:
        raise RuntimeError("Error reading the model")

    with pytest.raises(ModelError, match=r"^Encoder.mlpackage on all: cannot be loaded: .*Error reading the model"):
        _load(make, SUBJECT)


def test_a_model_that_loaded_with_a_warning_is_a_model() -> None:
    """A warning does not stop the load."""
    model = SimpleNamespace(_proxy=object())

    def make() -> object:
        warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
        return model

    assert _load(make, SUBJECT) is model


def test_a_failed_prediction_has_no_duration_of_an_earlier_one(mac: Mac, tmp_path: Path) -> None:
    """The native module still gives the former one then; the next prediction has its own."""
    mac.become(
        times=Times(first_predict_ns=50, predict_ns=(7, 8)), failures=(Failure("predict", "error", "no", call=2),)
    )
    order = Load(mac.package(standin_models.program_spec()), "all")
    model, _ = load(order, tmp_path / "engine", lambda _: None)
    x = {"x": np.ones((1, 4), np.float32)}

    assert model.predict(dict(x))[1] == 50 / 1e6
    with pytest.raises(ModelError, match=r"^Model\.mlpackage on all: the prediction failed: no$"):
        model.predict(dict(x))
    assert model.predict(dict(x))[1] == 7 / 1e6


def test_a_model_is_loaded_from_a_path_of_ours_and_again_from_it(mac: Mac, tmp_path: Path) -> None:
    """First from one never used before, on each order; nothing stays in the temporary folder."""
    mac.become(times=Times(first_load_ns=900, load_ns=100))
    order = Load(mac.package(standin_models.program_spec()), "cpuOnly")

    loads = [load(order, tmp_path / "engine", lambda _: None) for _ in range(2)]

    assert [times.first_load_ms for _, times in loads] == [(900 / 1e6,)] * 2
    assert all(set(times.load_ms) == {100 / 1e6} for _, times in loads)
    assert len({model.subject.compiled for model, _ in loads}) == 2
    assert all(model.subject.compiled.is_relative_to(tmp_path / "engine") for model, _ in loads)
    assert list((mac.folder / "tmp").glob("*.mlmodelc")) == []
