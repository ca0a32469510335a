"""A folder that is not a package is refused before much of it is read, and nothing outside it is read."""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import pytest

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec


@pytest.fixture
def package(linear_package, tmp_path):
    """Copy a good package, to be damaged."""
    return shutil.copytree(linear_package, tmp_path / "Bad.mlpackage")


def refusal(path):
    """Return the error of a bad package."""
    with pytest.raises(BadModelError) as caught:
        read_spec(open_package(path))
    return str(caught.value)


def _sparse(path, size):
    """Make a file that says it is large, and takes no room."""
    with path.open("wb") as file:
        file.truncate(size)


def test_the_package_is_good(package):
    """As it is before it is damaged."""
    assert read_spec(open_package(package)).WhichOneof("Type") == "mlProgram"


def test_a_huge_manifest_is_not_read(package):
    """Sixteen gigabytes would not fit into memory."""
    _sparse(package / "Manifest.json", 1 << 34)

    assert "Manifest.json: cannot read the manifest of the package: it has 17179869184 bytes" in refusal(package)


def test_a_huge_model_is_not_read(package):
    """No message of protobuf has more than two gigabytes."""
    model = next(package.rglob("*.mlmodel"))
    _sparse(model, 1 << 34)

    assert "model.mlmodel: it has 17179869184 bytes, expected 2147483647" in refusal(package)
    assert "it has 17179869184 bytes" in refusal(model)


@pytest.mark.parametrize("target", ["/dev/zero", "../Elsewhere.json", "Manifest.json"])
def test_a_manifest_that_is_a_link(package, target):
    """A device has no end, a file outside is not the package's, and a link to itself leads nowhere."""
    (package.parent / "Elsewhere.json").write_text((package / "Manifest.json").read_text())
    (package / "Manifest.json").unlink()
    (package / "Manifest.json").symlink_to(target)

    assert "Manifest.json: the manifest of the package " in refusal(package)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("which", ["Manifest.json", "*.mlmodel"])
def test_a_pipe_is_not_waited_for(package, which):
    """Such a package is never written."""
    file = next(package.rglob(which))
    file.unlink()
    os.mkfifo(file)

    assert "is missing, expected" in refusal(package)


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", "null", "7", "{", "[" * 100_000, '{"a":' * 100_000, "\ud800", json.dumps({"rootModelIdentifier": [1]})],
    ids=["empty", "list", "null", "number", "cut", "deep lists", "deep objects", "no text", "no identifier"],
)
def test_a_manifest_that_is_none(package, manifest):
    """The error names the file with any content."""
    (package / "Manifest.json").write_text(manifest, encoding="utf-8", errors="surrogatepass")

    assert "Manifest.json: " in refusal(package)


def test_a_zip_file_is_no_package(package, tmp_path):
    """A package is a folder: what was packed must be unpacked."""
    with zipfile.ZipFile(tmp_path / "Zip.mlpackage", "w") as packed:
        packed.write(package / "Manifest.json", "Manifest.json")

    assert "Zip.mlpackage: not a Core ML model" in refusal(tmp_path / "Zip.mlpackage")
