"""The order of tests: what a test is to be faster than is measured before it, so that the test itself can fail."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pytest

    from pytest_coreml.plugin.declarations import Declared

_UNITS: Final = "coreml_model"


def put_partners_first(items: list[pytest.Item], declared: Mapping[str, Declared]) -> None:
    """Put the instances of a test that others of it are to be faster than before these.

    Nothing else is moved: the instances of one test, source and other parameters change places among themselves.
    pytest may have put them otherwise, since it runs together what shares a parameter of a wide scope, and
    pytest-randomly anyhow.
    """
    # Most runs have none; instances of a test share what they declare.
    if not any(_named_by(each) for each in {id(each): each for each in declared.values()}.values()):
        return
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if _units(item) is not None and _partners(item, declared):
            places[_but_for_units(item)].append(place)
    for found in places.values():
        instances = [items[place] for place in found]
        partners = _partners(instances[0], declared)
        instances.sort(key=lambda item: _units(item) not in partners)
        for place, item in zip(found, instances, strict=True):
            items[place] = item


def _partners(item: pytest.Item, declared: Mapping[str, Declared]) -> set[str]:
    return _named_by(declared[item.nodeid]) if item.nodeid in declared else set()


def _named_by(declared: Declared) -> set[str]:
    return {units for budget in declared.budgets for units in budget.min_speedup}


def _units(item: pytest.Item) -> str | None:
    units: str | None = _parameters(item).get(_UNITS)
    return units


def _but_for_units(item: pytest.Item) -> Hashable:
    # By identity: what tests are parametrized with may be anything.
    others = ((name, id(value)) for name, value in _parameters(item).items() if name != _UNITS)
    return item.nodeid.partition("[")[0], *sorted(others)


def _parameters(item: pytest.Item) -> Mapping[str, Any]:
    parameters: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return parameters
