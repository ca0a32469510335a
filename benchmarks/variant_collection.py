"""Collect 1,000 tests of a model with four variants each, and as many of the model alone, alternating.

Run manually: `python benchmarks/variant_collection.py [ROUNDS]`. Promised: building a variant does not slow
down the start of the run, which may not even have a test of it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from collection import compare

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
        print(compare(alone, variants, rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
