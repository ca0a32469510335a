"""Run system commands."""

from __future__ import annotations

import os
import selectors
import time
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
    try:
        process = _start(words)
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


def run_limited(words: Sequence[str], seconds: float, max_bytes: int) -> bytes:
    """Return the stdout of a command, of up to *max_bytes*, also if it fails.

    Raise `OSError` if the command does not exist, takes longer than *seconds*, or writes more.
    """
    deadline = time.monotonic() + seconds
    output = bytearray()
    process = _start(words)
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    return bytes(output)
                output += chunk
                if len(output) > max_bytes:
                    raise OSError(f"{words[0]} wrote more than {max_bytes:,} bytes")
        raise OSError(f"{words[0]} did not end within {seconds:g} s")
    finally:
        # One that has closed its output has nothing more to say.
        process.kill()
        with process:
            pass


def _start(words: Sequence[str]) -> ChildProcess:
    path = os.pathsep.join(filter(None, (os.environ.get("PATH"), _SYSTEM_PATH)))
    environment = {**os.environ, "PATH": path, "LC_ALL": "C"}
    return ChildProcess(words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=environment)
