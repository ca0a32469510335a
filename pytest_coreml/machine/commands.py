"""Run system commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence

# A function that runs a command and returns its stdout.
Run = Callable[[Sequence[str]], str]

SECONDS = 5.0
# Where the commands of macOS are; a job started by launchd may have less on its PATH.
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def run(words: Sequence[str], seconds: float = SECONDS) -> str:
    """Return the stdout of a command, also if it fails: the output may contain part of the answer.

    Return an empty text if the command does not exist or takes longer than *seconds*.
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
