"""What starting an engine adds to a bare `import coremltools`, in processes of their own, alternating.

Run by hand: `python benchmarks/engine_speed.py [STARTS]`. Promised: less than 150 ms. Both keep out the converters'
packages (torch, scikit-learn ...), as the engine does.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.server import binding

BARE = f"import sys; sys.modules.update(dict.fromkeys({binding._NOT_NEEDED!r})); import coremltools"


def bare() -> float:
    """Import coremltools; give the seconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def engine() -> float:
    """Start an engine on the reference runtime until it answers; give the seconds."""
    made = Engine("reference", 120.0)
    start = time.perf_counter()
    try:
        made.start()
        return time.perf_counter() - start
    finally:
        made.close()


def main(starts: int) -> None:
    """Alternate, and print medians."""
    pairs = [(bare(), engine()) for _ in range(starts + 1)][1:]
    ours = statistics.median(later - before for before, later in pairs) * 1e3
    imports = statistics.median(before for before, _ in pairs) * 1e3
    print(f"import coremltools {imports:.0f} ms, an engine {ours:+.0f} ms (medians of {starts} alternating starts)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
