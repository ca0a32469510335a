"""Measure a run with one small model, and with twenty, beyond an empty pytest run, from `pytest` to the report.

Run manually: `python benchmarks/whole_run.py [RUNS]`. Promised on a quiet machine with two cores: under 3 s for one
model, and less than 20 times that for twenty.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from small_models import save_linear

TEST = """
import pytest

@pytest.mark.coreml_model({models})
@pytest.mark.coreml_budget(predict_ms=1000)
def test_model(coreml_model):
    coreml_model.predict(coreml_model.example_inputs())
"""
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider")


def run(folder: Path, *options: str) -> float:
    """Run pytest in *folder*; give the seconds."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", *OPTIONS, *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def project(folder: Path, models: int) -> Path:
    """Make a folder with a test of so many models."""
    folder.mkdir()
    names = [f"Model{number}.mlpackage" for number in range(models)]
    for name in names:
        shutil.copytree(folder.parent / "Linear.mlpackage", folder / name)
    text = TEST.format(models=", ".join(map(repr, names))) if models else "def test_nothing():\n    pass\n"
    (folder / "test_models.py").write_text(text)
    return folder


def main(runs: int) -> None:
    """Alternate, and print medians."""
    with tempfile.TemporaryDirectory() as name:
        save_linear(Path(name))
        folders = {models: project(Path(name, f"models{models}"), models) for models in (0, 1, 20)}
        reference = ("--coreml-runtime=reference", "--coreml-report")
        seconds: dict[int, list[float]] = {models: [] for models in folders}
        for _ in range(runs):
            for models, folder in folders.items():
                seconds[models].append(run(folder, *(reference if models else ())))
    empty, one, twenty = (statistics.median(values) for values in seconds.values())
    print(f"empty {empty:.2f} s, one model +{one - empty:.2f} s, twenty +{twenty - empty:.2f} s", end=", ")
    print(f"which is {(twenty - empty) / (one - empty):.1f} times one (medians of {runs} alternating runs)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
