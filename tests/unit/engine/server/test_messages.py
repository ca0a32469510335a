"""Causes are read out of the dress that the binding puts around them."""

from __future__ import annotations

import pytest

from pytest_coreml.engine.server.messages import cause

DRESSED = '{\n    NSLocalizedDescription = "Could not open \\"weights\\" in \\U00fcber";\n    NSUnderlyingError = x;\n}'


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError(DRESSED), 'Could not open "weights" in über'),
        (RuntimeError("{\n    NSLocalizedDescription = Unknown;\n}"), "Unknown"),
        (RuntimeError('Error compiling model: "no weights".'), 'Error compiling model: "no weights".'),
        (MemoryError(), "out of memory"),
        (IndexError(), "IndexError"),
    ],
    ids=["quoted", "a word", "plain", "memory", "no text"],
)
def test_cause(error: Exception, expected: str) -> None:
    """The description alone, unescaped; the text as it is where there is none."""
    assert expected == cause(error)
