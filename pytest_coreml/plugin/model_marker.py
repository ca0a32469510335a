"""`pytest.mark.coreml_model(build)`: one callable, which is a source and not the test that is marked.

pytest takes a mark that is called with one function and nothing else for a decorator of that function
(https://docs.pytest.org/en/stable/reference/reference.html#pytest.MarkDecorator), so that `build` would be marked, and
called with the test. What can be called without arguments, and is not a test by its name, is a source to us.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

import pytest

_NAME: Final = "coreml_model"


def install() -> None:
    """Put ours in the place of the mark that pytest would make."""
    vars(pytest.mark)[_NAME] = ModelMarkerDecorator()


class ModelMarkerDecorator:
    """The marker `coreml_model`: pytest's decorator of that name, except for one callable."""

    def __call__(self, *sources: Any, **arguments: Any) -> Any:
        """Return the marker with these arguments, or the marked test."""
        mark = _made_by_pytest()
        if len(sources) == 1 and not arguments and _is_source(sources[0]):
            return mark.with_args(*sources)
        return mark(*sources, **arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(_made_by_pytest(), name)


def _made_by_pytest() -> pytest.MarkDecorator:
    # For every use: pytest checks that the marker is registered in the current run.
    return pytest.MarkGenerator.__getattr__(pytest.mark, _NAME)


def _is_source(argument: Any) -> bool:
    if not callable(argument) or inspect.isclass(argument) or getattr(argument, "__name__", "").startswith("test"):
        return False
    try:
        inspect.signature(argument).bind()
    except (TypeError, ValueError):
        return False
    return True
