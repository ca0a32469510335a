"""A coremltools over the stand-in, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import standin_models
from standin.install import rebind
from standin.scenario import Scenario
from standin.session import begin, read_journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Mac:
    """A stand-in Mac under test: scenario, folder, journal."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.path = folder / "scenario.json"
        Scenario().save(self.path)
        rebind(self.path, monkeypatch)

    def become(self, **changes: Any) -> None:
        """Take another scenario."""
        Scenario(**changes).save(self.path)
        begin(self.path)

    def package(self, spec: Any, name: str = "Model.mlpackage") -> str:
        """Write a model into the folder."""
        return str(standin_models.save(spec, self.folder / name))

    def compiled(self, spec: Any, name: str = "Model") -> str:
        """Write a model and compile it to a path in the folder."""
        from coremltools.models.utils import compile_model

        source = self.package(spec, f"{name}.mlpackage")
        return str(compile_model(source, str(self.folder / f"{name}.mlmodelc")))

    def stages(self) -> list[str]:
        """Give the stages of all native calls so far."""
        return [entry["stage"] for entry in read_journal(self.path)]


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

    def load_it(spec: Any, **options: Any) -> Any:
        from coremltools.models import CompiledMLModel

        return CompiledMLModel(mac.compiled(spec), **options)

    return load_it
