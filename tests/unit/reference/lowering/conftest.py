"""Holds that every operation has a case with numbers: a test says which operations it is about, and must run them.

`@pytest.mark.operation("gather")` names them; without arguments the mark stands for those that a case has in its
brackets (`[gather-float32]`). `test_every_operation.py` compares what is named with what the runtime has handlers for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.reference.execution.executable import Executable
from pytest_coreml.reference.format.program import walk
from pytest_coreml.reference.lowering.ops import handlers

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = pytest.StashKey[dict[str, set[str]]]()


# Before anything is taken away by `-k` and the like
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Remember which operations the tests of each file of this folder are about."""
    named: dict[str, set[str]] = {}
    for item in items:
        named.setdefault(item.path.name, set()).update(named_operations(item))
    session.stash[NAMED] = named


def named_operations(item: pytest.Item) -> set[str]:
    """Return the operations that a test is about."""
    marks = list(item.iter_markers("operation"))
    operations = {name for mark in marks for name in mark.args}
    if any(not mark.args for mark in marks):
        in_brackets = item.name.partition("[")[2].rstrip("]").split("-")
        operations |= handlers().keys() & set(in_brackets)
    return operations


@pytest.fixture
def named_in_files(request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """Collect the operations that the tests of each collected file are about."""
    return request.session.stash[NAMED]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test of this folder that does not run an operation which it says it is about."""
    has_run: set[str] = set()

    def run(self: Executable, *arguments, **named):
        results = original(self, *arguments, **named)
        has_run.update(op.type for op in walk(self.function.block))
        return results

    original = Executable.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Executable, "run", run)
        yield
    assert named_operations(item) <= has_run
