"""A watchdog: a shell that kills an engine when the process that started the engine is gone.

An engine inside a native call cannot notice that, because a native call may hold the interpreter's lock. The shell
waits for the end of a pipe that only the starting process holds open. It learns of any end at once, even by `SIGKILL`.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from subprocess import DEVNULL
from typing import Final

from pytest_coreml.machine.child_process import ChildProcess

# Waits until the pipe is closed, then kills the process group $1 and removes the folder $2. It removes twice, since a
# process may still be writing while its exit completes. Signals that are sent to all processes must not end it first.
_SCRIPT: Final = """
trap '' HUP INT TERM
read -r line && exit
kill -s KILL -- "-$1"
rm -rf -- "$2"
sleep 1
rm -rf -- "$2"
"""


class Watchdog:
    """Kills the process group *group* and removes *folder* when this process ends before `dismiss` was called."""

    def __init__(self, group: int, folder: str) -> None:
        self._pipe: int | None = None
        self._popen: ChildProcess | None = None
        theirs, ours = os.pipe()
        try:
            self._popen = _start_shell(theirs, group, folder)
        except OSError:
            # Without a shell engines still end, at their own time limit.
            os.close(ours)
            return
        finally:
            os.close(theirs)
        self._pipe = ours
        _watchdogs.add(self)

    def dismiss(self) -> None:
        """End the watchdog, which then does nothing."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()
            self._popen = None
        self.let_go()

    def let_go(self) -> None:
        """Close this process's end of the pipe."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


_watchdogs: Final[weakref.WeakSet[Watchdog]] = weakref.WeakSet()


def _start_shell(stdin: int, group: int, folder: str) -> ChildProcess:
    return ChildProcess(
        ["/bin/sh", "-c", _SCRIPT, "pytest-coreml-watchdog", str(group), folder],
        stdin=stdin,
        stdout=DEVNULL,
        stderr=DEVNULL,
        cwd="/",
        # What is sent to the group or the terminal of pytest must not end the watchdog with it.
        start_new_session=True,
    )


def _let_go_in_child() -> None:
    # A forked child has copies of the pipes, which would stay open when the parent ends.
    for watchdog in list(_watchdogs):
        with contextlib.suppress(OSError):
            watchdog.let_go()


os.register_at_fork(after_in_child=_let_go_in_child)
