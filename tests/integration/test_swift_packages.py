"""`pytest Package.swift`: every model of a Swift package is a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """// swift-tools-version: 5.9
import PackageDescription

let package = Package(name: "Kit", targets: [
    .target(name: "Encoders", resources: [.copy("Linear.mlpackage"), .copy("Gone.mlmodelc")]),
])
"""


@pytest.fixture
def kit(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a package of the project's model, on a machine whose Swift toolchain fails."""
    folder = project.path / "Kit"
    (folder / "Sources" / "Encoders").mkdir(parents=True)
    (project.path / "Linear.mlpackage").rename(folder / "Sources" / "Encoders" / "Linear.mlpackage")
    (folder / "Package.swift").write_text(MANIFEST)
    swift = project.path / "bin" / "swift"
    swift.parent.mkdir()
    swift.write_text("#!/bin/sh\necho no manifest for you >&2\nexit 1\n")
    swift.chmod(0o755)
    monkeypatch.setenv("PATH", str(swift.parent), prepend=":")
    return folder


@pytest.mark.slow
def test_each_model_is_a_test_named_by_its_target(project: pytest.Pytester, kit: Path) -> None:
    """It predicts and is measured; what will not reach an app is a warning; the id selects the test again."""
    result = project.runpytest_subprocess(
        "--coreml-report", "Kit/Package.swift", "--coreml-calls=10", "--coreml-compute-units=all,cpuOnly"
    )

    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "*Package.swift: swift package dump-package failed, *exit status 1: no manifest for you",
            "*Package.swift: target Encoders lists Gone.mlmodelc, which is missing: Sources/Encoders/Gone.mlmodelc",
            "*Kit/Package.swift::Encoders/Linear.mlpackage",
        ]
    )
    document = json.loads((project.path / "coreml-report.json").read_text())
    ids = sorted(test["id"] for test in document["tests"])
    assert ids == [f"Kit/Package.swift::Encoders/Linear.mlpackage[{units}]" for units in ("all", "cpuOnly")]
    again = project.runpytest_subprocess(ids[0], "--coreml-calls=10", "-W", "ignore")
    again.assert_outcomes(passed=1)


def test_a_package_that_was_not_named_is_no_test(project: pytest.Pytester, kit: Path) -> None:
    """As with other models."""
    project.runpytest_subprocess("Kit").assert_outcomes()
