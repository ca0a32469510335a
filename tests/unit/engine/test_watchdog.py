"""An engine ends with the process that started it, also inside a native call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from pytest_coreml.engine import process, watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# An engine that locks a mutex twice with the interpreter's lock held: no Python code of it runs ever again.
HANGS = """
import ctypes, os, sys
with open(os.path.join(os.environ["TMPDIR"], "started"), "w") as file: file.write(str(os.getpid()))
libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(256)
libc.pthread_mutex_init(mutex, None)
libc.pthread_mutex_lock(mutex)
libc.pthread_mutex_lock(mutex)
"""
# A process that waits for an engine which hangs.
WAITS = """
import os, sys
from pytest_coreml.engine import process
from pytest_coreml.engine.client import Engine

process._BOOT = sys.argv[1]
engine = Engine("auto", 600)
{before}
engine.start()
"""
# A child that another plugin has forked: it has copies of all descriptors, and outlives its parent.
FORKS_LATER = """
import threading, time
def fork():
    time.sleep(1)
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
threading.Thread(target=fork, daemon=True).start()
"""


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until *condition* is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether a process runs; in a container without an init, the dead stay as zombies."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def processes_that_name(folder: Path) -> list[psutil.Process]:
    """Return the processes that have *folder* in their command line."""
    return [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[bytes], int]]]:
    """Start a process whose engine hangs; returns it with the id of the engine."""
    started = []

    def start(before: str = "") -> tuple[subprocess.Popen[bytes], int]:
        words = [sys.executable, "-c", WAITS.format(before=before), HANGS]
        started.append(subprocess.Popen(words, env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True))
        wait_until(lambda: [file for file in tmp_path.glob("*/started") if file.read_text()])
        return started[0], int(next(tmp_path.glob("*/started")).read_text())

    yield start
    for starter in started:
        starter.kill()
        starter.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_in_a_native_call_ends_with_the_process_that_started_it(
    number: signal.Signals, start: Callable[[], tuple[subprocess.Popen[bytes], int]], tmp_path: Path
) -> None:
    """The engine and its folder are gone within seconds, and so is the watchdog."""
    starter, engine = start()

    os.kill(starter.pid, number)
    starter.wait()
    wait_until(lambda: not is_alive(engine), seconds=5)
    wait_until(lambda: not list(tmp_path.iterdir()), seconds=5)
    wait_until(lambda: not processes_that_name(tmp_path), seconds=5)


def test_a_forked_child_of_the_process_does_not_keep_the_engine(
    start: Callable[[str], tuple[subprocess.Popen[bytes], int]],
) -> None:
    """The child has copies of the pipe to the watchdog, and closes them."""
    starter, engine = start(FORKS_LATER)
    wait_until(lambda: len([p for p in psutil.Process(starter.pid).children() if p.name() != "sh"]) == 2)
    child = next(p for p in psutil.Process(starter.pid).children() if p.pid != engine and p.name() != "sh")

    try:
        starter.kill()
        starter.wait()
        wait_until(lambda: not is_alive(engine), seconds=5)
        assert is_alive(child.pid)
    finally:
        child.kill()


def test_the_watchdog_ends_with_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is closed leaves no process of any kind."""
    monkeypatch.setattr(process, "_BOOT", "import sys; sys.stdin.read()")
    before = psutil.Process().children()
    started = process.EngineProcess("auto", 60)
    while_open = psutil.Process().children()
    started.end()

    assert len(while_open) == len(before) + 2
    assert psutil.Process().children() == before


def test_an_engine_starts_where_there_is_no_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own time limit remains."""

    def no_shell(*_: object) -> None:
        raise FileNotFoundError("/bin/sh")

    monkeypatch.setattr(watchdog, "_start_shell", no_shell)
    monkeypatch.setattr(process, "_BOOT", "import time; time.sleep(60)")
    before = psutil.Process().children()
    started = process.EngineProcess("auto", 60)

    assert len(psutil.Process().children()) == len(before) + 1
    started.kill()
