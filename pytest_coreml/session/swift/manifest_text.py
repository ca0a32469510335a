"""Read the text of a `Package.swift` leniently: it is never run, and what it does not say is noted."""

from __future__ import annotations

import re
from typing import Any, Final

from pytest_coreml.session.swift.package_manifest import (
    RESOURCE_RULES,
    TARGET_KINDS,
    PackageManifest,
    Resource,
    Target,
)
from pytest_coreml.session.swift.swift_values import Call, SwiftValues, read_values

_TOOLS_VERSION: Final = re.compile(r"//\s*swift-tools-version:\s*(\d{1,4})(?:\.(\d{1,4}))?", re.IGNORECASE)


def read_manifest(source: str) -> PackageManifest:
    """Return what the text of a manifest says. Never raises: what cannot be read is in the notes."""
    values = read_values(source)
    reader = _ManifestReader(values)
    package = next(
        (value for value in values.named.values() if isinstance(value, Call) and value.name == "Package"), None
    )
    if package is None:
        return PackageManifest(notes=("there is no `let package = Package(…)`",), is_read=False)
    targets = reader.targets(
        [package.argument("targets"), *(value for name, value in values.added if name == "targets")]
    )
    version = _TOOLS_VERSION.search(source)
    tools_version = (int(version[1]), int(version[2] or 0)) if version else None
    return PackageManifest(tuple(targets), tools_version, tuple(reader.notes), reader.is_read)


class _ManifestReader:
    def __init__(self, values: SwiftValues) -> None:
        self._values = values
        self.notes: list[str] = []
        self.is_read = True

    def targets(self, lists: list[Any]) -> list[Target]:
        """Return the targets of several lists."""
        found = []
        for item in self._values.items(tuple(value for value in lists if value is not None)):
            kind = TARGET_KINDS.get(item.name) if isinstance(item, Call) else None
            name = self._text(item.argument("name")) if isinstance(item, Call) else None
            if kind is None or name is None:
                self._note(item, "a target")
                self.is_read = False
            elif kind not in ("system", "binary"):
                found.append(self._target(item, name, kind))
        return found

    def _target(self, call: Call, name: str, kind: str) -> Target:
        before = len(self.notes)
        path = self._text(call.argument("path"), f"the path of target {name}", call)
        exclude = self._list(call.argument("exclude"))
        paths = [item for item in exclude if isinstance(item, str)]
        if len(paths) < len(exclude):
            self._note(call, f"what target {name} excludes")
        resources = []
        for item in self._list(call.argument("resources")):
            rule = item.name if isinstance(item, Call) else None
            place = self._text(item.arguments[0][1]) if isinstance(item, Call) and item.arguments else None
            if rule in RESOURCE_RULES and place is not None:
                resources.append(Resource(place, str(rule)))
            else:
                self._note(item, f"a resource of target {name}")
        return Target(name, kind, path, tuple(resources), tuple(paths), is_read=len(self.notes) == before)

    def _list(self, value: Any) -> list[Any]:
        return [] if value is None else list(self._values.items(value))

    def _text(self, value: Any, what: str | None = None, call: Call | None = None) -> str | None:
        """Return *value* as a string, None if it is none; *what* is noted then, unless it was left out."""
        text = self._values.resolve(value)
        if isinstance(text, tuple):
            # A sum with a name in it.
            parts = list(self._values.items(text))
            text = "".join(parts) if parts and all(isinstance(part, str) for part in parts) else text
        if isinstance(text, str):
            return text
        is_nil = getattr(value, "name", None) == "nil"
        if what is not None and value is not None and not is_nil:
            self._note(text if hasattr(text, "line") else call, what)
        return None

    def _note(self, value: Any, what: str) -> None:
        line = getattr(value, "line", None)
        where = f"line {line}: " if line else ""
        self.notes.append(f"{where}{what} is not written down as a literal")
