"""Messages name the user's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_coreml.engine.server.subject import Subject

COPY = "/var/folders/pytest-coreml-x1/0/Encoder.mlmodelc"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose weights are missing."""
    weights = tmp_path / "Encoder.mlpackage" / "Data" / "com.apple.CoreML" / "weights"
    weights.mkdir(parents=True)
    (weights.parent / "model.mlmodel").touch()
    return tmp_path / "Encoder.mlpackage"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (f"cannot open {COPY}.", "cannot open {package}."),
        (f"cannot open /private{COPY}", "cannot open {package}"),
        (
            f"{COPY}/weights/weight.bin, blob at 64: cut",
            "{package}/Data/com.apple.CoreML/weights/weight.bin, blob at 64: cut",
        ),
        (f"bad {COPY}/model.mil.", "bad {package}."),
        (f"{COPY}: no such type", "no such type"),
        ("E5RT: no", "E5RT: no"),
    ],
)
def test_the_copy_of_an_engine_is_not_named(package: Path, told: str, expected: str) -> None:
    """Its files are those of the package where the package has them, else the package; said once is enough."""
    subject = Subject(package, "cpuOnly", Path(COPY))

    assert subject.cause(RuntimeError(told)) == expected.format(package=package)
    assert str(subject) == "Encoder.mlpackage on cpuOnly"
