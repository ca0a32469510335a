"""What the marks of one test declare, all of them together."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pytest_coreml.errors import UsageError, all_of
from pytest_coreml.plugin import markers
from pytest_coreml.plugin.limit_coverage import Limit, checked_units
from pytest_coreml.plugin.markers import ModelMark
from pytest_coreml.plugin.names import FIXTURES, MARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Budget, PlacementRule
    from pytest_coreml.session.options import Options

T = TypeVar("T")

_LIMITS: Final = ("coreml_budget", "coreml_placement")
_LOAD: Final = "coreml_load"


@dataclass(frozen=True)
class Declared:
    """Sources, compute units, budgets and rules of one test. *names_model*: a fixture of ours gives it its model.
    *against*: the source of another version to run alternately. *limits*: where its budgets and rules make checks.
    *reached*: the settings that its fixtures load for, in all its instances; *loads_any*: it has `coreml_load` too."""

    sources: tuple[Any, ...]
    function: str | None
    inputs: Any
    compute_units: tuple[ComputeUnits, ...]
    budgets: tuple[Budget, ...]
    rules: tuple[PlacementRule, ...]
    names_model: bool
    against: Any = None
    limits: tuple[Limit, ...] = ()
    reached: frozenset[ComputeUnits] = frozenset()
    loads_any: bool = False

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
        self._marks: dict[Hashable, object] = {}

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
        declared = self._known[key][1]
        self._check_reached(node, declared)
        return declared

    def _declared(self, ours: list[pytest.Mark], given: list[str]) -> Declared:
        by_name = {name: [mark for mark in ours if mark.name == name] for name in MARKS}
        names_model = any(name != _LOAD for name in given)
        model, units, budgets, rules = all_of(
            [
                lambda: self._model(by_name["coreml_model"], names_model, given),
                lambda: next(map(self._units, by_name["coreml_compute_units"]), self._options.compute_units),
                lambda: all_of(partial(self._once, markers.read_budget, mark) for mark in by_name["coreml_budget"]),
                lambda: all_of(
                    partial(self._once, markers.read_placement, mark) for mark in by_name["coreml_placement"]
                ),
            ]
        )
        limiting = [*by_name["coreml_budget"], *by_name["coreml_placement"]]
        return Declared(
            sources=model.sources,
            function=model.function,
            inputs=model.inputs,
            compute_units=units,
            budgets=tuple(budgets),
            rules=tuple(rules),
            names_model=names_model,
            against=model.against,
            limits=tuple(Limit(id(mark), self._once(_checked_units, mark)) for mark in limiting),
            reached=frozenset(FIXTURES[name] or each for name in given if name != _LOAD for each in units),
            loads_any=_LOAD in given,
        )

    def _units(self, mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
        return self._once(markers.read_compute_units, mark)

    def _once(self, read: Callable[[pytest.Mark], T], mark: pytest.Mark) -> T:
        """Read *mark*, or give what its like gave: tests have marks of their own, which mostly say the same."""
        # With types, since 1 is True to a dict, and no limit.
        key = (read, mark.args, *((name, type(value), value) for name, value in mark.kwargs.items()))
        try:
            known = key in self._marks
        except TypeError:  # a list in it, or a dict
            return read(mark)
        if not known:
            self._marks[key] = read(mark)
        return cast("T", self._marks[key])

    def _check_reached(self, node: pytest.Item, declared: Declared) -> None:
        """Refuse a limit for settings on which the test never runs: everybody would keep it."""
        limits = [mark for mark in node.own_markers if mark.name in _LIMITS and mark.kwargs.get("compute_units")]
        # `coreml_load` may load for any. Who chose settings for one run has chosen what is judged in it.
        chosen = self._options.compute_units != ("all",) and node.get_closest_marker("coreml_compute_units") is None
        if not limits or declared.loads_any or not declared.reached or chosen:
            return
        for mark in limits:
            wanted = markers.read_units(mark)
            if declared.reached.isdisjoint(wanted):
                reached = ", ".join(sorted(declared.reached))
                raise UsageError(
                    f"{mark.name} is for {', '.join(wanted)}, and the test runs on {reached} only: "
                    f"add {', '.join(map(repr, wanted))} to its coreml_compute_units marker"
                )

    def _model(self, found: list[pytest.Mark], names_model: bool, given: list[str]) -> ModelMark:
        if found:
            return markers.read_model(found[0])
        if self._options.model is None and names_model:
            raise UsageError(
                f"the fixture {given[0]} has no model: mark the test with "
                '@pytest.mark.coreml_model("path/to/Model.mlpackage"), or name one for all tests with '
                "--coreml-model=PATH"
            )
        return ModelMark((self._options.model,) if self._options.model is not None else ())


def _checked_units(mark: pytest.Mark) -> frozenset[ComputeUnits]:
    return checked_units(markers.read_budget(mark) if mark.name == "coreml_budget" else markers.read_placement(mark))


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
