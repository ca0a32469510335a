"""Callables have names that a reader recognizes, and that are the same in every run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.session.callable_name import callable_name
from pytest_coreml.session.sources import VariantSource, file_name, label

if TYPE_CHECKING:
    from collections.abc import Callable


def build(*_: object, **__: object) -> str:
    """Build nothing."""
    return ""


assigned = lambda: build(4)  # noqa: E731


class Network:
    """A module of torch is an instance that can be called."""

    def __call__(self) -> None:
        """Compute nothing."""


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (build, "build"),
        (Network(), "Network"),
        (assigned, "assigned"),
        (lambda: build(4), "reference"),
        (partial(build), "build"),
        (partial(build, 4, bits=2, kind="int8", exact=True), "build-4-bits=2-kind=int8-exact=True"),
        # Neither folders nor objects are part of a name.
        (partial(build, "/home/me/net.pt", Path("net"), object()), "build"),
        (partial(partial(build, 4), bits=2), "build-4-bits=2"),
        (partial(assigned), "assigned"),
        (partial(lambda bits: bits, bits=2), "reference-bits=2"),
    ],
)
def test_a_callable_is_named(function: Callable[..., Any], name: str) -> None:
    """By its function, else by the argument that it is given as."""
    assert callable_name(function, "reference") == name


def test_a_source_without_a_name_is_the_model() -> None:
    """The name of a file that is built has no brackets."""
    assert label(lambda: build(4)) == file_name(lambda: build(4)) == "model"
    assert label(VariantSource(lambda: build(4), "int8")) == "model-int8"
    assert file_name(lambda: build(4), "reference") == "reference"
