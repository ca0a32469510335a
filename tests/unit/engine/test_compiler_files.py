"""The files of Core ML's compiler are searched for in a separate home folder, and read with care."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from analytics_files import analytics, operation

from pytest_coreml.engine import compiler_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = analytics(operation("y", "relu"))


def test_only_whole_regular_files_of_finished_compilations_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe would be waited for, a link may lead anywhere, and a compilation may not have ended."""
    for name in ("whole", "0b.tmp.17_1.bundle", "pipe", "link", "large"):
        (tmp_path / name).mkdir()
    (tmp_path / "whole" / "analytics.mil").write_text(TEXT)
    (tmp_path / "0b.tmp.17_1.bundle" / "analytics.mil").write_text("unfinished")
    os.mkfifo(tmp_path / "pipe" / "analytics.mil")
    (tmp_path / "link" / "analytics.mil").symlink_to(tmp_path / "whole" / "analytics.mil")
    (tmp_path / "large" / "analytics.mil").write_text(TEXT + " ")
    monkeypatch.setattr(compiler_files, "MAX_CHARACTERS", len(TEXT))

    assert list(compiler_files._texts(tmp_path)) == [TEXT]
