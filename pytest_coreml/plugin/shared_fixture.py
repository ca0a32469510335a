"""The fixture that all tests of a module share their model by, and what makes it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.plugin.declarations import Declared


class SharedFixture:
    """Lets go of the model of a module's earlier test where the next one is about another.

    A fixture of module scope is set up once for all tests of a module, as the first of them declares it; only a
    parameter would have pytest make it anew.
    """

    def __init__(self) -> None:
        self._made: tuple[pytest.FixtureDef[Any], pytest.FixtureRequest] | None = None
        self._for: Declared | None = None

    def note(self, definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest, declared: Declared) -> None:
        """Note that it is set up for what *declared* says."""
        self._made, self._for = (definition, request), declared

    def renew(self, declared: Declared) -> None:
        """Have it made anew, with all that was made of it, unless it is for the model that *declared* says."""
        if self._made is None or self._for is None or _model_of(self._for) == _model_of(declared):
            return
        definition, request = self._made
        self._made = None
        definition.finish(request)  # type: ignore[arg-type]  # a request for a fixture is a SubRequest


def _model_of(declared: Declared) -> tuple[Any, ...]:
    return declared.sources, declared.function, declared.compute_units
