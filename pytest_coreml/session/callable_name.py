"""Names of callables for test ids, tables and reports, which are the same in every run: baselines are found by them."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LAMBDA: Final = "<lambda>"
# Texts that cannot be paths, which would name folders in a report.
_PLAIN: Final = re.compile(r"[\w.=-]{1,30}")


def callable_name(function: Callable[..., Any], unnamed: str) -> str:
    """Return the name of *function*.

    A `functools.partial` has that of its function with the numbers and short words that it sets. A lambda has the name
    that it is assigned to in its module, otherwise *unnamed*, the word for what it is given as; its line would change.
    """
    if isinstance(function, partial):
        return "-".join([callable_name(function.func, unnamed), *_arguments(function)])
    name = str(getattr(function, "__name__", type(function).__name__))
    return name if name != _LAMBDA else _assigned_name(function) or unnamed


def _arguments(function: partial[Any]) -> Iterator[str]:
    named = [(f"{name}=", value) for name, value in function.keywords.items()]
    for name, value in [*(("", value) for value in function.args), *named]:
        if isinstance(value, (bool, int, float)) or (isinstance(value, str) and _PLAIN.fullmatch(value)):
            yield f"{name}{value}"


def _assigned_name(function: Callable[..., Any]) -> str | None:
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    names = vars(module) if module is not None else {}
    return next((name for name, value in names.items() if value is function), None)
