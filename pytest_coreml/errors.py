"""The exceptions of the core, which does not import pytest, and suggestions for misspelled words.

Every other module can import this one. `plugin/` and `cli/` translate the exceptions: `UsageError` into exit status 4
(2 on the command line), the others into a failed test.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import safe_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MAX_SHOWN: Final = 80


class CoreMLTestError(Exception):
    """The base class of all exceptions that this package raises on purpose; their text cannot steer a terminal."""

    def __str__(self) -> str:
        return safe_lines(super().__str__())


class UsageError(CoreMLTestError):
    """Invalid input: an option, a marker argument, or a path that is not a report."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each mistake."""
        return (str(self),)


class MistakesError(UsageError):
    """Several mistakes at once."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__("\n".join(texts))
        self._texts = tuple(texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each mistake."""
        return self._texts


class ModelError(CoreMLTestError):
    """A model cannot be read, compiled, loaded or executed; the text names the file and the cause."""


class UnfitVariantError(ModelError):
    """A model cannot have a variant, as for its deployment target; the test is skipped with the text."""


class UnfitMachineError(CoreMLTestError):
    """This machine lacks what a test needs; the test is skipped with the text."""


class InputError(CoreMLTestError):
    """`predict` got inputs that the model does not accept; the text describes those that it accepts."""


class EngineError(CoreMLTestError):
    """The engine process failed; the text contains the stage, the signal and the last lines of its stderr."""


class EngineDiedError(EngineError):
    """The engine process ended during a request, or before it."""


class EngineTimeoutError(EngineError):
    """An engine step took longer than `--coreml-timeout`, and the process was killed."""


class ReportError(CoreMLTestError):
    """A report cannot be read or written; the text names the file and the place in it."""


class UnreadableReportError(ReportError):
    """A report is not a file or not JSON, so its content cannot be checked."""


def shown(value: object) -> str:
    """Return *value* for a message, in one line of at most 80 characters; a long object by its type."""
    text = repr(value)
    if len(text) <= _MAX_SHOWN and "\n" not in text:
        return text
    if isinstance(value, (str, bytes, int, list, tuple, dict, set, frozenset)):
        return f"{' '.join(text.split())[:_MAX_SHOWN]}..."
    return f"an object of the type {type(value).__name__}"


def first_line(error: BaseException) -> str:
    """Return the first line of the text of *error* that is not empty, the name of its type if it has no text."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the one of *names* that is most similar to *word*, ignoring case.

    Return an empty text if none is similar.
    """
    near = nearest(word, names)
    return f"; did you mean {near!r}?" if near is not None else ""


def nearest(word: object, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the one of *names* that is most similar to *word*, ignoring case, None if none has a ratio of *cutoff*."""
    # Imported by the few runs with a mistake in them.
    import difflib

    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(word).lower(), list(folded), n=1, cutoff=cutoff)
    return folded[near[0]] if near else None


def all_of(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Return the results of *calls*; raise one `MistakesError` with the mistakes of all of them."""
    texts: list[str] = []
    results = [_collect(call, texts) for call in calls]
    if texts:
        raise MistakesError(dict.fromkeys(texts))
    return results


def _collect(call: Callable[[], Any], texts: list[str]) -> Any:
    try:
        return call()
    except UsageError as error:
        texts += error.texts


# As the `__tracebackhide__` of a module it hides the frames of that module in pytest's tracebacks if the error is one
# that we raise on purpose, whose text is sufficient (https://docs.pytest.org/en/stable/example/simple.html).
hidden_for_ours = operator.methodcaller("errisinstance", CoreMLTestError)
