"""Suggestions for misspelled words, and the texts of errors."""

from __future__ import annotations

import pytest

from pytest_coreml.errors import ModelError, did_you_mean, first_line
from pytest_coreml.escaping import safe_lines


@pytest.mark.parametrize("word", ["predict_msec", "PREDICT_MS", "predict_ms"])
def test_the_most_similar_name_is_suggested(word: str) -> None:
    """Upper and lower case make no difference."""
    assert did_you_mean(word, ["load_ms", "predict_ms"]) == "; did you mean 'predict_ms'?"


def test_nothing_is_suggested_for_a_word_like_none_of_the_names() -> None:
    """A wrong suggestion is worse than none."""
    assert did_you_mean("colour", ["load_ms", "predict_ms"]) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n  second", "plain\n  second"),
        ("red \x1b[31m and bell \x07", "red \\x1b[31m and bell \\x07"),
        ("name\n::error::made up", "name\n: :error::made up"),
        ("name\n \t::error::made up", "name\n \t: :error::made up"),
        ("back\r::error::made up", "back\\r::error::made up"),
        ("test_a.py::test_b", "test_a.py::test_b"),
        ("größer 学", "größer 学"),
    ],
)
def test_the_text_of_an_error_steers_neither_terminal_nor_actions(text: str, shown: str) -> None:
    """Names of a model, and what an engine wrote, are part of it."""
    assert str(ModelError(text)) == shown
    assert safe_lines(safe_lines(text)) == shown


@pytest.mark.parametrize(
    ("text", "line"), [("why\nand more", "why"), ("\n  \n  why  \n", "why"), ("", "ValueError"), (" \n", "ValueError")]
)
def test_the_first_line_of_an_error_names_its_type_if_it_is_empty(text: str, line: str) -> None:
    """Other libraries raise errors that begin with an empty line, or have no text."""
    assert first_line(ValueError(text)) == line
