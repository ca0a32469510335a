"""What is left of an engine that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from pytest_coreml.engine import client
from pytest_coreml.engine.client import Engine
from pytest_coreml.errors import EngineDiedError

if TYPE_CHECKING:
    from pathlib import Path

# A process that starts a helper, as frameworks do, and ends as *end* says.
WITH_A_HELPER = """
import os, subprocess, sys
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open({path!r}, "w") as file:
    file.write(str(helper.pid))
{end}
"""


@pytest.mark.parametrize(
    ("end", "expected"), [("os.abort()", "ended by SIGABRT"), ("os._exit(7)", "exited with status 7")]
)
def test_helpers_of_an_engine_that_died_are_ended(
    end: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it died: nothing of it goes on using the machine."""
    noted = tmp_path / "helper"
    monkeypatch.setattr(client, "_BOOT", WITH_A_HELPER.format(path=str(noted), end=end))
    engine = Engine("auto", 60)

    with pytest.raises(EngineDiedError, match=expected):
        engine.start()
    helper = int(noted.read_text())
    _, alive = psutil.wait_procs([psutil.Process(helper)] if psutil.pid_exists(helper) else [], timeout=10)

    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
