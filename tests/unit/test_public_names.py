"""The names that `pytest_coreml` exports."""

from __future__ import annotations

import pytest

import pytest_coreml


@pytest.mark.parametrize("name", sorted({*pytest_coreml.__all__} - {"__version__"}))
def test_every_exported_class_loads(name: str) -> None:
    """An exported class is found in the module that owns it, under the same name."""
    assert getattr(pytest_coreml, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelled name is an AttributeError, which hasattr and `from ... import` rely on."""
    assert not hasattr(pytest_coreml, "Mesurement")
