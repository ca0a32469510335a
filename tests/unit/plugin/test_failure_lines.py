"""Failures in one line."""

from __future__ import annotations

import pytest

from pytest_coreml.errors import ModelError
from pytest_coreml.plugin.failure_lines import error_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/tmp/a b/Encoder.mlmodel: cannot be read", "a b/Encoder.mlmodel: cannot be read"),
        ("/tmp/x/Encoder.mlmodel: cannot be read\nmore", "Encoder.mlmodel: cannot be read"),
        ("there is no /a/b/c.mlmodel, nor '/d/e.mlmodel'", "there is no c.mlmodel, nor 'e.mlmodel'"),
        ("models/Encoder.mlmodel: 3 of 4 calls/s at https://example.org/a", None),
        ("there is no /tmp/models/", "there is no models/"),
        ("", "ModelError"),
    ],
)
def test_files_are_named_without_their_folders(text: str, line: str | None) -> None:
    """Of absolute paths; others are as the user wrote them."""
    assert error_line(ModelError(text)) == (text if line is None else line)
