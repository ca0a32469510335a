"""A missing model is answered with one whose name is like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.errors import ModelError
from pytest_coreml.session.near_models import near_path
from pytest_coreml.session.sources import Sources

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["Encodr.mlpackage", "encoder.mlmodel", "Encoder.mlpackge", "models/Encoder.mlmodelc"])
def test_a_model_of_a_similar_name_is_named(tmp_path: Path, name: str) -> None:
    """In the folder that the path leads to: misspelled, in another case, or with another suffix."""
    folder = tmp_path / "models" if "/" in name else tmp_path
    (folder / "Encoder.mlpackage").mkdir(parents=True)
    (folder / "Encoders.txt").touch()

    with pytest.raises(ModelError, match=r"no such model: .*; did you mean 'Encoder\.mlpackage'\?$"):
        Sources(tmp_path).resolve(name, tmp_path)


def test_nothing_is_suggested_where_no_name_is_similar(tmp_path: Path) -> None:
    """A folder may be missing, too."""
    (tmp_path / "Decoder.mlpackage").mkdir()

    for name in ("Xyz.mlpackage", "missing/Xyz.mlpackage"):
        with pytest.raises(ModelError, match=r"[^?]$"):
            Sources(tmp_path).resolve(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("models/Encodr.mlpackage", "Encoder.mlpackage"),
        ("Encoder.mlpackage", "models/Encoder.mlpackage"),
        ("Xyz.mlpackage", None),
        ("Gone.mlpackage", None),
        ("Loop.mlpackage", None),
    ],
)
def test_a_path_of_the_command_line_is_answered_with_a_path(tmp_path: Path, name: str, meant: str | None) -> None:
    """A similar name in its folder, or the same name in a folder below; never a link that leads nowhere."""
    (tmp_path / "Gone.mlpackage").symlink_to("nowhere")
    (tmp_path / "Loop.mlpackage").symlink_to("Loop.mlpackage")
    (tmp_path / "models" / "Encoder.mlpackage").mkdir(parents=True)

    assert near_path(name, tmp_path) == (f"; did you mean {meant!r}?" if meant else "")
