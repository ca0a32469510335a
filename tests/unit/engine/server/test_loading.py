"""A load that failed without an exception is an error with its cause."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_coreml.engine.server.loading import _load
from pytest_coreml.engine.server.subject import Subject
from pytest_coreml.errors import ModelError

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
    with pytest.raises(ModelError, match="on all: cannot be loaded: coremltools gave no model and no reason"):
        _load(lambda: SimpleNamespace(_proxy=None), SUBJECT)


def test_an_exception_is_told_with_the_subject() -> None:
    """Of whatever type."""

    def make() -> object:
        raise RuntimeError("Error reading the model")

    with pytest.raises(ModelError, match=r"^Encoder.mlpackage on all: cannot be loaded: .*Error reading the model"):
        _load(make, SUBJECT)


def test_a_model_that_loaded_with_a_warning_is_a_model() -> None:
    """What is merely said does not stop anybody."""
    model = SimpleNamespace(_proxy=object())

    def make() -> object:
        warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
        return model

    assert _load(make, SUBJECT) is model
