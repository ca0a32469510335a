"""The facts in `selectors.json`: which selectors exist, since when, with which types, and which have metadata."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "selectors.json"
# What every object has.
ROOT = ("alloc", "init", "copy", "className")
# A result of Core ML is of a class of its own that conforms to one of these.
PROTOCOLS = {
    "MLDictionaryFeatureProvider": ("MLFeatureProvider",),
    "MLArrayBatchProvider": ("MLBatchProvider",),
    "NSMutableArray": ("NSArray",),
    "NSMutableDictionary": ("NSDictionary",),
}


@dataclass(frozen=True)
class Signature:
    """A selector of a class: `+` or `-`, the macOS that introduced it, and the types of its result and arguments."""

    owner: str
    selector: str
    sign: str
    since: tuple[int, ...]
    result: str
    arguments: tuple[str, ...]

    @property
    def needs_metadata(self) -> bool:
        """True if PyObjC cannot send it by what Objective-C itself knows: out-parameters, blocks, plain pointers."""
        # Objects of Core Foundation are objects for PyObjC, too.
        kinds = [kind for kind in (self.result, *self.arguments) if not kind.startswith("^{__CV")]
        return any("^" in kind or kind == "@?" for kind in kinds)


@cache
def facts() -> dict[str, Any]:
    """Return the whole file."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def find_signature(name: str, selector: str) -> Signature | None:
    """Return the signature of *selector* for the class *name*; None if Apple's headers do not have it."""
    for owner in (name, *PROTOCOLS.get(name, ())):
        for framework in ("CoreML", "Foundation"):
            entry = facts()[framework].get(owner, {}).get(selector)
            if entry is not None:
                sign, since, result, *arguments = entry
                version = tuple(int(part) for part in since.split(".") if part)
                return Signature(owner, selector, sign, version, result, tuple(arguments))
    return None


def metadata(wheel: str, signature: Signature) -> dict[str, str] | None:
    """Return what a wheel knows of the arguments: `out`, `block of N`, `array`; None if it knows nothing."""
    found: dict[str, dict[str, str]] = facts()["metadata"][wheel]
    # The other wheels register protocols under NSObject.
    keys = (f"{signature.owner} {signature.selector}", f"NSObject {signature.selector}")
    return next((found[key] for key in keys if key in found), None)
