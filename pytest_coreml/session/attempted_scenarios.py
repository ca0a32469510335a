"""The scenarios that a test has measured: their names, their records, and how they are measured again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import InputError, did_you_mean, hidden_for_ours
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.session import Session

__tracebackhide__ = hidden_for_ours


@dataclass(frozen=True, eq=False)
class AttemptedScenario:
    """A scenario that a test has measured, with what is needed to measure it again."""

    scenario: Scenario
    models: tuple[CoreMLModel, ...]
    """The models that it uses, in the order of their first prediction."""
    use: Callable[[], Any]
    calls: int
    session: Session

    def measure_again(self) -> Measurement | None:
        """Measure it in fresh engines; return None if it cannot run there, as when it keeps a state between calls."""
        for model in self.models:
            # Its next prediction loads it in another engine.
            model.lease.suspend()
        try:
            scenario, _ = self.session.measure_scenario(self.scenario.name, self.use, self.calls)
        except InputError:
            return None
        return scenario.measurement


@dataclass(eq=False)
class AttemptedScenarios:
    """The scenarios of one attempt at a test."""

    test: str
    """The node id of the test."""
    number: int
    """The number of the attempt."""
    session: Session
    measured: list[AttemptedScenario] = field(default_factory=list)
    """The scenarios in the order in which they were measured."""
    records: list[Record] = field(default_factory=list)
    """A record for each of *measured*, once they were judged."""

    def measure(self, name: str, use: Callable[[], Any], calls: int | None) -> Scenario:
        """Measure the callable *use* as a scenario, *calls* times, by default as often as the options say.

        Raises `InputError` for a name that the test has used already, and as `Session.measure_scenario` does.
        """
        if any(earlier.scenario.name == name for earlier in self.measured):
            raise InputError(f"scenario {name!r}: measured already in this test; give each scenario its own name")
        wanted = self.session.options.calls if calls is None else calls
        scenario, models = self.session.measure_scenario(name, use, wanted)
        self.measured.append(AttemptedScenario(scenario, tuple(models), use, wanted, self.session))
        return scenario

    def judge(self, declaration: Declaration) -> list[Record]:
        """Return the judged records; raise `InputError` where *declaration* limits a scenario that was not measured."""
        self._check_names(declaration)
        for scenario in self.measured:
            self.records.append(self._record(scenario, declaration))
            self.session.baseline_judge.judge_scenario(self.records[-1], scenario.measure_again)
        return self.records

    def complete(self, declaration: Declaration) -> None:
        """Make records of the scenarios that were not judged."""
        self.records += [self._record(scenario, declaration) for scenario in self.measured[len(self.records) :]]

    def _check_names(self, declaration: Declaration) -> None:
        """Refuse a budget for a scenario that the test has not measured, which would be kept by any model."""
        names = [each.scenario.name for each in self.measured]
        for budget in declaration.budgets:
            if budget.scenario is not None and budget.scenario not in names:
                hint = did_you_mean(budget.scenario, names) or f"; it measured {', '.join(map(repr, names)) or 'none'}"
                raise InputError(f"coreml_budget: the test measured no scenario {budget.scenario!r}{hint}")

    def _record(self, attempted: AttemptedScenario, declaration: Declaration) -> Record:
        scenario, model = attempted.scenario, attempted.models[0]
        record = Record(
            id=self.test,
            model=None,
            model_name=" + ".join(dict.fromkeys(each.name for each in attempted.models)),
            compute_units=model.compute_units,
            function=None,
            runtime=model.runtime,
            predict=scenario.measurement,
            scenarios=(scenario,),
            attempt=self.number,
        )
        facts = MeasuredFacts(
            compute_units=model.compute_units,
            predict=scenario.measurement,
            clock=self.session.clock_doubt(model),
            scenario=scenario.name,
        )
        record.checks = [check for budget in declaration.budgets for check in judge_budgets(budget, facts)]
        return record
