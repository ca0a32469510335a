"""The names of the functions of a model, read without coremltools, of files that coremltools has written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import coremltools as ct
import pytest
import standin_models

from pytest_coreml.session.model_functions import several_functions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(linear_package: Path, tmp_path: Path) -> Path:
    """A package with two functions, of one that has one."""
    functions = ct.utils.MultiFunctionDescriptor()
    for name in ("prefill", "decode"):
        functions.add_function(str(linear_package), "main", name)
    functions.default_function_name = "prefill"
    path = tmp_path / "Model.mlpackage"
    ct.utils.save_multifunction(functions, str(path))
    return path


def test_a_package_with_several_functions(package: Path) -> None:
    """In the order of their names."""
    assert several_functions(package) == ("decode", "prefill")


def test_a_model_of_one_function_has_none_to_choose_from(linear_package: Path) -> None:
    """Its function needs no name."""
    assert several_functions(linear_package) == ()


def test_a_specification_file(tmp_path: Path) -> None:
    """The message alone."""
    path = tmp_path / "Model.mlmodel"
    path.write_bytes(standin_models.multifunction_spec(("main", "other")).SerializeToString())

    assert several_functions(path) == ("main", "other")


def test_a_compiled_model_has_them_in_its_metadata(tmp_path: Path) -> None:
    """As Core ML's compiler writes them."""
    folder = tmp_path / "Model.mlmodelc"
    folder.mkdir()
    (folder / "metadata.json").write_text(json.dumps([{"functions": [{"name": "main"}, {"name": "other"}]}]))

    assert several_functions(folder) == ("main", "other")


@pytest.mark.parametrize("content", [b"", b"\x12\xff\xff\xff\xff\x0f", b"no model at all", bytes(range(256))])
def test_what_cannot_be_read_has_none(package: Path, content: bytes) -> None:
    """The engine says why; a manifest that leads out of the package is not followed."""
    next(package.rglob("*.mlmodel")).write_bytes(content)
    assert several_functions(package) == ()

    manifest = json.loads((package / "Manifest.json").read_text())
    manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"] = "../../outside.mlmodel"
    (package.parent / "outside.mlmodel").write_bytes(
        standin_models.multifunction_spec(("main", "other")).SerializeToString()
    )
    (package / "Manifest.json").write_text(json.dumps(manifest))
    assert several_functions(package) == ()
