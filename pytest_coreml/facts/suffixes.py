"""The suffixes of model files, and the name of a Swift package's manifest.

Imported in every run of pytest, so it imports nothing else of the package.
"""

from __future__ import annotations

from typing import Final

COMPILED_SUFFIX: Final = ".mlmodelc"
MODEL_SUFFIXES: Final = (".mlmodel", ".mlpackage", COMPILED_SUFFIX)
SWIFT_MANIFEST: Final = "Package.swift"
