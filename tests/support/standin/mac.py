"""A coremltools of this process over the stand-in, for unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import standin_models

from standin.install import rebind
from standin.scenario import Scenario
from standin.session import begin, read_journal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
        """Return the stages of all native calls so far."""
        return [entry["stage"] for entry in read_journal(self.path)]
