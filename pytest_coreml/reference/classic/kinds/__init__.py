"""Model types, one a module, by the names of the format."""

from __future__ import annotations

from pytest_coreml.reference.classic.model_kinds import MAKERS

makers = MAKERS.load
