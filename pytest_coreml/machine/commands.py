"""Ask the system by its commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence

# Runs a command and gives what it wrote to stdout.
Run = Callable[[Sequence[str]], str]

SECONDS = 5.0
# Where the commands of macOS are; a job started by launchd may have less on its PATH.
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def run(words: Sequence[str], seconds: float = SECONDS) -> str:
    """Give the stdout of a command, whatever its exit status: it may know some of what it was asked for.

    Empty when there is no such command, or when it takes longer than *seconds*.
    """
    path = os.pathsep.join(filter(None, (os.environ.get("PATH"), _SYSTEM_PATH)))
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "PATH": path, "LC_ALL": "C"},
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")
