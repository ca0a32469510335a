"""The resources of the targets of a `Package.swift`, from any reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Names of the methods of `Target` in PackageDescription, and their types in the output of `swift package dump-package`.
TARGET_KINDS: Final = {
    "target": "regular",
    "executableTarget": "executable",
    "testTarget": "test",
    "macro": "macro",
    "plugin": "plugin",
    "systemLibrary": "system",
    "binaryTarget": "binary",
}
RESOURCE_RULES: Final = ("process", "copy", "embedInCode")


@dataclass(frozen=True)
class Resource:
    """A resource line: *path* is relative to the folder of the target, *rule* one of `RESOURCE_RULES`."""

    path: str
    rule: str


@dataclass(frozen=True)
class Target:
    """A target: *path* is None for the default folder, *kind* a value of `TARGET_KINDS`.

    *is_read* is False where some of its resource lines could not be read.
    """

    name: str
    kind: str = "regular"
    path: str | None = None
    resources: tuple[Resource, ...] = ()
    exclude: tuple[str, ...] = ()
    is_read: bool = True


@dataclass(frozen=True)
class PackageManifest:
    """A manifest.

    *tools_version*: the major and minor number, None if unknown. *notes*: what could not be read, for the user.
    *is_read*: False where some of its targets could not be read.
    """

    targets: tuple[Target, ...] = ()
    tools_version: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    is_read: bool = True
