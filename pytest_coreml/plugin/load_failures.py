"""Models that fixtures could not load: the failure of a test, when its body is due, and no error of its setup."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest

from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.plugin.failure_lines import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.lease import EngineKey
    from pytest_coreml.session.attempt import Attempt, LoadProblem

__tracebackhide__ = hidden_for_ours


class LoadFailure(NamedTuple):
    """A model that a fixture could not load."""

    attempt: str
    """The name of the attempt that asked for it."""
    keys: tuple[EngineKey, ...] = ()
    """The configurations that could not be loaded."""
    problems: Mapping[EngineKey, LoadProblem] = MappingProxyType({})
    """Why, and of which variants."""

    def hand_over(self, attempt: Attempt) -> None:
        """Note in a later attempt what could not be loaded."""
        attempt.unloaded += self.keys
        attempt.problems.update(self.problems)


class LoadFailures:
    """The errors of fixtures that could not load a model; pytest raises them again for later tests of their scope."""

    def __init__(self) -> None:
        self._known: dict[BaseException, LoadFailure] = {}
        self._due: BaseException | None = None

    def give_up(self, text: str, failure: LoadFailure, end: Callable[[str], NoReturn] = fail) -> NoReturn:
        """End a setup with *text* by *end*, whose exception stands for *failure* from then on."""
        try:
            end(text)
        except (pytest.fail.Exception, pytest.skip.Exception) as raised:
            self._known[raised] = failure
            raise

    def begin(self) -> None:
        """Forget what the test before could not load."""
        self._due = None

    def keep(self, failure: BaseException) -> bool:
        """Keep a *failure* of the setup, until the body of the test is due, if a model could not be loaded.

        Returns False for any other failure. pytest calls what goes wrong in a fixture an error around the test; a model
        that cannot be loaded is a failure of the test.
        """
        self._due = failure if failure in self._known else None
        return self._due is not None

    def raise_due(self, attempt: Attempt | None) -> None:
        """Fail the test whose setup could not load a model.

        pytest may have kept the failure of an earlier test: an engine that crashed then did not crash again.
        """
        if self._due is None:
            return
        failure = self._known[self._due]
        if attempt is not None and attempt.name != failure.attempt:
            failure.hand_over(attempt)
            crashes = attempt.session.models.crashes
            if (crash := crashes.for_test(failure.attempt, str(self._due))) is not None:
                fail(crash.message)
        raise self._due

    def note_skip(self, skip: BaseException, attempt: Attempt | None) -> None:
        """Let a test be recorded that is skipped as an earlier one was, since its model cannot have the variant."""
        failure = self._known.get(skip)
        if failure is not None and attempt is not None and attempt.name != failure.attempt:
            failure.hand_over(attempt)
