"""The texts that the binding puts around the framework's errors, and what it refuses on older systems."""

from __future__ import annotations

import re

from standin.session import current


def from_framework(description: str) -> RuntimeError:
    """Make what the binding raises for an NSError: the printed `userInfo`."""
    return RuntimeError(f"{{\n    NSLocalizedDescription = {_quote(description)};\n}}")


def from_compiler(description: str) -> RuntimeError:
    """Make what the constructor raises when its own compile fails."""
    return RuntimeError(f'Error compiling model: "{description}".')


def require(version: tuple[int, ...], what: str, verb: str = "is only available") -> None:
    """Raise as the native code does when the system is older than *version*."""
    if current().scenario.macos < version:
        raise RuntimeError(f"{what} {verb} on macOS >= {'.'.join(map(str, version))}")


def _quote(text: str) -> str:
    """Write a string as an old-style property list does."""
    if re.fullmatch(r"\w+", text, re.ASCII):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c if ord(c) < 128 else f"\\U{ord(c):04x}" for c in escaped) + '"'
