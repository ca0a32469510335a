"""Keep measurements of this plugin out of the gate of pytest-benchmark, `--benchmark-compare-fail`.

Its bounds were chosen for the project's own benchmarks, and compare one run with one run. `--coreml-baseline` judges
models.
"""

from __future__ import annotations

from typing import Any, Final

# The group of the measurements in pytest-benchmark's table and files, unless the test is marked as a benchmark.
GROUP: Final = "Core ML"


def drop_own_entries(finished: dict[str, Any]) -> None:
    """Remove the measurements of this plugin from a *finished* run of pytest-benchmark, so that none is compared."""
    finished["benchmarks"] = [entry for entry in finished["benchmarks"] if entry.get("group") != GROUP]
