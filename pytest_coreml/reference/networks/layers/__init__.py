"""The families of layers; the guide to writing one is in the package above."""

from __future__ import annotations

from pytest_coreml.reference.networks.layer_registry import HANDLERS

handlers = HANDLERS.load
