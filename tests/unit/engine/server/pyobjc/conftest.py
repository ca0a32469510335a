"""A Mac with PyObjC, in this process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from pyobjc_standin import modules
from standin.scenario import ObjC
from standin.session import read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin.mac import Mac

NEWEST = "12.2.2"


class ObjCMac:
    """A stand-in Mac that has PyObjC."""

    def __init__(self, mac: Mac) -> None:
        self.mac = mac
        self.become()

    def become(self, objc: ObjC | None = None, **scenario: Any) -> None:
        """Take another scenario, by default with the newest PyObjC."""
        self.mac.become(objc=objc or ObjC(NEWEST), **scenario)

    def journal(self, stage: str) -> list[dict[str, Any]]:
        """Return the calls of one stage, in order."""
        return [entry for entry in read_journal(self.mac.path) if entry["stage"] == stage]

    @property
    def wrong(self) -> list[dict[str, Any]]:
        """The sends that PyObjC would have made at a cost, or without a pool."""
        return [entry for entry in self.journal("objc") if "wrong" in entry]


@pytest.fixture
def objc_mac(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjCMac]:
    """PyObjC's modules can be imported, until the end of the test; nothing wrong was sent."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    modules.install()
    made = ObjCMac(mac)
    yield made
    for name in modules.MODULES:
        sys.modules.pop(name, None)
    assert made.wrong == []
