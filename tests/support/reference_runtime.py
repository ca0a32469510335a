"""To be imported by tests of the reference runtime: they are skipped, with the reason, where it is not installed.

On macOS nothing needs it, so that its packages come with `pip install onnx onnxruntime` only.
"""

from __future__ import annotations

import pytest

for _package in ("onnx", "onnxruntime"):
    pytest.importorskip(_package, reason=f"the reference runtime needs {_package}, which is not installed here")
