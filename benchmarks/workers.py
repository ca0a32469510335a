"""Six models whose loading dominates, plainly and with two workers of pytest-xdist, alternating: the time of the run,
and the medians that it reports.

Run manually: `python benchmarks/workers.py [ROUNDS] [OPTIONS of pytest]`. Promised on two cores: 1.5 times faster, and
the medians unchanged within 3 %.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses

MODELS = 6
LAYERS = 3000
WIDTH = 16
CONVOLUTIONS = 8
SIZE = 128
TEST = f"""
import pytest

@pytest.mark.coreml_model({", ".join(f'"Deep{number}.mlpackage"' for number in range(MODELS))})
@pytest.mark.coreml_budget(predict_ms=1000)
def test_model(coreml_model):
    pass
"""
PLAIN = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:benchmark", "--coreml-runtime=reference")


def save(path: Path) -> None:
    """Save a model that takes hundreds of times longer to load than to run: many small layers.

    Before them stand a few convolutions, which take most of a call: what is bound by arithmetic takes the same time in
    each process, so that a difference shows.
    """
    random = np.random.default_rng(0)
    kernels = random.standard_normal((CONVOLUTIONS, WIDTH, WIDTH, 3, 3)).astype(np.float32) / (9 * WIDTH) ** 0.5
    weights = random.standard_normal((LAYERS, WIDTH, WIDTH)).astype(np.float32) / WIDTH**0.5

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, WIDTH, SIZE, SIZE))])
    def program(x):
        for kernel in kernels:
            x = mb.relu(x=mb.conv(x=x, weight=kernel, pad_type="same"))
        x = mb.reduce_mean(x=x, axes=[2, 3])
        for weight in weights:
            x = mb.tanh(x=mb.linear(x=x, weight=weight))
        return x

    # No pass may fold one layer into another.
    ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        skip_model_load=True,
        compute_precision=ct.precision.FLOAT32,
        pass_pipeline=ct.PassPipeline.EMPTY,
    ).save(str(path))


def run(folder: Path, *options: str) -> tuple[float, dict[str, float]]:
    """Run pytest in *folder*; give the seconds, and the median of each test in ms."""
    report = folder / "report.json"
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", *PLAIN, f"--coreml-report={report}", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
    return seconds, {test["id"]: test["predict"]["median_ms"] for test in tests}


def main(rounds: int, *options: str) -> None:
    """Alternate; print the best of the rounds, as other processes only slow a run, and what the medians differ by."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(folder / "Deep0.mlpackage")
        for number in range(1, MODELS):
            shutil.copytree(folder / "Deep0.mlpackage", folder / f"Deep{number}.mlpackage")
        (folder / "test_models.py").write_text(TEST)
        pairs = [(run(folder, *options), run(folder, "-n", "2", *options)) for _ in range(rounds)]
    plain, parallel = (min(seconds for seconds, _ in side) for side in zip(*pairs, strict=True))
    print(f"plainly {plain:.1f} s, with two workers {parallel:.1f} s: {plain / parallel:.2f} times faster")
    changes = [100 * (after[test] / before[test] - 1) for (_, before), (_, after) in pairs for test in before]
    middle = statistics.quantiles(changes, n=4)
    print(
        f"medians: {middle[1]:+.1f} %, the middle half of {len(changes)} pairs {middle[0]:+.1f} to {middle[2]:+.1f} %"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, *sys.argv[2:])
