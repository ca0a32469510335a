"""The pytest side of an engine: start it, ask it, survive it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_coreml.engine.endings import ending
from pytest_coreml.engine.process import CapturedOutput
from pytest_coreml.engine.protocol import Done, Failed, Hello, Progress, Request
from pytest_coreml.errors import (
    CoreMLTestError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    InputError,
    ModelError,
    hidden_for_ours,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.runtime import RuntimeFacts

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")

# The package's own folder is put at the end of the path, and the working folder (the empty entry that -c brings) taken
# off it: a `numpy.py` beside the tests must not be imported by the engine.
_BOOT = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append(sys.argv[2]); "
    "from pytest_coreml.engine.server import main; main(int(sys.argv[1]), sys.argv[3:])"
)
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_ERRORS = {"model": ModelError, "input": InputError, "engine": EngineError}
_EXIT_SECONDS = 5.0


class Engine:
    """One engine process.

    It is started by the first `ask`; *runtime* is `auto`, `coreml` or `reference`, *timeout* the seconds that it may
    give no sign of life while it works for us, *arguments* further words for its command line.
    """

    def __init__(self, runtime: str, timeout: float, arguments: tuple[str, ...] = ()) -> None:
        self.runtime = runtime
        self.timeout = timeout
        self.subject = "the engine"
        self.facts: RuntimeFacts | None = None
        self.dead: str | None = None
        self._doing = ""
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False
        self._connection: Connection | None = None
        self._folder: str | None = None
        self._stdout: CapturedOutput | None = None
        self._stderr: CapturedOutput | None = None

    def start(self) -> RuntimeFacts:
        """Start the process and wait until coremltools is imported in it; a second call gives the same facts."""
        if self._process is None:
            self._spawn()
            self.facts = self._converse(Hello(), None)
        assert self.facts is not None, "an engine that failed to start is not asked again"
        return self.facts

    def ask(self, request: Request[T], on_progress: Callable[[Progress], None] | None = None) -> T:
        """Send *request* and wait for its answer.

        Raises `ModelError`, `InputError` or `EngineError` as the engine says, `EngineTimeoutError` when the time limit
        is over, `EngineDiedError` when the process ends; after the last two the engine cannot be used again.
        """
        if self.dead:
            raise EngineDiedError(self.dead)
        self.start()
        return self._converse(request, on_progress)

    def close(self) -> None:
        """End the process, gently where it listens, and remove all that it left behind."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            # Without a connection the engine ends by itself; it is killed if it does not listen.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0 if self.dead else _EXIT_SECONDS)
            self._kill()
        self._tidy()

    def captured(self) -> list[str]:
        """Give the last lines that the engine wrote to stderr, or else to stdout."""
        lines = self._stderr.last_lines() if self._stderr else []
        return lines or (self._stdout.last_lines() if self._stdout else [])

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        self._stdout, self._stderr = CapturedOutput(), CapturedOutput()
        self._folder = tempfile.mkdtemp(prefix="pytest-coreml-")
        words = [f"--runtime={self.runtime}", f"--timeout={self.timeout}", f"--folder={self._folder}"]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(theirs.fileno()), _PACKAGE_PARENT, *words, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=self._stdout.fileno(),
                stderr=self._stderr.fileno(),
                pass_fds=[theirs.fileno()],
                # Whatever native code leaves in the temporary folder goes with the engine. Progress bars would fill the
                # last lines that we show.
                env={**os.environ, "TMPDIR": self._folder, "TQDM_DISABLE": "1"},
                # Ctrl-C is for pytest, which then ends the engine; not for both at once.
                start_new_session=True,
            )
        # What is sent or received may be large: an engine that stops in the middle of it must not stop us.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, _timeval(self.timeout))
        self._connection = Connection(ours.detach())

    def _converse(self, request: Request[T], on_progress: Callable[[Progress], None] | None) -> T:
        self._doing = request.doing
        if self.facts is not None and self._process is not None and self._process.poll() is not None:
            raise self._died(f"between two steps, before {self._doing}")
        # What cannot be pickled is an error of the caller, before anything is sent.
        message = ForkingPickler.dumps(request)
        try:
            reply = self._exchange(message, on_progress)
        except (EOFError, ConnectionError):
            raise self._died(f"while {self._doing}") from None
        except BlockingIOError:
            raise self._timed_out() from None
        except BaseException:
            # Ctrl-C, or a plugin's time limit: the answer would come when another one is waited for.
            self._give_up(f"the engine was interrupted while {self._doing} {self.subject}")
            raise
        if isinstance(reply, Failed):
            raise self._error(reply)
        value: T = reply.value
        return value

    def _exchange(self, message: memoryview, on_progress: Callable[[Progress], None] | None) -> Done | Failed:
        """Send *message* and give the answer. Raises `BlockingIOError` when the time limit is over."""
        assert self._connection is not None
        self._connection.send_bytes(message)
        while True:
            if not self._connection.poll(self.timeout):
                raise BlockingIOError
            reply = self._connection.recv()
            if isinstance(reply, (Done, Failed)):
                return reply
            if isinstance(reply, Progress):
                self._doing = reply.doing
                if on_progress:
                    on_progress(reply)

    def _error(self, failed: Failed) -> CoreMLTestError:
        if failed.kind == "memory":
            return EngineError(f"the engine ran out of memory while {self._doing} {self.subject}")
        return _ERRORS[failed.kind](failed.message)

    def _timed_out(self) -> EngineTimeoutError:
        text = (
            f"the engine gave no sign of life for {self.timeout:g} s while {self._doing} {self.subject}, and was killed"
            f"{self._stderr_text()}\n  a longer limit: --coreml-timeout={self.timeout * 2:g}"
        )
        self._give_up(text)
        return EngineTimeoutError(text)

    def _died(self, when: str) -> EngineDiedError:
        text = f"the engine {self._exit_text()} {when} {self.subject}{self._stderr_text()}"
        self._give_up(text)
        return EngineDiedError(text)

    def _exit_text(self) -> str:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS)
        status = self._process.poll()
        return ending(status) if status is not None else "closed its connection"

    def _stderr_text(self) -> str:
        lines = self.captured()
        return "".join(["\n  its last lines:", *(f"\n    {line}" for line in lines)]) if lines else ""

    def _give_up(self, why: str) -> None:
        self.dead = why
        self._kill()
        self._tidy()

    def _kill(self) -> None:
        if self._process is None or self._is_over:
            return
        # The whole group, also when the engine itself has ended: native code may have started helpers. Never later,
        # when its number may be another's.
        self._is_over = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _tidy(self) -> None:
        for stream in (self._stdout, self._stderr):
            if stream is not None:
                stream.close()
        self._stdout = self._stderr = None
        if self._connection is not None and not self._connection.closed:
            self._connection.close()
        if self._folder is not None:
            _remove_folder(self._folder)
            self._folder = None


def _timeval(seconds: float) -> bytes:
    """Give a `struct timeval` of 64-bit systems; macOS has a shorter second field, padded to this length."""
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1e6))


def _remove_folder(folder: str) -> None:
    # A killed process may still be writing while its exit completes; one more try is enough.
    shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
