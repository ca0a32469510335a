"""A call of the mark `coreml_model` is read into its meaning."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_coreml.plugin.model_marker import ModelMarkerDecorator

mark: Any = ModelMarkerDecorator()


def build(width: int = 3) -> str:
    """Return a path, as a source does."""
    return f"Model{width}.mlpackage"


class Builder:
    """A source that is an object."""

    def __call__(self) -> str:
        """Return a path."""
        return "Model.mlpackage"


@pytest.mark.parametrize("source", [build, partial(build, 7), lambda: "Model.mlpackage", Builder(), "a", Path("b")])
def test_one_source_is_a_source(source: Any) -> None:
    """Any other object is refused."""

    @mark(source)
    def test_it() -> None: ...

    assert [found.args for found in test_it.pytestmark] == [(source,)]  # type: ignore[attr-defined]


def test_a_test_that_is_marked_without_a_source_stays_a_test() -> None:
    """With and without arguments; a later check says what is missing."""

    def test_plain() -> None: ...

    def check_fixture(coreml_model: object) -> None: ...

    for test in (test_plain, check_fixture):
        assert mark(test) is test
        assert [found.args for found in test.pytestmark] == [()]  # type: ignore[attr-defined]


def test_the_rest_is_as_with_pytests_own() -> None:
    """Several sources, keywords, `with_args`, and a mark that is given away as it is."""
    assert mark(build, "b").args == (build, "b")
    assert mark(build, function="f").kwargs == {"function": "f"}
    assert mark.with_args(build).args == (build,)
    assert mark.mark.name == "coreml_model"
