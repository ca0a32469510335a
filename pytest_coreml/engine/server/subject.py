"""What messages call a model: by the file that the user named, never by the copy that an engine works on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.engine.server.messages import cause

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits


@dataclass(frozen=True)
class Subject:
    """The model file at *path* on *compute_units*, which was compiled to *compiled*."""

    path: Path
    compute_units: ComputeUnits
    compiled: Path

    def __str__(self) -> str:
        return f"{self.path.name} on {self.compute_units}"

    def cause(self, error: BaseException | str) -> str:
        """Give the cause of *error*, as `messages.cause` does, with the user's paths."""
        text = cause(error) if isinstance(error, BaseException) else error
        # macOS says /private/var where a temporary folder is called /var.
        ours = rf"(?:/private)?{re.escape(str(self.compiled))}(?:/([\w./-]+\w))?"
        words = re.sub(ours, lambda found: str(self._original(found.group(1))), text)
        return words.removeprefix(f"{self.path}: ")

    def _original(self, inner: str | None) -> Path:
        # Only weights are called the same in a package, beside its specification.
        if inner is None or not inner.startswith("weights/"):
            return self.path
        specification = next(self.path.rglob("*.mlmodel"), None)
        return specification.parent / inner if specification else self.path
