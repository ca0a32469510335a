"""A device report's description of the model that was measured."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReportedModel:
    """The facts in a device report about its model; it contains neither the model nor a digest of it."""

    name: str
    """The file name, without its suffix where the report omits it."""
    size_bytes: int | None = None
    """The size of the model; None if unknown."""
    operations: dict[str, int] = field(default_factory=dict)
    """The count of each operator without constants, by its name without the opset; empty if unknown."""
    inputs: tuple[str, ...] = ()
    """The names of the inputs; empty if unknown."""
    outputs: tuple[str, ...] = ()
    """The names of the outputs; empty if unknown."""

    @property
    def stem(self) -> str:
        """The name without the suffix of a model."""
        return model_stem(self.name)


def model_stem(name: str) -> str:
    """Return the name of a model without its suffix; a dot in a name is not a suffix."""
    for suffix in (".mlpackage", ".mlmodelc", ".mlmodel"):
        name = name.removesuffix(suffix)
    return name
