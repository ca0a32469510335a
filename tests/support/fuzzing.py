"""Damages packages in many ways, and loads what comes of it: `python fuzzing.py SEED COUNT [PACKAGE...]`.

Without a package, those of `fuzzed_models.py` are damaged in turn. Each case depends on its seed alone. A case is fine
when the model is refused by an error of the reference runtime, or runs. Anything else ends the process with a report:
another exception, a case that takes too long (SIGALRM), more memory than allowed (MemoryError), a crash; the last line
of stdout names the seed.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from damage import damage
from PIL import Image

from pytest_coreml.reference.errors import ReferenceRuntimeError
from pytest_coreml.reference.execution.loaded_model import load_model
from pytest_coreml.reference.execution.state import StateTensors
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

SECONDS = 30
MEMORY = 6 << 30
# Of what is really used, for models of a few kilobytes
RESIDENT = 1 << 30


def check(package: Path) -> str:
    """Load a package and predict once, and say what became of it; any other exception passes through."""
    try:
        opened = open_package(package)
        spec = read_spec(opened)
        model = load_model(opened, spec, "", RuntimeOptions())
        state = StateTensors(model.states) if model.states else None
        model.predict({feature.name: _zeros(feature) for feature in spec.description.input}, state)
    except ReferenceRuntimeError as error:
        return type(error).__name__
    return "ran"


def _zeros(feature: Any) -> Any:
    if feature.type.HasField("imageType"):
        size = feature.type.imageType.width, feature.type.imageType.height
        return Image.new("RGB", size if all(0 < side < 1000 for side in size) else (1, 1))
    shape = list(feature.type.multiArrayType.shape)
    small = all(size > 0 for size in shape) and np.prod(shape, dtype=float) < 1e6
    return np.zeros(shape if small else [1], np.float32)


def main(seed: int, count: int, packages: list[Path]) -> None:
    """Check `count` cases, from `seed` on."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: dict[str, Counter[str]] = {package.name: Counter() for package in packages}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for case in range(seed, seed + count):
            package = packages[case % len(packages)]
            print("seed", case, package.name, flush=True)
            damaged = Path(folder, "Damaged.mlpackage")
            shutil.copytree(package, damaged)
            damage(damaged, random.Random(case))
            signal.alarm(SECONDS)
            outcomes[package.name][check(damaged)] += 1
            signal.alarm(0)
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 > RESIDENT:
                raise MemoryError(f"more than {RESIDENT} bytes were used")
            shutil.rmtree(damaged)
    print(json.dumps(outcomes))


def _saved_models(folder: str) -> list[Path]:
    from fuzzed_models import save_fuzzed_models

    return save_fuzzed_models(Path(folder))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="fuzzed-models-") as made:
        main(int(sys.argv[1]), int(sys.argv[2]), [Path(word) for word in sys.argv[3:]] or _saved_models(made))
