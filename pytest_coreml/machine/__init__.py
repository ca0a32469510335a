"""What this machine is and how it does, and what may be judged on it; nothing that names a person or a single device.

`facts` are the data, `parsing` makes them of the texts of the system, `linux` and `macos` know where the texts come
from, `policy` says what a machine is fit for.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.machine.facts import Conditions, Identity


@cache
def identity() -> Identity:
    """Say what this machine is; asked of the system once a process."""
    if is_mac():
        from pytest_coreml.machine import macos

        return macos.read_identity()
    from pytest_coreml.machine import linux

    return linux.read_identity()


def conditions() -> Conditions:
    """Say how this machine does now: heat and power."""
    if is_mac():
        from pytest_coreml.machine import macos

        return macos.read_conditions()
    from pytest_coreml.machine import linux

    return linux.read_conditions()


def is_mac() -> bool:
    """Whether this is a Mac, without asking the system anything."""
    return platform.system() == "Darwin"
