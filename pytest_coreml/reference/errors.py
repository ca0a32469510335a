"""What the reference runtime raises.

All of it is `RuntimeError`: coremltools catches nothing else while it loads a model, and Apple's binding raises nothing
else either.
"""

from __future__ import annotations


class ReferenceRuntimeError(RuntimeError):
    """Base of what the reference runtime raises on purpose."""


class BadModelError(ReferenceRuntimeError):
    """The files are not a model: cut short, corrupt, or pointing outside the package."""


class UnsupportedModelError(ReferenceRuntimeError):
    """The model is sound, but this runtime cannot execute it; the text names everything that stands in the way."""


class BadInputError(ReferenceRuntimeError):
    """A prediction got values that the model does not take; the text says what it expects."""


class ExecutionError(ReferenceRuntimeError):
    """An operation failed while the model ran; the text names the operation."""


# Not an error by itself: the lowering collects these, and raises one error for all of them.
class Refusal(Exception):  # noqa: N818 - named for what it is
    """Why one operation cannot be lowered; raised by `Context.refuse`, never seen outside `lowering`."""
