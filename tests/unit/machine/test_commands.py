"""A command whose output is read within limits."""

from __future__ import annotations

import sys
import time

import pytest

from pytest_coreml.machine.commands import run_limited


def python(source: str) -> tuple[str, ...]:
    """Return the words of a command that runs *source*."""
    return (sys.executable, "-I", "-S", "-c", source)


def test_the_whole_output_is_returned() -> None:
    """Of several megabytes, also of a command that fails."""
    source = "import sys; sys.stdout.write('x' * 3_000_000); sys.stdout.flush(); sys.exit(3)"

    assert run_limited(python(source), 30, 1 << 22) == b"x" * 3_000_000


def test_a_command_that_hangs_is_ended() -> None:
    """After the time limit, even while it writes."""
    source = "import time\nwhile True: print('.', flush=True); time.sleep(0.05)"
    start = time.monotonic()

    with pytest.raises(OSError, match=r"did not end within 0\.3 s"):
        run_limited(python(source), 0.3, 1 << 20)

    assert time.monotonic() - start < 10


def test_a_command_that_writes_too_much_is_ended() -> None:
    """It would write for ever."""
    with pytest.raises(OSError, match="wrote more than 1,000 bytes"):
        run_limited(python("while True: print('x' * 100)"), 30, 1000)


def test_a_command_that_is_missing_is_an_error() -> None:
    """Callers take it for an unknown fact."""
    with pytest.raises(OSError, match="no-such-command"):
        run_limited(("no-such-command",), 1, 1)
