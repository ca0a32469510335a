"""Messages have Core ML's own description, and name the user's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_coreml.engine.server.messages import Subject, cause

PRINTED = '{\n    NSLocalizedDescription = "Could not open \\"weights\\" in \\U00fcber";\n    NSUnderlyingError = x;\n}'
COPY = "/var/folders/pytest-coreml-x1/0/Encoder.mlmodelc"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError(PRINTED), 'Could not open "weights" in über'),
        (RuntimeError("{\n    NSLocalizedDescription = Unknown;\n}"), "Unknown"),
        (RuntimeError('Error compiling model: "no weights".'), 'Error compiling model: "no weights".'),
        (MemoryError(), "out of memory"),
        (IndexError(), "IndexError"),
    ],
    ids=["quoted", "a word", "plain", "memory", "no text"],
)
def test_cause(error: Exception, expected: str) -> None:
    """The cause is the description alone, unescaped, or the unchanged text where there is no description."""
    assert expected == cause(error)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose weights are missing."""
    weights = tmp_path / "Encoder.mlpackage" / "Data" / "com.apple.CoreML" / "weights"
    weights.mkdir(parents=True)
    (weights.parent / "model.mlmodel").touch()
    return tmp_path / "Encoder.mlpackage"


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_the_copy_of_an_engine_is_not_named(package: Path, text: str, expected: str) -> None:
    """A file of the copy becomes the package's own file where it has one, else the package, named once."""
    subject = Subject(package, "cpuOnly", Path(COPY))

    assert subject.cause(RuntimeError(text)) == expected.format(package=package)
    assert str(subject) == "Encoder.mlpackage on cpuOnly"
