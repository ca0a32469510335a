"""This machine, its current conditions, and what may be judged on it; nothing identifies a person or a single device.

`facts` contains the data. `parsing` reads them from the output of system commands, which `linux` and `macos` run.
`policy` decides which compute units and clocks can be trusted on a machine.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.machine.facts import Conditions, Identity


@cache
def identity() -> Identity:
    """Return the identity of this machine, which is read once in each process."""
    if is_mac():
        from pytest_coreml.machine import macos

        return macos.read_identity()
    from pytest_coreml.machine import linux

    return linux.read_identity()


def conditions() -> Conditions:
    """Return the current conditions of this machine, such as thermal state and power source."""
    if is_mac():
        from pytest_coreml.machine import macos

        return macos.read_conditions()
    from pytest_coreml.machine import linux

    return linux.read_conditions()


def is_mac() -> bool:
    """Return True if this is a Mac, without running a command."""
    return platform.system() == "Darwin"
