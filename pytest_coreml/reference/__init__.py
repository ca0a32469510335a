"""The binding for machines without Core ML, and the runtime below it, which executes models with ONNX Runtime.

From the files to the numbers: `package` finds the parts of a model, `proto` reads its message, `program` makes
plain data of it, with constants (`values`) that stay in the weight file (`blob`); `lowering` turns a function into
an ONNX model over `graph`, `session` runs it, `executable` is the two together, `binding` is what coremltools sees.
"""

from __future__ import annotations

from pytest_coreml.reference.install import install, is_installed, uninstall
from pytest_coreml.reference.options import RuntimeOptions

__all__ = ["RuntimeOptions", "install", "is_installed", "uninstall"]
