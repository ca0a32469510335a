"""Read the compute plan of the loaded model."""

from __future__ import annotations

from pytest_coreml.placement import Placement


def read_plan(runtime: str) -> Placement:
    """Give the planned placement; unknown, with the reason, where this version cannot read one."""
    if runtime == "reference":
        return Placement((), "the reference runtime stands in for Core ML and plans nothing")
    return Placement((), "this version does not read compute plans yet")
