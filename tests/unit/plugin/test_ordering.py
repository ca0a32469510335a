"""The baselines of a speed-up come first, and everything else keeps its place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_coreml.facts.limits import Budget
from pytest_coreml.plugin.ordering import put_partners_first
from pytest_coreml.session.declaration import Declaration

if TYPE_CHECKING:
    from collections.abc import Sequence

SPEEDUP = Budget(min_speedup={"cpuOnly": 2.0})


def item(test_id: str) -> Any:
    """Return an item whose id is `test` or `test[source-units-number]`."""
    _, _, parameters = test_id.removesuffix("]").partition("[")
    if not parameters:
        return SimpleNamespace(nodeid=test_id)
    names = ("_coreml_source", "coreml_model", "number")
    params = dict(zip(names, parameters.split("-"), strict=False))
    # Equal texts of a mark are one object, as here.
    return SimpleNamespace(nodeid=test_id, callspec=SimpleNamespace(params={n: INTERNED[v] for n, v in params.items()}))


INTERNED = {word: word for word in ("A", "B", "all", "cpuOnly", "cpuAndGPU", "1", "2")}


def ordered(ids: Sequence[str], budgets: tuple[Budget, ...] = (SPEEDUP,)) -> list[str]:
    """Return *ids* in the order in which tests with these *budgets* are run."""
    declaration = Declaration((), None, None, (), budgets, (), names_model=True)
    items = [item(test_id) for test_id in ids]
    put_partners_first(
        cast("list[pytest.Item]", items), {test_id: declaration for test_id in ids if test_id != "other"}
    )
    return [item.nodeid for item in items]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["t[A-all]", "t[A-cpuOnly]"], ["t[A-cpuOnly]", "t[A-all]"]),
        (["t[A-cpuOnly]", "t[A-all]"], ["t[A-cpuOnly]", "t[A-all]"]),
        (
            ["t[A-all]", "other", "t[A-cpuAndGPU]", "t[A-cpuOnly]"],
            ["t[A-cpuOnly]", "other", "t[A-all]", "t[A-cpuAndGPU]"],
        ),
        (
            ["t[A-cpuOnly]", "t[A-all]", "t[B-all]", "t[B-cpuOnly]"],
            ["t[A-cpuOnly]", "t[A-all]", "t[B-cpuOnly]", "t[B-all]"],
        ),
        (
            ["t[A-all-1]", "t[A-all-2]", "t[A-cpuOnly-2]", "t[A-cpuOnly-1]"],
            ["t[A-cpuOnly-1]", "t[A-cpuOnly-2]", "t[A-all-2]", "t[A-all-1]"],
        ),
        (["t[A-all]", "u[A-cpuOnly]"], ["t[A-all]", "u[A-cpuOnly]"]),
    ],
)
def test_partners_change_places_with_who_waits(ids: list[str], expected: list[str]) -> None:
    """Within a test, source and other parameters."""
    assert ordered(ids) == expected


def test_without_a_speedup_nothing_is_moved() -> None:
    """Another budget does not change the order."""
    ids = ["t[A-all]", "t[A-cpuOnly]"]

    assert ordered(ids, (Budget(size_mb=1),)) == ids
