"""A sample project on a stand-in Mac, where pytest runs in a separate process."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import standin_models
from standin.commands import MacFacts, write_commands
from standin.install import environment
from standin.scenario import Scenario
from standin.session import read_journal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# Plugins that have no part in what is tested, and cost time or order.
QUICK = ("-p", "no:randomly", "-p", "no:cacheprovider", "--coreml-calls=10")


class MacProject:
    """A folder with models and tests, on a Mac that a scenario describes.

    Everything that pytest and its engines do there goes over the scripted native module; nothing in the product knows.
    """

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.report_path = self.path / "coreml-report.json"
        self.temporary = self._folder("temporary")
        self._scenario = self._folder("mac") / "scenario.json"
        self._commands = self.path / "bin"
        for name, value in environment(self._scenario).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", f"{self._commands}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("TMPDIR", str(self.temporary))
        # pytester has set a home folder of its own; the cache folder is below it.
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        self.cache = self.path / ".cache" / "pytest-coreml" / "compiled-models"
        self.become()
        self.tell()

    def become(self, **scenario: Any) -> None:
        """Take another scenario: the fields of `standin.scenario.Scenario`."""
        Scenario(**scenario).save(self._scenario)

    def tell(self, **facts: Any) -> None:
        """Let the commands of the system tell other facts: the fields of `standin.commands.MacFacts`."""
        write_commands(self._commands, MacFacts(**facts))

    def save(self, spec: Any = None, name: str = "Model.mlpackage") -> Path:
        """Write a model, by default a small ML Program."""
        return standin_models.save(spec if spec is not None else standin_models.program_spec(), self.path / name)

    def test(self, source: str) -> None:
        """Write the one test file of the project."""
        self.pytester.makepyfile(test_models=source)

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest, with a report."""
        return self.pytester.runpytest_subprocess(*QUICK, "--coreml-report", *arguments)

    @property
    def report(self) -> dict[str, Any]:
        """The report of the last run."""
        document: dict[str, Any] = json.loads(self.report_path.read_text(encoding="utf-8"))
        return document

    def journal(self, stage: str) -> list[dict[str, Any]]:
        """Return the native calls of one stage that all processes have made, in order."""
        return [call for call in read_journal(self._scenario) if call["stage"] == stage]

    def _folder(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir()
        return folder
