"""The engine process: it owns coremltools and one loaded model, and answers requests."""

from __future__ import annotations

from pytest_coreml.engine.server.loop import main

__all__ = ["main"]
