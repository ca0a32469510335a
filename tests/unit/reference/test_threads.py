"""The number of threads that the reference runtime uses."""

from __future__ import annotations

import os

import pytest

from pytest_coreml.reference.threads import count_threads, physical_cores


@pytest.fixture
def four_logical_cores(tmp_path, monkeypatch):
    """A process that may use four logical cores of a machine, two of each physical core."""
    for cpu, siblings in enumerate(["0-1", "0-1", "2-3", "2-3", "4-5", "4-5"]):
        folder = tmp_path / f"cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return tmp_path


def test_all_means_the_physical_cores_that_the_process_may_use(four_logical_cores):
    """Neither the other logical core of each nor the cores of other processes count."""
    assert physical_cores(four_logical_cores) == 2


def test_logical_cores_count_where_the_system_does_not_pair_them(four_logical_cores, tmp_path):
    """Containers may hide the folder of the processors."""
    assert physical_cores(tmp_path / "missing") == 4


def test_a_number_is_taken_as_it_is():
    """More threads than cores are the caller's choice."""
    assert count_threads(64) == 64
    assert count_threads("all") == physical_cores()


@pytest.mark.parametrize("threads", [0, -1, 1025, True, 1.0, "two", None])
def test_anything_else_is_refused(threads):
    """ONNX Runtime takes 0 for all cores and fails late for other values."""
    with pytest.raises(ValueError, match=r"expected a whole number, 1 to 1024, or 'all', got"):
        count_threads(threads)
