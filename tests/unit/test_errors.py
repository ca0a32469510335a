"""Suggestions for words that were misspelled."""

from __future__ import annotations

import pytest

from pytest_coreml.errors import did_you_mean


@pytest.mark.parametrize("word", ["predict_msec", "PREDICT_MS", "predict_ms"])
def test_the_most_similar_name_is_suggested(word: str) -> None:
    """Upper and lower case make no difference."""
    assert did_you_mean(word, ["load_ms", "predict_ms"]) == "; did you mean 'predict_ms'?"


def test_nothing_is_suggested_for_a_word_like_none_of_the_names() -> None:
    """A wrong suggestion is worse than none."""
    assert did_you_mean("colour", ["load_ms", "predict_ms"]) == ""
