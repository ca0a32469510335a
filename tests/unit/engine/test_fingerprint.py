"""A model that is saved again has another fingerprint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.fingerprint import fingerprint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of three files."""
    package = tmp_path / "Net.mlpackage"
    (package / "Data").mkdir(parents=True)
    for name in ("Manifest.json", "Data/model.mlmodel", "Data/weight.bin"):
        (package / name).write_text(name)
    return package


def test_files_that_are_written_again_change_it(package: Path) -> None:
    """Also with the same size, and as another file with the same time."""
    seen = {fingerprint(str(package))}
    weights = package / "Data" / "weight.bin"
    weights.write_text("data/WEIGHT.BIN")
    os.utime(weights, ns=(0, 10**18))
    seen.add(fingerprint(str(package)))
    copy = package / "copy"
    copy.write_text("another, held open while it takes the place of the first")
    os.truncate(copy, weights.stat().st_size)
    os.utime(copy, ns=(0, 10**18))
    copy.replace(weights)
    seen.add(fingerprint(str(package)))

    assert len(seen) == 3


def test_what_is_no_part_of_the_model_does_not_change_it(package: Path) -> None:
    """The manifest, which coremltools rewrites when it reads, hidden files, and a further link to a file."""
    before = fingerprint(str(package))
    (package / "Manifest.json").write_text("{}")
    (package / ".DS_Store").write_text("of the Finder")
    os.link(package / "Data" / "weight.bin", package.parent / "link")

    assert fingerprint(str(package)) == before


def test_a_file_and_a_path_without_one(tmp_path: Path) -> None:
    """A model can be a single file; a path where nothing is has a fingerprint too."""
    model = tmp_path / "Net.mlmodel"
    nothing = fingerprint(str(model))
    model.write_text("model")

    assert fingerprint(str(model)) != nothing == fingerprint(str(tmp_path / "Other.mlmodel"))
