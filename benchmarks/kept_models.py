"""Run the same tests on the stand-in Mac with compiled models kept and with --coreml-cache=off, alternating.

Run manually: `PYTHONPATH=tests/support python benchmarks/kept_models.py [ROUNDS]`. Promised: a run over a warm cache
compiles nothing, and loads nothing that was not loaded before. The stand-in compiles and loads in no time, so the
times of the runs only show what keeping itself costs; on a Mac each compilation and first load takes up to minutes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import standin_models
from standin.commands import MacFacts, write_commands
from standin.install import environment
from standin.scenario import Scenario
from standin.session import read_journal

MODELS = 6
TESTS = """
import pytest

@pytest.mark.coreml_model(*[f"Model{number}.mlpackage" for number in range(%d)])
def test_model(coreml_model):
    coreml_model.predict(coreml_model.example_inputs())
"""


def prepare(folder: Path) -> dict[str, str]:
    """Write models, tests and a Mac into *folder*; return the environment of a run there."""
    for number in range(MODELS):
        standin_models.save(standin_models.program_spec(number + 1), folder / f"Model{number}.mlpackage")
    (folder / "test_models.py").write_text(TESTS % MODELS, encoding="utf-8")
    (folder / "tmp").mkdir()
    Scenario().save(folder / "scenario.json")
    write_commands(folder / "bin", MacFacts())
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    own = {"HOME": str(folder), "TMPDIR": str(folder / "tmp"), "PATH": path}
    return {**environment(folder / "scenario.json"), **own}


def run(folder: Path, env: dict[str, str], cache: str) -> tuple[float, Counter[str]]:
    """Return the seconds of one run, and how many compilations and first loads it made."""
    before = len(read_journal(folder / "scenario.json"))
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--coreml-calls=10", f"--coreml-cache={cache}"]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytest", *words], cwd=folder, env=env, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    calls = read_journal(folder / "scenario.json")[before:]
    work = Counter(call["stage"] for call in calls if call["stage"] == "compile")
    work.update("first load" for call in calls if call["stage"] == "load" and call["known"] != "all")
    return seconds, work


def main(rounds: int) -> None:
    """Print the times and the work of both kinds of runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = prepare(folder)
        print(f"cold cache: {run(folder, env, 'keep')}")
        found: dict[str, list[tuple[float, Counter[str]]]] = {"keep": [], "off": []}
        for _ in range(rounds):
            for cache, runs in found.items():
                runs.append(run(folder, env, cache))
    for cache, runs in found.items():
        work = runs[0][1]
        print(
            f"{cache}: median {statistics.median(seconds for seconds, _ in runs):.1f} s, "
            f"{work['compile']} compilations, {work['first load']} first loads of {MODELS} models"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
