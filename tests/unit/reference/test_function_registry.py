"""Functions are registered by the modules of a package, each type once."""

from __future__ import annotations

import pytest

from pytest_coreml.reference.function_registry import Registry


def test_all_modules_of_the_package_are_imported(tmp_path, monkeypatch) -> None:
    """A module whose name begins with an underscore is left to those that share it."""
    package = tmp_path / "families"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from pytest_coreml.reference.function_registry import Registry\nREGISTRY = Registry(__name__)\n"
    )
    (package / "one.py").write_text(
        "from families import REGISTRY\n@REGISTRY.register('relu', 'elu')\ndef make(): return 7\n"
    )
    (package / "_shared.py").write_text("raise AssertionError\n")
    monkeypatch.syspath_prepend(tmp_path)
    from families import REGISTRY

    loaded = REGISTRY.load()

    assert {name: make() for name, make in loaded.items()} == {"relu": 7, "elu": 7}


def test_a_type_has_one_function() -> None:
    """The second one would silently replace the first."""
    registry = Registry("families")
    registry.register("relu")(len)

    with pytest.raises(ValueError, match="relu is registered twice, by builtins and builtins"):
        registry.register("relu")(max)
