"""Run system commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from subprocess import DEVNULL, PIPE, TimeoutExpired

from pytest_coreml.machine.child_process import ChildProcess

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
        process = ChildProcess(
            words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "PATH": path, "LC_ALL": "C"}
        )
    except OSError:
        return ""
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except BaseException as error:
            process.kill()
            if isinstance(error, TimeoutExpired):
                return ""
            raise
    return output.decode(errors="replace")
