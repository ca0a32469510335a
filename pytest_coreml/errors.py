"""Exceptions of the core, which knows no pytest.

They stand in a module of their own so that every other module can import them without a loop. The edge (`plugin.py`,
`cli.py`) translates them: `UsageError` into exit status 4 (2 on the command line), the rest into a failed test.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class CoreMLTestError(Exception):
    """Base of everything that this package raises on purpose."""


class UsageError(CoreMLTestError):
    """The user asked for something that cannot be: an option, a marker, a path that is no report."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wrong, each mistake by itself."""
        return (str(self),)


class MistakesError(UsageError):
    """Several mistakes at once."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__("\n".join(texts))
        self._texts = tuple(texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wrong, each mistake by itself."""
        return self._texts


class ModelError(CoreMLTestError):
    """A model cannot be read, compiled, loaded or executed; the text names the file and the cause."""


class UnfitMachineError(CoreMLTestError):
    """What a test is about does not exist on this machine; the test is skipped with the text."""


class InputError(CoreMLTestError):
    """`predict` got inputs that the model does not take; the text says what it expects."""


class EngineError(CoreMLTestError):
    """The engine process did not do its work; the text has stage, signal and last lines of its stderr."""


class EngineDiedError(EngineError):
    """The engine process ended while, or before, it worked for us."""


class EngineTimeoutError(EngineError):
    """An engine step took longer than `--coreml-timeout`, and the process was killed."""


class ReportError(CoreMLTestError):
    """A report cannot be read or written; the text names the file and the place in it."""


class UnreadableReportError(ReportError):
    """What should be a report is no file, or not JSON, so that nothing can be said of what it holds."""


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the one of *names* that is most similar to *word*, ignoring case.

    Return an empty text if none is similar.
    """
    # Imported by the few runs with a mistake in them.
    import difflib

    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(word).lower(), list(folded), n=1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def all_of(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Give what each of *calls* gives; one `MistakesError` has all that any of them complains about."""
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


# As `__tracebackhide__` of a module it keeps the frames of that module out of pytest's tracebacks, when the error is
# one that we raise on purpose: its text says all (https://docs.pytest.org/en/stable/example/simple.html).
hidden_for_ours = operator.methodcaller("errisinstance", CoreMLTestError)
