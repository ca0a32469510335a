"""Read all markers of one test into its declaration."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pytest_coreml.errors import UsageError, all_of, did_you_mean, hidden_for_ours
from pytest_coreml.facts.limits import AgreementRule, BoundaryRule, Budget, PlacementRule
from pytest_coreml.plugin.marker_arguments import read_units
from pytest_coreml.plugin.markers import (
    LIMIT_READERS,
    ModelSource,
    read_compute_units,
    read_device_report,
    read_model,
    read_variants,
)
from pytest_coreml.plugin.names import FIXTURES, MARKS
from pytest_coreml.session.declaration import Declaration, Limit, Variant
from pytest_coreml.session.sources import VariantSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping

    import pytest

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Meaning
    from pytest_coreml.session.options import Options

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")

# What equal marks declare, and the meaning of each that limits something.
_Equal = tuple[Declaration, list["Meaning"]]

_LOAD: Final = "coreml_load"


class DeclarationReader:
    """Reads the markers of tests; what many tests share is read once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: dict[tuple[object, ...], tuple[list[pytest.Mark], Declaration]] = {}
        self._equal: dict[Hashable, _Equal] = {}
        self._marks: dict[Hashable, object] = {}

    def read(self, item: pytest.Item, fixtures: Collection[str]) -> Declaration:
        """Return what the markers of *item* declare, of which those of its parameters are part.

        Raises `UsageError` for a mistake in the markers, and when they do not fit the *fixtures* or the parameters.
        """
        declaration = self.read_markers(item, fixtures)
        check_parameters(item, declaration)
        return declaration

    def read_markers(self, node: pytest.Item, fixtures: Collection[str], incomplete: bool = False) -> Declaration:
        """Return what the markers of *node* declare, the nearest marker first.

        *incomplete*: the markers of its parameters are still to come, and may name the model and the compute units.
        Raises `UsageError` for a mistake in the markers, and when they do not fit the *fixtures*.
        """
        ours = _our_marks(node)
        given = [name for name in FIXTURES if name in fixtures]
        key = (*map(id, ours), *given, incomplete)
        known = self._known.get(key)
        if known is None:
            _check_known(ours, node.config)
            # The marks are kept beside what they declare, so that no other object can get the identity of one.
            known = self._known[key] = (ours, self._of_equal_marks(ours, given, incomplete))
        if not given:
            _check_own(node)
        declaration = known[1]
        if not incomplete:
            self._check_reached(node, declaration)
            self._check_compared(node, declaration)
        return declaration

    def _of_equal_marks(self, ours: list[pytest.Mark], given: list[str], incomplete: bool) -> Declaration:
        """Return what *ours* declare, from what equal markers of another test declare where there are such."""
        key = (*map(_key, ours), *given, incomplete)
        try:
            known = self._equal.get(key)
        except TypeError:  # a list in a marker, or a dict
            known = self._declaration(ours, given, incomplete)
        if known is None:
            known = self._equal[key] = self._declaration(ours, given, incomplete)
        declaration, meanings = known
        if not meanings:
            return declaration
        # An equal marker is another marker, of whose limits each must be judged somewhere.
        markers = map(id, _limiting(ours))
        return declaration.with_limits(tuple(map(Limit, markers, meanings)))

    def _declaration(self, ours: list[pytest.Mark], given: list[str], incomplete: bool) -> _Equal:
        """Return what *ours* declare, without the limits, which are those of the marker objects, and their meanings."""
        by_name = {name: [mark for mark in ours if mark.name == name] for name in MARKS}
        names_model = any(name != _LOAD for name in given)
        marked_units = by_name["coreml_compute_units"]
        model, units, variants, globs, meanings = all_of(
            [
                lambda: self._model(by_name["coreml_model"], names_model and not incomplete, given),
                lambda: next(map(self._units, marked_units), self._options.compute_units),
                lambda: self._variants(by_name["coreml_variants"]),
                lambda: [path for mark in by_name["coreml_device_report"] for path in read_device_report(mark)],
                lambda: all_of(partial(self._once, LIMIT_READERS[mark.name], mark) for mark in _limiting(ours)),
            ]
        )
        if globs:
            _check_device_reports(by_name, given)
        declaration = Declaration(
            sources=model.sources,
            function=model.function,
            inputs=model.inputs,
            compute_units=units,
            budgets=tuple(meaning for meaning in meanings if isinstance(meaning, Budget)),
            rules=tuple(meaning for meaning in meanings if isinstance(meaning, PlacementRule)),
            boundary_rules=tuple(meaning for meaning in meanings if isinstance(meaning, BoundaryRule)),
            agreements=tuple(meaning for meaning in meanings if isinstance(meaning, AgreementRule)),
            names_model=names_model,
            variants=variants if names_model and not globs and not _has_variant(model) else (),
            against=model.against,
            reached=frozenset(FIXTURES[name] or each for name in given if name != _LOAD for each in units),
            # Which compute units reports are of is in their files.
            loads_any=_LOAD in given or bool(globs),
            device_reports=tuple(globs),
            device_units=units if globs and marked_units else None,
        )
        return declaration, meanings

    def _units(self, mark: pytest.Mark) -> tuple[ComputeUnits, ...]:
        return self._once(read_compute_units, mark)

    def _variants(self, found: list[pytest.Mark]) -> tuple[Variant, ...]:
        of_option = tuple(map(Variant, self._options.variants))
        return self._once(read_variants, found[0]) if found else of_option

    def _once(self, read: Callable[[pytest.Mark], T], mark: pytest.Mark) -> T:
        """Read *mark*, or return what an equal marker was read as: most markers of a run are equal to another one."""
        key = (read, _key(mark))
        try:
            known = key in self._marks
        except TypeError:  # a list in it, or a dict
            return read(mark)
        if not known:
            self._marks[key] = read(mark)
        return cast("T", self._marks[key])

    def _check_reached(self, node: pytest.Item, declaration: Declaration) -> None:
        """Refuse a limit for compute units on which the test never runs: every model would meet it."""
        limits = [mark for mark in node.own_markers if mark.name in LIMIT_READERS and mark.kwargs.get("compute_units")]
        # `coreml_load` may load for any. Compute units that were chosen for one run limit what is judged in it.
        chosen = self._options.compute_units != ("all",) and node.get_closest_marker("coreml_compute_units") is None
        if not limits or declaration.loads_any or not declaration.reached or chosen:
            return
        for mark in limits:
            wanted = read_units(mark)
            if declaration.reached.isdisjoint(wanted):
                reached = ", ".join(sorted(declaration.reached))
                raise UsageError(
                    f"{mark.name} is for {', '.join(wanted)}, and the test runs on {reached} only: "
                    f"add {', '.join(map(repr, wanted))} to its coreml_compute_units marker"
                )

    def _check_compared(self, node: pytest.Item, declaration: Declaration) -> None:
        """Refuse a limit on a difference where there is nothing to differ from."""
        chosen = self._options.compute_units != ("all",) and node.get_closest_marker("coreml_compute_units") is None
        if len(declaration.reached) != 1 or declaration.loads_any or declaration.variants or chosen:
            return
        if any(rule.has_limits and rule.reference is None for rule in declaration.agreements):
            raise UsageError(
                f"coreml_agreement has limits and nothing to compare with, since the test runs on "
                f"{next(iter(declaration.reached))} only: name a reference=, or several coreml_compute_units"
            )

    def _model(self, found: list[pytest.Mark], names_model: bool, given: list[str]) -> ModelSource:
        if found:
            return read_model(found[0])
        if self._options.model is None and names_model:
            raise UsageError(
                f"the fixture {given[0]} has no model: mark the test with "
                '@pytest.mark.coreml_model("path/to/Model.mlpackage"), or name one for all tests with '
                "--coreml-model=PATH"
            )
        return ModelSource((self._options.model,) if self._options.model is not None else ())


def _our_marks(node: pytest.Item) -> list[pytest.Mark]:
    """Return our markers of *node*, the nearest first; those of its parameters are nearer than those of the test."""
    ours = [mark for mark in node.iter_markers() if mark.name.startswith("coreml_")]
    of_parameters = {id(mark) for mark in getattr(getattr(node, "callspec", None), "marks", ())}
    return sorted(ours, key=lambda mark: id(mark) not in of_parameters) if of_parameters else ours


def _limiting(ours: list[pytest.Mark]) -> list[pytest.Mark]:
    return [mark for name in LIMIT_READERS for mark in ours if mark.name == name]


def _key(mark: pytest.Mark) -> tuple[object, ...]:
    """Return what equal markers have in common."""
    # With types, since 1 is True to a dict, and no limit.
    arguments = ((name, type(value), value) for name, value in mark.kwargs.items())
    return (mark.name, *map(type, mark.args), mark.args, *arguments)


def _check_device_reports(by_name: Mapping[str, list[pytest.Mark]], given: list[str]) -> None:
    """Refuse markers that a test with device reports cannot be judged by."""
    if by_name["coreml_variants"]:
        raise UsageError("coreml_device_report: a report is of one model: leave out coreml_variants")
    if by_name["coreml_agreement"] and given and set(given) <= {"coreml_device_reports"}:
        raise UsageError(
            "coreml_agreement compares outputs, which no report contains: add coreml_model to the arguments of the test"
        )


def _has_variant(model: ModelSource) -> bool:
    """Return True if the marker names a variant already, as that of a model file does."""
    return any(isinstance(source, VariantSource) for source in model.sources)


def check_parameters(item: pytest.Item, declaration: Declaration) -> None:
    """Refuse compute units that a hook has added when the test was parametrized over others already."""
    parameters: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    units = parameters.get("coreml_model")
    if units is not None and units not in declaration.compute_units:
        raise UsageError(
            f"coreml_compute_units({', '.join(map(repr, declaration.compute_units))}) was added to a test that runs on "
            f"{units} already: mark the test in its file, or choose compute units with --coreml-compute-units"
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
            hint = did_you_mean(mark.name, MARKS) or f"; there are {', '.join(MARKS)}."
            raise UsageError(f"unknown marker {mark.name!r}{hint} Register a marker of your own in the ini file")


def _registered(config: pytest.Config) -> set[str]:
    lines: list[str] = config.getini("markers")
    return {re.split(r"[(:]", line)[0].strip() for line in lines}
