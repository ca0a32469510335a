"""What the marks of one test declare, all of them together."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_coreml import marks
from pytest_coreml.errors import UsageError
from pytest_coreml.presence import FIXTURES, MARKS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_coreml.compute_units import ComputeUnits
    from pytest_coreml.markers import Budget, PlacementRule
    from pytest_coreml.options import Options

T = TypeVar("T")


@dataclass(frozen=True)
class Declared:
    """Sources, compute units, budgets and rules of one test. *names_model*: a fixture of ours gives it its model."""

    sources: tuple[Any, ...]
    function: str | None
    inputs: Any
    compute_units: tuple[ComputeUnits, ...]
    budgets: tuple[Budget, ...]
    rules: tuple[PlacementRule, ...]
    names_model: bool


class Reader:
    """Reads the marks of tests; a mark that many tests share is read once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._read: dict[int, tuple[object, Any]] = {}

    def read(self, node: pytest.Item | pytest.Function, fixtures: list[str]) -> Declared:
        """Give what the marks of *node* say, the nearest mark first; `UsageError` for a mistake in them."""
        model_mark = node.get_closest_marker("coreml_model")
        model = self._once(model_mark, marks.read_model) if model_mark else None
        units_mark = node.get_closest_marker("coreml_compute_units")
        units = self._once(units_mark, marks.read_compute_units) if units_mark else self._options.compute_units
        default = (self._options.model,) if self._options.model else ()
        return Declared(
            sources=model.sources if model else default,
            function=model.function if model else None,
            inputs=model.inputs if model else None,
            compute_units=units,
            budgets=tuple(self._once(mark, marks.read_budget) for mark in node.iter_markers("coreml_budget")),
            rules=tuple(self._once(mark, marks.read_placement) for mark in node.iter_markers("coreml_placement")),
            names_model=any(name in fixtures for name in FIXTURES if name != "coreml_load"),
        )

    def check(self, declared: Declared, node: pytest.Item, fixtures: list[str]) -> None:
        """Raise `UsageError` when marks and fixtures of *node* do not fit together."""
        _check_known(node)
        # Marks of the test itself only: those of its module or class may be meant for its neighbours.
        marked = next((mark.name for mark in node.own_markers if mark.name in MARKS), None)
        if marked and not any(name in fixtures for name in FIXTURES):
            raise UsageError(f"{marked} on a test without a model: add coreml_model to the arguments of the test")
        if declared.names_model and not declared.sources:
            used = next(name for name in FIXTURES if name in fixtures)
            raise UsageError(
                f"the fixture {used} has no model: mark the test with "
                '@pytest.mark.coreml_model("path/to/Model.mlpackage"), or name one for all tests with '
                "--coreml-model=PATH"
            )

    def _once(self, mark: pytest.Mark, read: Callable[[pytest.Mark], T]) -> T:
        # The mark is kept beside its value, so that no other can get its identity meanwhile.
        if id(mark) not in self._read:
            self._read[id(mark)] = (mark, read(mark))
        value: T = self._read[id(mark)][1]
        return value


def _check_known(node: pytest.Item) -> None:
    # pytest only warns of a mark that nobody knows, and a budget that is misspelled would be kept by every model.
    for mark in node.iter_markers():
        if mark.name.startswith("coreml_") and mark.name not in MARKS and mark.name not in _registered(node.config):
            near = difflib.get_close_matches(mark.name, MARKS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(MARKS)};"
            raise UsageError(f"unknown marker {mark.name!r}: {hint} register a marker of your own in the ini file")


def _registered(config: pytest.Config) -> set[str]:
    lines: list[str] = config.getini("markers")
    return {re.split(r"[(:]", line)[0].strip() for line in lines}
