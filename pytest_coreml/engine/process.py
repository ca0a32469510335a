"""An engine's operating-system process: start it, capture its output, end it, and explain how it ended."""

from __future__ import annotations

import _socket
import contextlib
import os
import signal
import socket
import struct
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Final

from pytest_coreml.engine.watchdog import Watchdog
from pytest_coreml.engine.work_folder import WorkFolder
from pytest_coreml.machine.child_process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The package's own folder is appended to the path, and the working folder (the empty entry that -c brings) is removed:
# the engine must not import a `numpy.py` that lies beside the tests.
_BOOT = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append(sys.argv[2]); "
    "from pytest_coreml.engine.server import main; main(int(sys.argv[1]), sys.argv[3:])"
)
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_EXIT_SECONDS = 5.0
# Enough room for a stack of native frames; an engine may write any amount.
_TAIL_BYTES = 16_384
_HINTS: Final[dict[int, str]] = {
    signal.SIGKILL: "the system does this when memory runs out",
    signal.SIGABRT: "native code called abort",
    signal.SIGSEGV: "invalid memory access in native code",
}


class EngineProcess:
    """A started engine, its socket, its output, its temporary folder, and the watchdog that ends it after this process.

    *timeout*: the most seconds that one send or receive on `connection` may take. *arguments*: further words for the
    engine's command line. *environment*: further variables of its environment.
    """

    def __init__(
        self,
        runtime: str,
        timeout: float,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._environment = environment
        self._stdout, self._stderr = CapturedOutput(), CapturedOutput()
        self._folder = WorkFolder()
        self._watchdog: Watchdog | None = None
        self._is_killed = False
        ours, theirs = socket_pair()
        self.connection = _connection(ours, timeout)
        words = [f"--runtime={runtime}", f"--timeout={timeout}", f"--folder={self._folder.path}", *arguments]
        try:
            with contextlib.closing(theirs):
                self._popen = self._start(theirs.fileno(), words)
            # The engine leads a process group of its own.
            self._watchdog = Watchdog(self._popen.pid, str(self._folder.path))
        except BaseException:
            self._release()
            raise

    @property
    def has_ended(self) -> bool:
        """True once the process has exited or was killed."""
        return self._popen.poll() is not None

    def last_lines(self) -> list[str]:
        """Return the last lines that the engine wrote to stderr, or to stdout when there are none."""
        return self._stderr.last_lines() or self._stdout.last_lines()

    def exit_text(self) -> str:
        """Describe how the process ended, for a message about a connection that the engine closed."""
        with contextlib.suppress(TimeoutExpired):
            self._popen.wait(_EXIT_SECONDS)
        status = self._popen.poll()
        return describe_exit(status) if status is not None else "closed its connection"

    def end(self) -> None:
        """Close the connection, on which the engine exits; kill it if it does not exit in time."""
        self.connection.close()
        with contextlib.suppress(TimeoutExpired):
            self._popen.wait(_EXIT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process with all that it started, and remove what it left behind."""
        if not self._is_killed:
            # The whole group, even when the engine itself has exited: native code may have started processes of its
            # own. Only once, since the number of the group may later be another's.
            self._is_killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        self._release()

    def _start(self, descriptor: int, words: Sequence[str]) -> ChildProcess:
        return ChildProcess(
            [sys.executable, "-c", _BOOT, str(descriptor), _PACKAGE_PARENT, *words],
            stdin=DEVNULL,
            stdout=self._stdout.fileno(),
            stderr=self._stderr.fileno(),
            pass_fds=[descriptor],
            # What native code leaves in the temporary folder is removed with the engine. Progress bars would fill the
            # last lines that we show. The telemetry of ONNX Runtime is off, whichever package imports it first.
            env={
                **os.environ,
                "TMPDIR": str(self._folder.path),
                "TQDM_DISABLE": "1",
                "ORT_DISABLE_TELEMETRY": "1",
                **self._environment,
            },
            # Ctrl-C is for pytest, which then ends the engine; it must not reach both at once.
            start_new_session=True,
        )

    def _release(self) -> None:
        self._stdout.close()
        self._stderr.close()
        self.connection.close()
        self._folder.remove()
        if self._watchdog is not None:
            self._watchdog.dismiss()


class CapturedOutput:
    """An unnamed file that captures one output stream by its descriptor, native code included."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)

    def fileno(self) -> int:
        """Return the descriptor for the child process."""
        return self._file.fileno()

    def last_lines(self, count: int = 10) -> list[str]:
        """Return at most the last *count* non-empty lines written so far."""
        # The child shares the descriptor's position and is still writing: read by offset, never seek.
        size = os.fstat(self._file.fileno()).st_size
        start = max(0, size - _TAIL_BYTES)
        tail = os.pread(self._file.fileno(), size - start, start).decode(errors="replace")
        return [line.rstrip() for line in tail.splitlines() if line.strip()][-count:]

    def close(self) -> None:
        """Close the file, which removes it."""
        self._file.close()


def socket_pair() -> tuple[_socket.socket, _socket.socket]:
    """Return two connected sockets.

    Of the class below `socket.socket`: a plugin that forbids the network, as pytest-socket, replaces that one, and the
    way to a child process is not a network.
    """
    return _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def describe_exit(status: int) -> str:
    """Describe the exit status that `subprocess` reports: the negative of a signal, or the process's own status."""
    if status >= 0:
        return f"exited with status {status}"
    hint = f" ({_HINTS[-status]})" if -status in _HINTS else ""
    return f"was killed by {_signal_name(-status)}{hint}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Real-time signals have no names.
        return f"signal {number}"


def _connection(ours: _socket.socket, timeout: float) -> Connection:
    # Messages may be large: an engine that stops in the middle of one must not stop us.
    for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        ours.setsockopt(socket.SOL_SOCKET, option, _timeval(timeout))
    return Connection(ours.detach())


def _timeval(seconds: float) -> bytes:
    """Return a `struct timeval` of 64-bit systems; macOS has a shorter second field, padded to this length."""
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1e6))
