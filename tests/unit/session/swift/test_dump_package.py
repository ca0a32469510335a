"""A Swift toolchain is asked for the manifest, and may fail in every way."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from pytest_coreml.session.swift import dump_package
from pytest_coreml.session.swift.dump_package import DumpError, dump_manifest, find_toolchain
from pytest_coreml.session.swift.package_manifest import PackageManifest, Resource, Target

# As SwiftPM writes it; fields that do not matter here are left out.
DUMP = {
    "name": "Kit",
    "packageKind": {"root": ["/Kit"]},
    "targets": [
        {
            "dependencies": [{"byName": ["Core", None]}],
            "exclude": ["Old"],
            "name": "Kit",
            "packageAccess": True,
            "path": "Code",
            "resources": [
                {"path": "A.mlpackage", "rule": {"process": {}}},
                {"path": "B.mlmodelc", "rule": {"copy": {}}},
                {"path": "C.mlmodel", "rule": {"embedInCode": {}}},
            ],
            "settings": [],
            "type": "regular",
        },
        {"exclude": [], "name": "KitTests", "resources": [], "settings": [], "type": "test"},
        {"name": "Blob", "path": "Blob.xcframework", "type": "binary"},
    ],
    "toolsVersion": {"_version": "5.9.0"},
}


def scripted_swift(folder: Path, script: str) -> str:
    """Return the path of a `swift` that is a shell script."""
    path = folder / "bin" / "swift"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_manifest_is_what_the_toolchain_prints(tmp_path: Path) -> None:
    """It is asked for this package, and to leave no folder in it; what it says beside the manifest is ignored."""
    (tmp_path / "dump.json").write_text(json.dumps(DUMP))
    swift = scripted_swift(tmp_path, f'echo warning >&2; echo "$@" > {tmp_path}/asked; cat {tmp_path}/dump.json')

    manifest = dump_manifest(swift, tmp_path / "Kit")

    resources = (
        Resource("A.mlpackage", "process"),
        Resource("B.mlmodelc", "copy"),
        Resource("C.mlmodel", "embedInCode"),
    )
    kit = Target("Kit", "regular", "Code", resources, ("Old",))
    assert manifest == PackageManifest((kit, Target("KitTests", "test")), (5, 9))
    words = (tmp_path / "asked").read_text().split()
    assert words[:4] == ["package", "--package-path", str(tmp_path / "Kit"), "--scratch-path"]
    assert words[5:] == ["dump-package"]
    assert not Path(words[4]).exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'error: manifest is broken' >&2; exit 1", "exit status 1: error: manifest is broken"),
        ("echo nonsense", "its output is not a manifest: JSONDecodeError"),
        ("echo '[]'", "its output is not a manifest: TypeError"),
        ("""echo '{"targets": [{"type": "regular"}]}'""", "its output is not a manifest: KeyError"),
        ("kill -9 $$", "exit status -9"),
    ],
)
def test_a_toolchain_that_fails_is_an_error_with_the_reason(tmp_path: Path, script: str, reason: str) -> None:
    """The caller reads the text of the manifest then."""
    with pytest.raises(DumpError) as caught:
        dump_manifest(scripted_swift(tmp_path, script), tmp_path)

    assert str(caught.value).startswith(reason)


def test_a_toolchain_that_hangs_is_ended(tmp_path: Path) -> None:
    """With what it has started, which holds its output open."""
    swift = scripted_swift(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()

    with pytest.raises(DumpError, match="no answer within 1 s"):
        dump_manifest(swift, tmp_path, seconds=1)

    assert time.monotonic() - began < 20
    child = int((tmp_path / "child").read_text())
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False).stdout
    assert state.strip()[:1] in ("", "Z")


def test_apples_stub_without_a_toolchain_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would open a window that offers to install one."""
    monkeypatch.setattr(dump_package.shutil, "which", lambda _: "/usr/bin/swift")
    monkeypatch.setattr(dump_package.sys, "platform", "darwin")
    monkeypatch.setattr(dump_package.commands, "run", lambda words: "" if words == ["xcode-select", "-p"] else "?")

    assert find_toolchain() is None


def test_a_toolchain_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell finds it."""
    swift = scripted_swift(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", os.path.dirname(swift))  # noqa: PTH120  # a path of strings

    assert find_toolchain() == swift
