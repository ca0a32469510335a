"""The binding for machines without Core ML, and the runtime below it, which executes models with ONNX Runtime.

From the files to the numbers: `format` reads packages, programs and weights; `lowering` turns a function into an ONNX
model, and `networks` a neural network; `classic` computes trees, linear models and the like; `execution` runs models;
`interface` converts inputs and outputs; `binding` has the classes that coremltools sees.
"""

from __future__ import annotations

from pytest_coreml.reference.binding.install import install, is_installed, uninstall
from pytest_coreml.reference.options import RuntimeOptions

__all__ = ["RuntimeOptions", "install", "is_installed", "uninstall"]
