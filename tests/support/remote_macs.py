"""Several stand-in Macs that pytest-xdist reaches by `ssh`: a command of that name that needs no network."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from standin.commands import M4_PRO, MacFacts, write_commands
from standin.install import environment
from standin.scenario import Scenario, Times

if TYPE_CHECKING:
    from pathlib import Path

# What execnet says is `ssh -C HOST COMMAND`.
SSH = """\
#!/bin/sh
exec {folder}/"$2"/enter "$3"
"""
ENTER = """\
#!/bin/sh
cd {home} && exec env {settings} sh -c "$1"
"""
KEPT = ("PATH", "PYTHONPATH", "HOME", "TMPDIR")


def write_macs(folder: Path, chips: dict[str, str]) -> Path:
    """Write Macs by host name, with their *chips*; give the folder with the command `ssh`, for the front of PATH.

    The n-th of them predicts in n ms.
    """
    for number, (host, chip) in enumerate(chips.items(), start=1):
        _write_mac(folder / host, chip, number)
    ssh = folder / "bin" / "ssh"
    ssh.parent.mkdir()
    _script(ssh, SSH.format(folder=shlex.quote(str(folder))))
    return ssh.parent


def _write_mac(folder: Path, chip: str, milliseconds: int) -> None:
    home = folder / "home"
    (home / "tmp").mkdir(parents=True)
    write_commands(folder / "bin", MacFacts(sysctl={**M4_PRO, "machdep.cpu.brand_string": chip}))
    scenario = folder / "scenario.json"
    Scenario(times=Times(predict_ns=(milliseconds * 1_000_000,))).save(scenario)
    base = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
    }
    there = environment(scenario, base)
    settings = [f"{name}={value}" for name, value in there.items() if name in KEPT or name not in os.environ]
    _script(folder / "enter", ENTER.format(home=shlex.quote(str(home)), settings=shlex.join(settings)))


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
