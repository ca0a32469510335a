"""The declaration of one test: what its markers and fixtures ask for, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.budget_needs import needs_first_load, needs_load

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import AgreementRule, BoundaryRule, Budget, Meaning, PlacementRule


@dataclass(frozen=True)
class Limit:
    """A marker that limits something."""

    marker: int
    """The identity of the marker object, which all tests that inherit the marker share."""
    meaning: Meaning
    """The limits that the marker sets."""

    @cached_property
    def units(self) -> frozenset[ComputeUnits]:
        """The compute units on which the marker makes a check."""
        from pytest_coreml.verdict.checked_units import checked_units

        return checked_units(self.meaning)


@dataclass(frozen=True)
class Variant:
    """A variant of a model: a preset, or what *build* makes of an `MLModel`."""

    name: str
    """The name in test ids and tables."""
    build: Callable[[Any], Any] | None = None
    """The callable; None for a preset."""


@dataclass(frozen=True)
class Declaration:
    """Sources, compute units, budgets and rules of one test."""

    sources: tuple[Any, ...]
    """The models under test: paths, or callables that return a path or an `MLModel`."""
    function: str | None
    """The function of the model; None for the default one."""
    inputs: Any
    """Inputs to measure with: a dict, a callable that returns one, or None."""
    compute_units: tuple[ComputeUnits, ...]
    """The compute units that the test is parametrized over."""
    budgets: tuple[Budget, ...]
    """The `coreml_budget` markers."""
    rules: tuple[PlacementRule, ...]
    """The `coreml_placement` markers."""
    names_model: bool
    """True where a fixture of ours, other than `coreml_load`, gives the test its model."""
    variants: tuple[Variant, ...] = ()
    """The variants that are tested beside each source."""
    agreements: tuple[AgreementRule, ...] = ()
    """The `coreml_agreement` markers."""
    against: Any = None
    """The source of another version to run interleaved; None for no comparison."""
    boundary_rules: tuple[BoundaryRule, ...] = ()
    """The `coreml_boundary` markers."""
    device_reports: tuple[str, ...] = ()
    """The patterns of the `coreml_device_report` markers: files by which the test is judged."""
    device_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that device reports must be of; None if the test does not name any."""
    limits: tuple[Limit, ...] = ()
    """The markers that limit something."""
    reached: frozenset[ComputeUnits] = frozenset()
    """The compute units that the fixtures load for, over all parameters of the test."""
    loads_any: bool = False
    """True where the test uses `coreml_load`, which may load for any compute units."""

    def with_limits(self, limits: tuple[Limit, ...]) -> Declaration:
        """Return a copy with *limits*."""
        # `dataclasses.replace` takes half of the time that reading the markers of a function does.
        copied = object.__new__(Declaration)
        vars(copied).update(vars(self), limits=limits)
        return copied

    @property
    def has_checks(self) -> bool:
        """True where a marker limits something."""
        return bool(self.budgets or self.rules or self.boundary_rules or self.agreements)

    @property
    def judged_here(self) -> Declaration:
        """The limits on measurements of this run: device reports take budgets and placement rules away."""
        if not self.device_reports:
            return self
        scenarios = tuple(budget for budget in self.budgets if budget.scenario is not None)
        return replace(self, budgets=scenarios, rules=())

    @cached_property
    def limits_load(self) -> bool:
        """True where a budget limits a load time."""
        return any(map(needs_load, self.judged_here.budgets))

    @cached_property
    def limits_first_load(self) -> bool:
        """True where a budget limits the time of compiling, or of a first load."""
        return any(map(needs_first_load, self.judged_here.budgets))
