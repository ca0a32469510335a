"""The models of a Swift package, by target, and the warnings about those that an app will not get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.session.swift import packaged_models
from pytest_coreml.session.swift.dump_package import DumpError
from pytest_coreml.session.swift.package_manifest import PackageManifest, Resource, Target
from pytest_coreml.session.swift.packaged_models import SwiftPackage, read_package

if TYPE_CHECKING:
    from pathlib import Path

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:5\nsize 5\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a package, on a machine without a toolchain."""
    monkeypatch.setattr(packaged_models, "find_toolchain", lambda: None)
    return tmp_path


def package(root: Path, targets: str, *files: str, version: str = "5.9") -> SwiftPackage:
    """Write a manifest and files, and read the package."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    manifest = root / "Package.swift"
    manifest.write_text(f'// swift-tools-version:{version}\nlet package = Package(name: "K", targets: [{targets}])')
    return read_package(manifest)


def labels(found: SwiftPackage) -> list[str]:
    """Return the labels of the models."""
    return [model.label for model in found.models]


def test_models_are_named_by_the_target_that_lists_them(root: Path) -> None:
    """Each folder of a target is found as SwiftPM finds it; a resource may be a model or a folder of some."""
    found = package(
        root,
        """.target(name: "A", resources: [.copy("R/M.mlpackage"), .process("Models")]),
           .testTarget(name: "ATests", resources: [.copy("M.mlmodelc")]),
           .target(name: "B", path: "Other", resources: [.copy("N.mlmodel")])""",
        "Sources/A/R/M.mlpackage/Manifest.json",
        "Sources/A/Models/deep/K.mlmodel",
        "Tests/ATests/M.mlmodelc/coremldata.bin",
        "Other/N.mlmodel",
    )

    assert labels(found) == ["A/K.mlmodel", "A/M.mlpackage", "ATests/M.mlmodelc", "B/N.mlmodel"]
    assert found.models[0].path == root / "Sources/A/Models/deep/K.mlmodel"
    assert found.warnings == ()


def test_models_of_one_name_are_told_apart_by_their_folders(root: Path) -> None:
    """The label is the test's name, so it must be unique."""
    found = package(
        root, '.target(name: "A", resources: [.copy("R")])', "Sources/A/R/x/M.mlmodel", "Sources/A/R/y/M.mlmodel"
    )

    assert labels(found) == ["A/R/x/M.mlmodel", "A/R/y/M.mlmodel"]


def test_the_only_target_may_lie_in_sources_itself(root: Path) -> None:
    """As from tools version 5.9 on."""
    found = package(root, '.target(name: "A", resources: [.copy("M.mlmodel")])', "Sources/M.mlmodel")

    assert labels(found) == ["A/M.mlmodel"]
    assert found.warnings == ()


def test_models_that_no_target_lists_are_tests_with_a_warning(root: Path) -> None:
    """A build leaves them out, or depends on who builds; what a target excludes is listed by none."""
    found = package(
        root,
        '.target(name: "A", exclude: ["Old"])',
        "Sources/A/M.mlpackage/Manifest.json",
        "Sources/A/C.mlmodelc/coremldata.bin",
        "Sources/A/Old/O.mlmodel",
        "Scratch/S.mlmodel",
    )

    assert labels(found) == ["A/C.mlmodelc", "A/M.mlpackage", "Scratch/S.mlmodel", "Sources/A/Old/O.mlmodel"]
    assert found.warnings == (
        "Sources/A/C.mlmodelc: no resource of target A lists it; no build includes it",
        (
            "Sources/A/M.mlpackage: no resource of target A lists it; Xcode compiles it anyway, "
            "and `swift build` before Swift 6.4 leaves it out"
        ),
        "Scratch/S.mlmodel: no target lists it",
        "Sources/A/Old/O.mlmodel: no target lists it",
    )


def test_where_the_manifest_cannot_be_read_no_model_is_called_unlisted(root: Path) -> None:
    """The note about the manifest is the only warning."""
    found = package(root, '.target(name: "A", resources: models)', "Sources/A/M.mlmodel")

    assert labels(found) == ["A/M.mlmodel"]
    assert found.warnings == ("line 2: a resource of target A is not written down as a literal",)


def test_listed_models_that_are_missing_are_named(root: Path) -> None:
    """Some packages download their models by a script."""
    found = package(root, '.target(name: "A", resources: [.copy("M.mlmodelc"), .copy("R"), .copy("words.txt")])')

    assert found.warnings == (
        "no .mlmodel, .mlpackage, .mlmodelc in its folder",
        "target A lists M.mlmodelc, which is missing: Sources/A/M.mlmodelc",
        "target A lists R, which is missing: Sources/A/R",
    )


def test_pointers_of_git_lfs_are_named(root: Path) -> None:
    """In place of a model, or of a file inside one."""
    (root / "Sources/A/P.mlpackage/Data").mkdir(parents=True)
    (root / "Sources/A/P.mlpackage/Data/weight.bin").write_text(POINTER)
    (root / "Sources/A/Q.mlmodel").write_text(POINTER)

    found = package(root, '.target(name: "A", resources: [.copy("P.mlpackage"), .copy("Q.mlmodel")])')

    assert found.warnings == (
        "Sources/A/P.mlpackage/Data/weight.bin: a pointer of Git LFS, not downloaded: git lfs pull",
        "Sources/A/Q.mlmodel: a pointer of Git LFS, not downloaded: git lfs pull",
    )


@pytest.mark.parametrize(("version", "is_warned"), [("5.5", True), ("5.7", False)])
def test_process_on_a_package_with_old_tools_is_a_warning(root: Path, version: str, is_warned: bool) -> None:
    """Such tools copy the files of the package one by one."""
    found = package(
        root, '.target(name: "A", resources: [.process("M.mlpackage")])', "Sources/A/M.mlpackage/x", version=version
    )

    assert [".process with swift-tools-version 5.5 copies" in text for text in found.warnings] == [True] * is_warned


def test_copies_and_other_packages_are_not_entered(root: Path) -> None:
    """Models of builds, dependencies and nested packages are not collected."""
    folders = (".build/checkouts", "DerivedData", "Pods", "Examples/App")
    (root / "Examples/App").mkdir(parents=True)
    (root / "Examples/App/Package.swift").write_text("")

    found = package(root, '.target(name: "A")', *(f"{folder}/M.mlmodel" for folder in folders))

    assert found.models == ()


def test_a_toolchain_is_believed_and_its_failure_is_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its answer, the text of the manifest is read."""
    monkeypatch.setattr(packaged_models, "find_toolchain", lambda: "swift")
    answers = [PackageManifest((Target("T", resources=(Resource("M.mlmodel", "copy"),)),), (5, 9))]

    def dump(swift: str, folder: Path) -> PackageManifest:
        if not answers:
            raise DumpError("no answer within 120 s")
        return answers.pop()

    monkeypatch.setattr(packaged_models, "dump_manifest", dump)
    text = '.target(name: "A", path: "Sources/T", resources: [.copy("M.mlmodel")])'

    assert labels(package(root, text, "Sources/T/M.mlmodel")) == ["T/M.mlmodel"]
    second = package(root, text)
    assert labels(second) == ["A/M.mlmodel"]
    assert second.warnings == (
        "swift package dump-package failed, so the text of the manifest was read: no answer within 120 s",
    )
