"""Sentences are wrapped where the meaning does not suffer."""

from __future__ import annotations

import pytest

from pytest_coreml.report.text.layout import filled, wrapped


@pytest.mark.parametrize("width", range(12, 40))
def test_a_number_stays_with_its_unit(width: int) -> None:
    """`+9.8` at the end of a line is not a percentage."""
    lines = wrapped("memory 83.4 MB vs 12 ms, +9.8 % at least, 2 x", "", width)

    assert all(any(figure in line for line in lines) for figure in ("83.4 MB", "12 ms,", "+9.8 %", "2 x"))
    assert " ".join(" ".join(lines).split()) == "memory 83.4 MB vs 12 ms, +9.8 % at least, 2 x"
    assert max(map(len, lines)) <= width


def test_what_is_no_unit_is_wrapped() -> None:
    """Words that begin like one are words."""
    assert wrapped("12 msgs of 3", "", 5) == ["12", "  msgs", "  of", "  3"]


def test_pieces_are_never_broken() -> None:
    """One that is longer than a line stands alone."""
    assert list(filled(["a b", "c d", "a long piece", "e"], "  ", 10)) == ["  a b,", "  c d,", "  a long piece,", "  e"]
