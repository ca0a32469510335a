"""Tests of what the drop-in promises: where it is installed from, and the names that it offers coremltools."""

from __future__ import annotations

import importlib
import pkgutil
import re
import types
from pathlib import Path

import coremltools as ct
import pytest

from pytest_coreml.reference.binding import proxies


def test_install_is_a_function_of_the_package_only():
    """`pytest_coreml.reference:install` is the function, and no module of that name hides it."""
    assert isinstance(pkgutil.resolve_name("pytest_coreml.reference:install"), types.FunctionType)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pytest_coreml.reference.install")


def test_the_binding_has_every_name_that_coremltools_imports_from_it():
    """The names are those in the import statements of coremltools' own source."""
    sources = [path.read_text() for path in Path(ct.__file__).parent.glob("models/**/*.py")]
    imported = {name for source in sources for name in re.findall(r"libcoremlpython import (\w+)", source)}

    assert imported
    assert imported <= set(proxies.__all__)
