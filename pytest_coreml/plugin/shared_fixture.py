"""The module-scoped fixture of models, set up again for another model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.session.declaration import Declaration


class SharedFixture:
    """Tears down the fixture of an earlier test of a module where the next test is about another model.

    pytest sets up a fixture of module scope once for all tests of a module, as the first of them declares it; only
    another parameter would make it set up the fixture again.
    """

    def __init__(self) -> None:
        self._made: tuple[pytest.FixtureDef[Any], pytest.FixtureRequest] | None = None
        self._for: Declaration | None = None

    def note(
        self, definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest, declaration: Declaration
    ) -> None:
        """Note that the fixture is set up for *declaration*."""
        self._made, self._for = (definition, request), declaration

    def renew(self, declaration: Declaration) -> None:
        """Tear the fixture down, with all that depends on it, unless it is for the model of *declaration*."""
        if self._made is None or self._for is None or _model_of(self._for) == _model_of(declaration):
            return
        definition, request = self._made
        self._made = None
        definition.finish(request)  # type: ignore[arg-type]  # a request for a fixture is a SubRequest


def _model_of(declaration: Declaration) -> tuple[Any, ...]:
    return declaration.sources, declaration.variants, declaration.function, declaration.compute_units
