"""The causes that Core ML gives, without the dress that its binding puts around them."""

from __future__ import annotations

import ast
import contextlib
import re

# The binding prints the user info of an error as an old-style property list:
# { NSLocalizedDescription = "..."; NSUnderlyingError = ...; }
_DESCRIPTION = re.compile(r'NSLocalizedDescription\s*=\s*("(?:[^"\\]|\\.)*"|\w+)\s*;')


def cause(error: BaseException) -> str:
    """Give the framework's own description where *error* carries one, else its text, or its type when it has none."""
    text = str(error).strip() or ("out of memory" if isinstance(error, MemoryError) else "")
    found = _DESCRIPTION.search(text)
    return (_unquote(found.group(1)) if found else text) or type(error).__name__


def _unquote(word: str) -> str:
    # Characters beyond ASCII are written \Uxxxx, with four digits where Python has eight.
    if word.startswith('"'):
        with contextlib.suppress(SyntaxError, ValueError):
            return str(ast.literal_eval(re.sub(r"\\U([0-9a-fA-F]{4})", r"\\u\1", word)))
    return word.strip('"')
