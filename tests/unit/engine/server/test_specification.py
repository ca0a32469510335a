"""A specification is read from inside its package, from regular files, and the package stays as it is."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from pytest_coreml.engine.server.specification import describe
from pytest_coreml.errors import ModelError


@pytest.fixture
def package(linear_package, tmp_path):
    """A copy of a sound package, beside the specification of another one."""
    shutil.copy(linear_package / "Data/com.apple.CoreML/model.mlmodel", tmp_path / "outside.mlmodel")
    return shutil.copytree(linear_package, tmp_path / "Net.mlpackage")


def set_root_model(package, name):
    """Let the manifest name another file as the model."""
    manifest = json.loads((package / "Manifest.json").read_text())
    manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"] = name
    (package / "Manifest.json").write_text(json.dumps(manifest))


def test_the_package_is_only_read(package):
    """Content and time of each file are as before, also of a manifest in another layout."""
    manifest = package / "Manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text())))
    files = [path for path in package.rglob("*") if path.is_file()]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in files]

    assert describe(str(package)).type == "mlProgram"

    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in files] == before


@pytest.mark.parametrize("name", ["../../outside.mlmodel", "/dev/zero", "com.apple.CoreML/../../../outside.mlmodel"])
def test_a_manifest_that_leaves_the_package_is_refused(package, name):
    """The file is there, and is not opened."""
    set_root_model(package, name)

    with pytest.raises(ModelError, match="points outside the package"):
        describe(str(package))


def test_a_link_out_of_the_package_is_refused(package):
    """It looks like a file of the package."""
    (package / "Data/com.apple.CoreML/link").symlink_to(package.parent / "outside.mlmodel")
    set_root_model(package, "com.apple.CoreML/link")

    with pytest.raises(ModelError, match="link that points outside the package"):
        describe(str(package))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_what_is_no_regular_file_is_refused_at_once(package, make):
    """A pipe would be waited for, and a device read until memory is out."""
    make(package / "Data/com.apple.CoreML/other")
    set_root_model(package, "com.apple.CoreML/other")

    with pytest.raises(ModelError, match="is missing"):
        describe(str(package))
