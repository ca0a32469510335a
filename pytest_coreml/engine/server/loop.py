"""The loop of the engine process: one request, one answer, until the pytest process is gone."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pytest_coreml.engine.protocol import Done, Failed, Progress, RecordedDone
from pytest_coreml.engine.server.engine_options import EngineOptions
from pytest_coreml.engine.server.service import Service
from pytest_coreml.errors import CoreMLTestError, InputError, ModelError, UnfitVariantError
from pytest_coreml.reference.threads import count_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.engine.compiled_models import CacheRules
    from pytest_coreml.engine.server.recorder import Recorder


def main(descriptor: int, words: Sequence[str]) -> None:
    """Serve requests on the socket *descriptor* until its other end is closed."""
    arguments = _parse(words)
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    alarm = Alarm(arguments.timeout)

    recorder = _recorder() if arguments.timeline else None

    def notify(progress: Progress) -> None:
        alarm.set()
        if recorder is not None:
            recorder.note_stage(progress)
        connection.send(progress)

    try:
        serve(connection, Service(_options(arguments), notify, recorder), alarm)
    except (EOFError, ConnectionError, KeyboardInterrupt):
        pass
    finally:
        shutil.rmtree(arguments.folder, ignore_errors=True)
        # Core ML may crash in the destructors of its objects, long after the last answer: leave without them.
        os._exit(0)


def _options(arguments: argparse.Namespace) -> EngineOptions:
    return EngineOptions(
        arguments.runtime,
        Path(arguments.folder),
        arguments.precision,
        arguments.threads,
        arguments.api,
        arguments.insist_on_api,
        _cache_rules(arguments),
        arguments.converters,
    )


def serve(connection: Connection, service: Service, alarm: Alarm) -> None:
    """Answer requests one by one; raises `EOFError` when the other end is closed."""
    while True:
        request = connection.recv()
        alarm.set()
        reply = _answer(service, request)
        alarm.clear()
        connection.send(reply)


class Alarm:
    """A timer that ends an engine which hangs after the pytest process is gone.

    The pytest process kills an engine that does not respond for *timeout* seconds; this is for the case that it cannot.
    The signal has no handler, so it works while native code holds the interpreter's lock.
    """

    def __init__(self, timeout: float) -> None:
        self._seconds = timeout * 1.5 + 60

    def set(self) -> None:
        """Restart the timer."""
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def clear(self) -> None:
        """Stop the timer."""
        signal.setitimer(signal.ITIMER_REAL, 0)


# What the client raises again, the narrowest first.
_KINDS: Final[tuple[tuple[type[CoreMLTestError], Literal["input", "variant", "model", "engine"]], ...]] = (
    (InputError, "input"),
    (UnfitVariantError, "variant"),
    (ModelError, "model"),
    (CoreMLTestError, "engine"),
)


def _answer(service: Service, request: object) -> Done | Failed:
    try:
        return _done(service, request)
    except CoreMLTestError as error:
        return Failed(next(kind for cls, kind in _KINDS if isinstance(error, cls)), str(error))
    except MemoryError:
        return Failed("memory")
    except Exception:  # noqa: BLE001  (an unforeseen error of one step must not end the engine)
        return Failed("engine", f"an unexpected error in the engine:\n{traceback.format_exc()}")


def _done(service: Service, request: object) -> Done:
    recorder = service.recorder
    if recorder is None:
        return Done(service.handle(request))
    with recorder.request(request) as answered:
        answered.value = service.handle(request)
    recording = recorder.take(request)
    return Done(answered.value) if recording is None else RecordedDone(answered.value, recording)


def _recorder() -> Recorder:
    from pytest_coreml.engine.server.recorder import Recorder

    return Recorder()


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--timeout", type=float, default=600.0)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--precision", default="fast")
    parser.add_argument("--timeline", action="store_true")
    parser.add_argument("--converters", action="store_true")
    # One is the steadiest.
    parser.add_argument("--threads", type=_threads, default=1)
    # The build of the system, with which compiled models are kept for later runs; without it they are not.
    parser.add_argument("--keep-compiled-for")
    parser.add_argument("--cache-bytes", type=float)
    parser.add_argument("--api", default="coremltools")
    parser.add_argument("--insist-on-api", action="store_true")
    return parser.parse_args(words)


def _cache_rules(arguments: argparse.Namespace) -> CacheRules | None:
    if arguments.keep_compiled_for is None:
        return None
    from pytest_coreml.engine.compiled_models import CacheRules

    return CacheRules(arguments.keep_compiled_for, arguments.cache_bytes, arguments.timeout)


def _threads(word: str) -> int:
    return count_threads("all" if word == "all" else int(word))
