"""Read a manifest by `swift package dump-package`, where there is a Swift toolchain.

The toolchain compiles and runs the manifest, as each build of the package does, on a Mac in its sandbox.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from contextlib import suppress
from subprocess import DEVNULL, PIPE, TimeoutExpired
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.work_folder import WorkFolder
from pytest_coreml.machine import commands
from pytest_coreml.machine.child_process import ChildProcess
from pytest_coreml.session.swift.package_manifest import RESOURCE_RULES, PackageManifest, Resource, Target

if TYPE_CHECKING:
    from pathlib import Path

# The first call of a toolchain compiles the manifest.
SECONDS: Final = 120.0
_MAX_WORDS: Final = 300
# What Apple ships in place of a toolchain; without one it opens a window that offers to install it.
_APPLE_STUB: Final = "/usr/bin/swift"


class DumpError(Exception):
    """The toolchain could not tell what the manifest says; the text is the reason."""


def find_toolchain() -> str | None:
    """Return the path of `swift`; None where there is no toolchain."""
    swift = shutil.which("swift")
    if swift == _APPLE_STUB and sys.platform == "darwin" and not commands.run(["xcode-select", "-p"]):
        return None
    return swift


def dump_manifest(swift: str, folder: Path, seconds: float = SECONDS) -> PackageManifest:
    """Return the manifest in *folder* as the toolchain reads it. Raises `DumpError`, also after *seconds*."""
    # The toolchain keeps its lock and its caches of the package in this folder instead of in `.build`.
    with WorkFolder("swift-") as scratch:
        words = [swift, "package", "--package-path", str(folder), "--scratch-path", str(scratch), "dump-package"]
        output = _run(words, seconds)
    try:
        return _manifest(json.loads(output))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DumpError(f"its output is not a manifest: {error!r}") from error


def _run(words: list[str], seconds: float) -> str:
    try:
        # Of a session of its own, so that what it has started ends with it.
        process = ChildProcess(
            words,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise DumpError(str(error)) from error
    try:
        output, errors = process.communicate(timeout=seconds)
    except BaseException as error:
        _end(process)
        if isinstance(error, TimeoutExpired):
            raise DumpError(f"no answer within {seconds:g} s") from None
        raise
    if process.returncode != 0:
        words_of_swift = errors.decode(errors="replace").strip()[-_MAX_WORDS:]
        raise DumpError(f"exit status {process.returncode}: {words_of_swift}")
    return output.decode(errors="replace")


def _end(process: ChildProcess) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    # Not forever: a pipe may be open in a process that has left the group.
    with suppress(TimeoutExpired):
        process.communicate(timeout=5)


def _manifest(document: Any) -> PackageManifest:
    targets = [_target(found) for found in document["targets"] if found.get("type") not in ("system", "binary")]
    version = re.match(r"(\d+)\.(\d+)", str((document.get("toolsVersion") or {}).get("_version")))
    return PackageManifest(tuple(targets), (int(version[1]), int(version[2])) if version else None)


def _target(found: Any) -> Target:
    resources = [
        Resource(str(resource["path"]), rule)
        for resource in found.get("resources") or []
        for rule in RESOURCE_RULES
        if rule in resource["rule"]
    ]
    exclude = tuple(str(path) for path in found.get("exclude") or [])
    path = found.get("path")
    return Target(
        str(found["name"]),
        str(found.get("type") or "regular"),
        None if path is None else str(path),
        tuple(resources),
        exclude,
    )
