"""Run the baselines of `min_speedup` first, so that the test that is compared with them can fail."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pytest

    from pytest_coreml.session.declaration import Declaration

_UNITS: Final = "coreml_model"


def put_partners_first(items: list[pytest.Item], declarations: Mapping[str, Declaration]) -> None:
    """Move the variants of a test that others are compared with ahead of those others.

    Only the compute units of one test, source and other parameters change places among themselves. pytest may have put
    them in another order, since it groups tests that share a parameter of a wide scope, and so may pytest-randomly.
    """
    # Most runs have none; variants of a test share their declaration.
    if not any(_named_by(each) for each in {id(each): each for each in declarations.values()}.values()):
        return
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if _units(item) is not None and _partners(item, declarations):
            places[_but_for_units(item)].append(place)
    for found in places.values():
        instances = [items[place] for place in found]
        partners = _partners(instances[0], declarations)
        instances.sort(key=lambda item: _units(item) not in partners)
        for place, item in zip(found, instances, strict=True):
            items[place] = item


def _partners(item: pytest.Item, declarations: Mapping[str, Declaration]) -> set[str]:
    return _named_by(declarations[item.nodeid]) if item.nodeid in declarations else set()


def _named_by(declaration: Declaration) -> set[str]:
    return {units for budget in declaration.budgets for units in budget.min_speedup}


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
