"""One process holds the lock at a time, and its end releases the lock; a stopped one is waited for within a limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from pytest_coreml.engine import host_lock, lock_holder
from pytest_coreml.engine.host_lock import HostLock, lock_folder
from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys
from pytest_coreml.engine.host_lock import HostLock
from pytest_coreml.engine import lock_holder
lock_holder._SIGN_SECONDS = 0.1
lock = HostLock()
with lock.held(lambda _: None):
    print("held", flush=True)
    for line in sys.stdin:
        lock.give_sign()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for each test, in this process and in those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Workers of this suite are of one run, whose waits are not announced.
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock."""
    words = [sys.executable, "-c", HOLD]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def never(_: str) -> None:
    """Fail, where nothing may have to wait."""
    raise AssertionError("waited for a lock that was free")


def test_a_killed_process_releases_the_lock(holder: subprocess.Popen[str]) -> None:
    """The waiting process is called back while the other one lives, and goes on when that is killed."""
    told: list[int | None] = []

    def waiting(_: str) -> None:
        told.append(holder.poll())
        holder.kill()
        holder.wait()

    with HostLock().held(waiting):
        pass

    assert told[0] is None


def test_the_lock_can_be_nested() -> None:
    """A block within a block does not wait for itself, and the outer one releases the lock."""
    lock = HostLock()
    with lock.held(never) as outer, lock.held(never) as inner:
        assert (outer, inner) == (True, True)
    with HostLock().held(never):
        pass


def test_the_lock_file_is_made_when_the_lock_is_first_held(temporary: Path) -> None:
    """The folder is created on first use, and other users cannot look into it."""
    lock = HostLock()
    before = list(temporary.iterdir())

    with lock.held(never):
        pass

    assert before == []
    assert list(temporary.iterdir()) == [lock_folder()]
    assert lock_folder().stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_the_folder_is_refused(temporary: Path) -> None:
    """A link that another user has put into the temporary folder is not followed."""
    (temporary / "elsewhere").mkdir()
    lock_folder().symlink_to(temporary / "elsewhere")

    with pytest.raises(EngineError, match="is not a folder of this user; remove it, or choose"), HostLock().held(never):
        pass


def test_a_stopped_process_is_named_and_waited_for_within_the_limit(
    holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each measurement goes on without the lock then, with a remark; only the first one waits for the whole limit."""
    monkeypatch.setattr(host_lock, "_ANNOUNCE_SECONDS", 0.1)
    os.kill(holder.pid, signal.SIGSTOP)
    while psutil.Process(holder.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    waits: list[str] = []
    lines: list[str] = []
    lock = HostLock(limit=1, announce=lines.append)
    seconds = []

    for _ in range(2):
        began = time.monotonic()
        with lock.held(waits.append) as is_held, lock.held(never) as is_held_within:
            assert (is_held, is_held_within) == (False, False)
        seconds.append(time.monotonic() - began)

    name = f"process {holder.pid} (-c, which is stopped; continue or end it: kill -CONT {holder.pid})"
    assert waits[-1].endswith(f" s for {name} to finish measuring, before")
    assert lines[0].startswith(f"waiting for {name} to finish measuring; without a response from it for 1 s")
    assert lines[1] == f"measuring without waiting for {name}: no response from it for 1 s"
    assert [remark.split(",")[0] for remark in lock.given_up] == [
        "measured while another process held the lock for measuring"
    ] * 2
    assert seconds[0] >= 1
    assert seconds[1] < 1


def test_a_process_that_gives_signs_of_life_is_waited_for(
    holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit counts from the last sign: a slow model of another run is not disturbed."""
    monkeypatch.setattr(host_lock, "_REPORT_SECONDS", 0.1)
    monkeypatch.setattr(host_lock, "_ANNOUNCE_SECONDS", 0.1)
    lines: list[str] = []
    began = time.monotonic()

    def waiting(_: str) -> None:
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()
        if time.monotonic() - began > 2.2:
            holder.kill()

    lock = HostLock(limit=1.5, announce=lines.append)
    with lock.held(waiting) as is_held:
        assert is_held

    assert lock.given_up == []
    assert lines[-1] == "waited 2 s for another process to finish measuring"


def test_a_lock_of_a_process_that_does_not_say_who_it_is(
    holder: subprocess.Popen[str],
) -> None:
    """It is another process, as one of another version is, and waiting for it has an end too."""
    (lock_folder() / "measuring.holder").write_text("{}")
    waits: list[str] = []

    with HostLock(limit=0.2).held(waits.append) as is_held:
        assert not is_held
    assert waits[0] == "waiting 0 s for another process to finish measuring, before"
    assert holder.poll() is None


def test_waiting_for_a_worker_of_the_same_run_is_not_announced(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Workers wait for each other all the time."""
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "run")
    monkeypatch.setattr(host_lock, "_ANNOUNCE_SECONDS", 0.0)
    holder: subprocess.Popen[str] = request.getfixturevalue("holder")
    lines: list[str] = []

    with HostLock(announce=lines.append).held(lambda _: holder.kill()):
        pass
    assert lines == []


def test_the_command_is_shown_without_its_folder(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    """`python -m pytest` is pytest, and a long command is cut."""
    monkeypatch.setattr(sys, "argv", ["/home/user/site-packages/pytest/__main__.py", "-q", "x" * 200])
    file = lock_holder.HolderFile(temporary / "holder")
    file.write()

    assert str(file.read()).startswith(f"process {os.getpid()} (pytest -q xxx")
    assert len(file.read().command) == 100
