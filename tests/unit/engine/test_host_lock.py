"""One process holds the lock at a time, and its end releases the lock."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.host_lock import HostLock, lock_folder
from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys
from pytest_coreml.engine.host_lock import HostLock
with HostLock().held(lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for each test, in this process and in those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
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


def never() -> None:
    """Fail, where nothing may have to wait."""
    raise AssertionError("waited for a lock that was free")


def test_a_killed_process_releases_the_lock(holder: subprocess.Popen[str]) -> None:
    """The waiting process is called back while the other one lives, and goes on when that is killed."""
    told: list[int | None] = []

    def waiting() -> None:
        told.append(holder.poll())
        holder.kill()
        holder.wait()

    with HostLock().held(waiting):
        pass

    assert told[0] is None


def test_the_lock_can_be_nested() -> None:
    """A block within a block does not wait for itself, and the outer one releases the lock."""
    lock = HostLock()
    with lock.held(never), lock.held(never):
        pass
    with HostLock().held(never):
        pass


def test_the_lock_file_is_made_when_the_lock_is_first_held(temporary: Path) -> None:
    """There is no file before; then there is one folder, which other users cannot look into."""
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
