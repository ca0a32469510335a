"""The reading of how long threads waited for a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.engine.server import run_queue

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
    """A thread that goes away between listing and reading is no error."""
    (tmp_path / "13").mkdir()
    monkeypatch.setattr(run_queue, "_TASKS", tmp_path)

    assert run_queue.LinuxRunQueue().read_ms() == 0.0
