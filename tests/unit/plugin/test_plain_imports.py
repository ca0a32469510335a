"""Modules of the plugin are imported without pytest's assertion rewriting."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader

import pytest_coreml
from pytest_coreml.plugin.plain_imports import PlainFinder

# What `-p` names is rewritten, with all below it; an editable installation marks nothing by itself.
LOADERS = """
import sys, pytest

pytest.main(["-p", "no:coreml", "-p", "pytest_coreml.plugin", "--markers"])
print(*[type(sys.modules[f"pytest_coreml.plugin{name}"].__loader__).__name__ for name in ("", ".options", ".names")])
"""


def test_modules_of_ours_have_the_usual_loader() -> None:
    """The finder has no modules of others."""
    found = PlainFinder.find_spec("pytest_coreml.escaping", pytest_coreml.__path__)

    assert found is not None
    assert type(found.loader) is SourceFileLoader
    assert PlainFinder.find_spec("json", None) is None


def test_pytest_loads_only_the_first_one() -> None:
    """Its finder would take all of them, as that of the plugin shows, which comes before ours."""
    done = subprocess.run([sys.executable, "-c", LOADERS], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "AssertionRewritingHook SourceFileLoader SourceFileLoader"
