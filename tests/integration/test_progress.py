"""A person at a terminal sees what takes long."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest


def screen_of(project: pytest.Pytester, *arguments: str) -> str:
    """Run pytest at a terminal of 80 columns, and give all that it wrote."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "PY_COLORS": "1"}
    with subprocess.Popen(command, cwd=project.path, stdout=terminal, stderr=terminal, env=environment):
        os.close(terminal)
        return _read_all(controller)


def _read_all(descriptor: int) -> str:
    written = b""
    # At the end a terminal gives an error on Linux, and nothing on macOS.
    try:
        while more := os.read(descriptor, 4096):
            written += more
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return written.decode()


@pytest.mark.slow
def test_what_takes_long_is_shown_and_erased(project: pytest.Pytester, workers: int | None) -> None:
    """Behind pytest's dots, although the output of the test is captured; nothing is left of it at the end."""
    if workers:
        pytest.skip("a worker has no terminal")
    project.makepyfile(
        """
        import pytest

        def build():
            return "Linear.mlpackage"

        @pytest.mark.coreml_model(build)
        def test_model(coreml_model, capsys):
            print("captured")
        """
    )

    written = screen_of(project)
    after_erasing = re.sub("\0337.*?\0338", "", written)
    shown = re.findall("\0337 (.*?)\033\\[K\0338", written)

    # Cut where the line of this test's long name ends.
    assert shown[:2] == ["building build", "starting an engine for Linear.mlp"]
    assert "loading Linear.mlpackage on all" in shown
    assert "loading " not in after_erasing
    assert "captured" not in written
    assert "test_what_takes_long_is_shown_and_erased.py \033[K" in after_erasing
