"""The options of an engine process, from its command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.engine.compiled_models import CacheRules
    from pytest_coreml.facts.runtime import ApiName
    from pytest_coreml.reference.options import Precision


@dataclass(frozen=True)
class EngineOptions:
    """The settings that the pytest process sends to an engine."""

    runtime: str
    """`auto`, `coreml` or `reference`."""
    folder: Path
    """The folder for compiled models; the client removes it."""
    precision: Precision
    """The precision of the reference runtime."""
    threads: int
    """The threads of the reference runtime."""
    api: ApiName
    """The way to call Core ML, which the reference runtime has no use for."""
    insists_on_api: bool
    """True if it is an error when the API cannot be used."""
    cache_rules: CacheRules | None
    """The rules for keeping compiled models for later runs; None to compile them for this engine only."""
    has_converters: bool
    """True if coremltools imports torch and the like, for code of the user's that converts models."""
