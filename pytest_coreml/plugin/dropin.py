"""The drop-in of `coreml_dropin = true`: coremltools predicts in the pytest process, where Core ML does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.errors import UsageError

if TYPE_CHECKING:
    from pytest_coreml.session.options import Options


def install(options: Options) -> None:
    """Install the reference binding, if it was asked for; raise `UsageError` when ONNX Runtime is not installed."""
    if not options.dropin:
        return
    from pytest_coreml import reference

    try:
        reference.install(options.precision, options.threads or "all")
    except ImportError as error:
        raise UsageError(f"coreml_dropin: {error}") from None


def uninstall(options: Options) -> None:
    """Remove the binding again."""
    if options.dropin:
        from pytest_coreml import reference

        reference.uninstall()
