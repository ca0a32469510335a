"""What the marks of one test declare, all of them together."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_coreml import marks
from pytest_coreml.errors import UsageError
from pytest_coreml.presence import FIXTURES, MARKS

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest

    from pytest_coreml.compute_units import ComputeUnits
    from pytest_coreml.markers import Budget, PlacementRule
    from pytest_coreml.options import Options


@dataclass(frozen=True)
class Declared:
    """Sources, compute units, budgets and rules of one test. *names_model*: a fixture of ours gives it its model.
    *against*: the source of another version to run alternately."""

    sources: tuple[Any, ...]
    function: str | None
    inputs: Any
    compute_units: tuple[ComputeUnits, ...]
    budgets: tuple[Budget, ...]
    rules: tuple[PlacementRule, ...]
    names_model: bool
    against: Any = None

    @cached_property
    def limits_load(self) -> bool:
        """Whether a budget is about loading."""
        if not self.budgets:
            return False
        from pytest_coreml.verdict.budgets import needs_load

        return any(map(needs_load, self.budgets))


class Reader:
    """Reads the marks of tests; what many tests share is read once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: dict[tuple[object, ...], tuple[list[pytest.Mark], Declared]] = {}

    def read(self, node: pytest.Item | pytest.Function, fixtures: Collection[str]) -> Declared:
        """Give what the marks of *node* declare, the nearest mark first.

        Raises `UsageError` for a mistake in them, and when they do not fit to its *fixtures*.
        """
        ours = [mark for mark in node.iter_markers() if mark.name.startswith("coreml_")]
        given = [name for name in FIXTURES if name in fixtures]
        key = (*map(id, ours), *given)
        if key not in self._known:
            _check_known(ours, node.config)
            # The marks are kept beside what they declare, so that no other can get the identity of one meanwhile.
            self._known[key] = (ours, self._declared(ours, given))
        if not given:
            _check_own(node)
        return self._known[key][1]

    def _declared(self, ours: list[pytest.Mark], given: list[str]) -> Declared:
        by_name = {name: [mark for mark in ours if mark.name == name] for name in MARKS}
        model = next(map(marks.read_model, by_name["coreml_model"]), None)
        units = next(map(marks.read_compute_units, by_name["coreml_compute_units"]), self._options.compute_units)
        sources = model.sources if model else (self._options.model,) if self._options.model else ()
        names_model = any(name != "coreml_load" for name in given)
        if names_model and not sources:
            raise UsageError(
                f"the fixture {given[0]} has no model: mark the test with "
                '@pytest.mark.coreml_model("path/to/Model.mlpackage"), or name one for all tests with '
                "--coreml-model=PATH"
            )
        return Declared(
            sources=sources,
            function=model.function if model else None,
            inputs=model.inputs if model else None,
            compute_units=units,
            budgets=tuple(map(marks.read_budget, by_name["coreml_budget"])),
            rules=tuple(map(marks.read_placement, by_name["coreml_placement"])),
            names_model=names_model,
            against=model.against if model else None,
        )


def _check_own(node: pytest.Item) -> None:
    # Marks of the test itself only: those of its module or class may be meant for its neighbours.
    marked = next((mark.name for mark in node.own_markers if mark.name in MARKS), None)
    if marked:
        raise UsageError(f"{marked} on a test without a model: add coreml_model to the arguments of the test")


def _check_known(ours: list[pytest.Mark], config: pytest.Config) -> None:
    # pytest only warns of a mark that nobody knows, and a budget that is misspelled would be kept by every model.
    for mark in ours:
        if mark.name not in MARKS and mark.name not in _registered(config):
            near = difflib.get_close_matches(mark.name, MARKS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(MARKS)};"
            raise UsageError(f"unknown marker {mark.name!r}: {hint} register a marker of your own in the ini file")


def _registered(config: pytest.Config) -> set[str]:
    lines: list[str] = config.getini("markers")
    return {re.split(r"[(:]", line)[0].strip() for line in lines}
