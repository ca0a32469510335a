"""The rules of the project's English that a program can check.

Each is a check of proselint. Words are matched as a whole, ignoring case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from proselint.registry.checks import Check, types

if TYPE_CHECKING:
    from passages import Kind

_ANYWHERE: Final[tuple[Kind, ...]] = ("heading", "text", "docstring", "message", "description")


class Rule(NamedTuple):
    """A check, and the kinds of passages that it is for."""

    check: Check
    kinds: tuple[Kind, ...]


def _pattern(
    name: str, pattern: str, advice: str, *, kinds: tuple[Kind, ...] = _ANYWHERE, exceptions: tuple[str, ...] = ()
) -> Rule:
    check = types.ExistenceSimple(pattern, exceptions)
    return Rule(Check(check, path=f"house.{name}", message=f"'{{0}}': {advice}"), kinds)


def _preferred(name: str, forms: dict[str, str]) -> Rule:
    return Rule(Check(types.PreferredForms(forms), path=f"house.{name}", message="'{1}': use '{0}'"), _ANYWHERE)


_RARE: Final = {
    "afresh": "again",
    "all the same": "anyway",
    "anew": "again",
    "convict": "confirm",
    "convicts": "confirms",
    "cure": "fix",
    "cures": "fixes",
    "hurdle": "problem",
    "killer": "crash",
    "meanwhile": "at the same time",
    "mend": "fix",
    "mended": "fixed",
    "mends": "fixes",
    "rubbish": "garbage",
}
_TERMS: Final = {
    "a free machine": "an idle machine",
    "alternately": "interleaved",
    "beside each other": "concurrently",
    "by hand": "manually",
    "keep a budget": "meet a budget",
    "keeps a budget": "meets a budget",
    "little project": "sample project",
    "miss a budget": "exceed a budget",
    "misses a budget": "exceeds a budget",
    "sign of life": "response",
    "take turns": "run one at a time",
    "takes turns": "runs one at a time",
    "the present": "the current",
}
_FILLERS: Final = {
    "by itself": "nothing",
    "of its own": "its own, or separate",
    "of their own": "their own, or separate",
}

RULES: Final = (
    _pattern("verb", r"\A(give|say|tell)s?\b", "use Return, Describe or Report", kinds=("docstring",)),
    _pattern(
        "clause",
        r"\A((whether|what|how|who|whichever|whatever)\b|where\b[^,]*\z)",
        "name the thing",
        kinds=("docstring", "description"),
    ),
    _pattern(
        "negation",
        r"(there )?\b(is|are) no [a-z]+",
        "use 'is not a'",
        exceptions=("there (is|are) no [a-z]+", "(is|are) no (longer|more|less|later|earlier)"),
    ),
    _pattern("purpose", r"\b(is|are) to be\b", "name the role, or use 'must be'"),
    _pattern("agent", r"\b(nobody|somebody|whoever|whichever)\b", "name the component or the person"),
    _preferred("rare", _RARE),
    _preferred("term", _TERMS),
    _preferred("filler", _FILLERS),
)
