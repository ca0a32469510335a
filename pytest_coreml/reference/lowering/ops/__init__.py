"""Handlers of operations, one module a family; modules that begin with `_` hold what families share."""

from __future__ import annotations

from pytest_coreml.reference.lowering.registry import HANDLERS

handlers = HANDLERS.load
