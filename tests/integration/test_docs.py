"""Every code block of the documentation does what its page says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from doc_blocks import CodeBlock, code_blocks, is_for_a_mac, missing_lines
from small_models import save_encoder
from standin.commands import MacFacts, write_commands
from standin.install import environment
from standin.scenario import ObjC, Scenario

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(REPOSITORY).as_posix()
    for page in (REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md"))
    if list(code_blocks(page.read_text()))
)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that the pages speak of."""
    return save_encoder(tmp_path_factory.mktemp("models"))


class Reader:
    """A reader who follows a page, in a folder with `Encoder.mlpackage` and a folder `tests`."""

    def __init__(self, folder: Path, workers: int | None) -> None:
        self.folder = folder
        scripts = sysconfig.get_path("scripts")
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{scripts}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider --coreml-calls=10"
            + (" -n 0" if workers == 0 else ""),
        }
        # The cache folder of this user is not that of a reader.
        self.environment["HOME"] = str(folder / ".home")
        for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI", "XDG_CACHE_HOME"):
            self.environment.pop(name, None)

    def sit_at_a_mac(self) -> None:
        """Let Core ML and the commands of the system be there, scripted."""
        hidden = self.folder / ".mac"
        (hidden / "bin").mkdir(parents=True)
        Scenario(objc=ObjC("12.2.2")).save(hidden / "scenario.json")
        write_commands(hidden / "bin", MacFacts())
        path = f"{hidden / 'bin'}{os.pathsep}{self.environment['PATH']}"
        self.environment = {**environment(hidden / "scenario.json", self.environment), "PATH": path}

    def follow(self, block: CodeBlock) -> None:
        """Write the file, run the commands, or read the data that a block shows."""
        if "not run" in block.asked:
            return
        if is_for_a_mac(block):
            self.sit_at_a_mac()
        if block.caption is not None:
            path = self.folder / block.caption
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "console":
            self._type(block)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "python":
            assert self._run(f"{sys.executable} -", block.text) == (0, "")
        else:
            pytest.fail(f"line {block.line}: a {block.language} block that is not a file: give it a caption")

    def _type(self, block: CodeBlock) -> None:
        *before, last = block.commands()
        for command in before:
            status, output = self._run(command.line)
            assert (status, missing_lines(command.expected, output)) == (0, []), output
        status, output = self._run(last.line)
        allowed = block.asked.get("exit status", "0").split(" or ")
        assert str(status) in allowed, f"line {block.line}:\n{output}"
        assert missing_lines(last.expected, output) == [], f"line {block.line}:\n{output}"

    def _run(self, line: str, given: str = "") -> tuple[int, str]:
        done = subprocess.run(
            line,
            shell=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_work_from_top_to_bottom(
    page: str, encoder: Path, tmp_path: Path, workers: int | None, request: pytest.FixtureRequest
) -> None:
    """Files are written, sessions run, and what comes out is what the page shows, numbers aside."""
    if workers:
        pytest.skip("what a page shows is what one process prints")
    shutil.copytree(encoder, tmp_path / "Encoder.mlpackage")
    reader = Reader(tmp_path, workers)
    blocks = list(code_blocks((REPOSITORY / page).read_text()))
    if not is_for_a_mac(blocks[0]):
        request.getfixturevalue("without_core_ml")

    for block in blocks:
        reader.follow(block)
