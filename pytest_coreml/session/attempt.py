"""One test while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.engine.lease import UNTIMED

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.engine.lease import EngineKey, Timing
    from pytest_coreml.plugin.declarations import Declared
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.verdict.record import Record


@dataclass
class Trial:
    """One test while it runs: what it declares, and the models it uses.

    *timing*: what is measured of a load, for this test or for another one that may use the same loaded model.
    *unloaded*: what it asked for, and an engine could not load.
    """

    id: str
    folder: Path
    declared: Declared
    models: list[CoreMLModel] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    attempt: int = 1
    timing: Timing = UNTIMED
    unloaded: list[EngineKey] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What tells it from others, and from its other attempts."""
        return self.id if self.attempt == 1 else f"{self.id} (attempt {self.attempt})"

    @property
    def is_unjudgeable(self) -> bool:
        """Whether the test declares checks, and used no model that they could be about."""
        return not self.models and bool(self.declared.budgets or self.declared.rules)

    def use(self, model: CoreMLModel) -> None:
        """Note that the test uses *model*, which forgets what an earlier test did with it."""
        if model not in self.models:
            model.last_inputs = model.measurement = model.measured_with = None
            self.models.append(model)
