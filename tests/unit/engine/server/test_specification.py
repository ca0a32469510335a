"""A specification is read from inside its package, from regular files, and the package stays as it is."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from compiled_folders import save_compiled
from small_models import save_encoder

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


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "5" + "\nsize 5242880\n"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A package may have its weights in a separate file."""
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def weighted(encoder, tmp_path):
    """A copy of it."""
    return shutil.copytree(encoder, tmp_path / "Weighted.mlpackage")


@pytest.mark.parametrize("pattern", ["weight.bin", "model.mlmodel", "Manifest.json"])
def test_a_pointer_of_git_lfs_is_named_with_the_command(weighted, pattern):
    """The pointer is found in any file of the package."""
    next(weighted.rglob(pattern)).write_text(POINTER)

    with pytest.raises(ModelError, match=r"a pointer of Git LFS, the file was not downloaded: git lfs pull"):
        describe(str(weighted))


def test_the_file_of_a_pointer_is_named_inside_its_package(weighted):
    """The line is short: the path of the package stands before it."""
    next(weighted.rglob("model.mlmodel")).write_text(POINTER)

    with pytest.raises(ModelError, match=r"package: .*: Data/com.apple.CoreML/model.mlmodel: it is a pointer"):
        describe(str(weighted))


def test_missing_weights_are_named_with_what_to_do(weighted):
    """Ignore rules leave out files of this name."""
    shutil.rmtree(next(weighted.rglob("weights")))

    with pytest.raises(ModelError, match=r"'@model_path/weights/weight.bin' is missing, .*ignore rules"):
        describe(str(weighted))


@pytest.mark.parametrize("pattern", ["model.mlmodel", "weight.bin"])
def test_a_file_inside_a_package_is_answered_with_the_package(weighted, pattern):
    """An inner file would lack its weights."""
    with pytest.raises(ModelError, match=r"a file inside the package Weighted.mlpackage; name the package: .*Weighted"):
        describe(str(next(weighted.rglob(pattern))))


def test_a_compiled_model_names_a_pointer_too(weighted, tmp_path):
    """Its program is text, and its weights are in the same file as those of the package."""
    folder = save_compiled(weighted, tmp_path / "Weighted.mlmodelc")
    next(folder.rglob("weight.bin")).write_text(POINTER)

    with pytest.raises(ModelError, match=r"a pointer of Git LFS, the file was not downloaded: git lfs pull"):
        describe(str(folder))
