"""A coremltools over the stand-in, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from standin.mac import Mac

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mac:
    """Put coremltools of this process over the stand-in."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    return Mac(tmp_path, monkeypatch)


@pytest.fixture
def load(mac: Mac) -> Callable[..., Any]:
    """Load a specification as a compiled model."""

    def load_it(spec: Any, name: str = "Model", **options: Any) -> Any:
        from coremltools.models import CompiledMLModel

        return CompiledMLModel(mac.compiled(spec, name), **options)

    return load_it
