"""Collect 1,000 tests of a model with four variants each, and as many of the model alone, alternating.

Run manually: `python benchmarks/variant_collection.py [ROUNDS]`. Promised: building a variant does not slow
down the start of the run, which may not even have a test of it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from collection import collect

TEST = """
@pytest.mark.coreml_model("Encoder.mlpackage")
{mark}
def test_{number}(coreml_model{argument}):
    pass
"""
ALONE = '@pytest.mark.parametrize("index", range(5))'
VARIANTS = '@pytest.mark.coreml_variants("int8", "int4-block32", "palette-4", "sparse-50+palette-4")'


def write(path: Path, mark: str, argument: str) -> Path:
    """Write a file of tests."""
    each = [TEST.format(mark=mark, argument=argument, number=number) for number in range(200)]
    path.write_text("import pytest\n" + "".join(each))
    return path


def main(rounds: int) -> None:
    """Alternate, and print the medians."""
    with tempfile.TemporaryDirectory() as name:
        alone = write(Path(name, "test_alone.py"), ALONE, ", index")
        variants = write(Path(name, "test_variants.py"), VARIANTS, "")
        # The first of them writes the caches of compiled modules.
        pairs = [(collect(alone), collect(variants)) for _ in range(rounds + 1)][1:]
        before, after = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(after / before for before, after in pairs)
        print(f"{before:.2f} -> {after:.2f} s, {100 * (ratio - 1):+.0f} % ({rounds} alternating rounds)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
