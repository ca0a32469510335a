"""A callable goes to another process by value: the file of the test is not imported there."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

from pytest_coreml.session.by_value import pickled_by_value

if TYPE_CHECKING:
    from collections.abc import Callable

FACTOR = 3
READ = """
import pickle, sys
build = pickle.loads(sys.stdin.buffer.read())
assert not [name for name in sys.modules if "test_by_value" in name]
print(build(2))
"""


def scaled(number: int) -> int:
    """Use a variable of the module."""
    return number * FACTOR


def added(more: int, number: int) -> int:
    """Use a function of the module."""
    return scaled(number) + more


def closure(more: int) -> Callable[[int], int]:
    """Return a function with its own variable."""
    return lambda number: scaled(number) + more


@pytest.mark.parametrize(
    ("function", "result"),
    [(scaled, 6), (partial(added, 1), 7), (closure(10), 16), (lambda number: scaled(number) - 1, 5)],
    ids=["function", "partial", "closure", "lambda"],
)
def test_another_process_has_the_callable_without_its_module(function: Callable[..., Any], result: int) -> None:
    """It is not imported, which could save models again, or skip."""
    pickled = pickled_by_value(function)
    assert pickled is not None

    done = subprocess.run([sys.executable, "-c", READ], input=pickled, capture_output=True, check=True)

    assert int(done.stdout) == result
    assert cloudpickle.list_registry_pickle_by_value() == set()


def test_what_no_process_can_have_is_not_sent() -> None:
    """A lock belongs to its process."""
    lock = threading.Lock()

    assert pickled_by_value(lambda number: lock and number) is None
    assert cloudpickle.list_registry_pickle_by_value() == set()
