"""The exceptions of the reference runtime.

All are subclasses of `RuntimeError`: coremltools catches no other exception while it loads a model, and Apple's binding
raises no other either.
"""

from __future__ import annotations


class ReferenceRuntimeError(RuntimeError):
    """The base class of exceptions that the reference runtime raises deliberately."""


class BadModelError(ReferenceRuntimeError):
    """The files are not a valid model: truncated, corrupt, or pointing outside the package."""


class UnsupportedModelError(ReferenceRuntimeError):
    """The model is valid, but this runtime cannot execute it; the message names everything that is not supported."""


class BadInputError(ReferenceRuntimeError):
    """A prediction was called with values that the model does not accept; the message names the expected ones."""


class ExecutionError(ReferenceRuntimeError):
    """An operation failed while the model ran; the message names the operation."""


# Internal: the lowering collects these, and raises one error for all of them.
class Refusal(Exception):  # noqa: N818 - named for what it is
    """The reason why one operation cannot be lowered; raised by `Context.refuse`, and caught in `lowering`."""
