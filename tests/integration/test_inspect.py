"""`pytest-coreml inspect` tells what a model declares, or why it is none."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def inspect(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    code = "import sys; from pytest_coreml.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "inspect", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_package_is_told_as_json(linear_package: Path) -> None:
    """The same facts as in a report."""
    done = inspect(linear_package, "--format=json")
    spec = json.loads(done.stdout)

    assert done.returncode == 0
    assert (spec["type"], spec["file_name"]) == ("mlProgram", "Linear.mlpackage")
    assert spec["operations"] == {"linear": 1, "relu": 1}
    assert [tuple(feature["shape"]) for feature in spec["inputs"]] == [(1, 4)]


def test_what_is_no_model_is_named_with_its_cause(tmp_path: Path) -> None:
    """A missing file is a usage error, and so is a file that is not a model; neither is a traceback."""
    text = tmp_path / "notes.mlmodel"
    text.write_text("no model at all")
    missing, wrong = inspect(tmp_path / "Missing.mlpackage"), inspect(text)

    assert (missing.returncode, wrong.returncode) == (2, 2)
    assert "Missing.mlpackage: there is no such file or package" in missing.stderr
    assert "notes.mlmodel" in wrong.stderr
    assert "Traceback" not in wrong.stderr
