"""The report itself, checked and indented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.report.document.read import Report


def render(report: Report) -> str:
    """Return the document as it was read."""
    return json.dumps(report.document, indent=2, allow_nan=False) + "\n"
