"""The reading of how long threads waited for a CPU."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.server import run_queue

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_delay_is_the_sum_over_threads_in_milliseconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts nanoseconds, as the second of three fields, for each thread."""
    for thread, line in (("11", "900 1500000 3\n"), ("12", "800 2500000 5\n")):
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(line)
    monkeypatch.setattr(run_queue, "_TASKS", tmp_path)
    delay = run_queue.LinuxRunQueue()

    assert delay.read_ms() == 4.0
    delay.close()


def test_a_thread_that_ended_counts_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that ends between listing and reading is not an error."""
    (tmp_path / "13").mkdir()
    monkeypatch.setattr(run_queue, "_TASKS", tmp_path)

    assert run_queue.LinuxRunQueue().read_ms() == 0.0


@pytest.mark.skipif(platform.system() != "Linux", reason="threads have files in /proc on Linux only")
def test_a_thread_that_takes_the_place_of_another_is_read() -> None:
    """The number of threads stays the same when one ends and another starts; the new one is read anyway."""
    delay = run_queue.LinuxRunQueue()
    with waiting_thread() as first:
        delay.read_ms()
        assert str(first) in threads_read()
    with waiting_thread() as second:
        delay.read_ms()
        assert str(second) in threads_read()
    delay.close()

    assert not threads_read()


@contextlib.contextmanager
def waiting_thread() -> Iterator[int]:
    """A thread that does nothing; yields its number in the system."""
    is_over = threading.Event()
    thread = threading.Thread(target=is_over.wait)
    thread.start()
    yield thread.native_id or 0
    is_over.set()
    thread.join()


def threads_read() -> set[str]:
    """The numbers of the threads whose schedule statistics this process has open."""
    # The listing's own descriptor is closed by now.
    links = [link.readlink() for link in list(Path("/proc/self/fd").iterdir()) if os.path.lexists(link)]
    return {link.parent.name for link in links if link.name == "schedstat"}
