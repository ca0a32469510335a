"""The notes that the author of a model has written into it: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ModelMetadata:
    """The metadata of a model. Missing entries are empty strings."""

    author: str = ""
    """The author."""
    license: str = ""
    """The license."""
    version: str = ""
    """The author's version of the model."""
    description: str = ""
    """The description of the model."""
    user_defined: dict[str, str] = field(default_factory=dict)
    """Other entries by name, such as the version of coremltools that converted the model."""
