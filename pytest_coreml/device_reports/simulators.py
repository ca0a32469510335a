"""Refuse results of simulators, which run on a Mac's processor: their times say nothing about a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable


def refuse_simulator(source: str, words: Iterable[str]) -> None:
    """Raise `ReportError` for the file *source* if one of *words* about its device names a simulator."""
    named = next((word for word in words if "simulator" in word.lower()), None)
    if named is not None:
        raise ReportError(f"{source}: measured in a simulator, which runs on the Mac's processor; measure on a device")
