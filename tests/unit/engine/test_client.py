"""Engines that end, stop, or report an error."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from pytest_coreml.engine import process
from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.protocol import Hello, Load, Predict
from pytest_coreml.errors import EngineDiedError, EngineError, EngineTimeoutError, InputError

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
    ("end", "expected"), [("os.abort()", "killed by SIGABRT"), ("os._exit(7)", "exited with status 7")]
)
def test_helpers_of_an_engine_that_died_are_ended(
    end: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it died: nothing of it goes on using the machine."""
    noted = tmp_path / "helper"
    monkeypatch.setattr(process, "_BOOT", WITH_A_HELPER.format(path=str(noted), end=end))
    engine = Engine("auto", 60)

    with pytest.raises(EngineDiedError, match=expected):
        engine.start()
    helper = int(noted.read_text())
    _, alive = psutil.wait_procs([psutil.Process(helper)] if psutil.pid_exists(helper) else [], timeout=10)

    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGBUS, "SIGBUS"),
        (signal.SIGTRAP, "SIGTRAP"),
        (signal.SIGKILL, r"SIGKILL \(the system does this when memory runs out\)"),
        pytest.param(40, "signal 40", marks=pytest.mark.skipif("sys.platform == 'darwin'", reason="Linux's")),
    ],
)
def test_a_signal_is_told_by_name(number: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the signal and ends with the last output of the engine."""
    monkeypatch.setattr(process, "_BOOT", f"import os; os.write(2, b'last words'); os.kill(os.getpid(), {number})")

    with pytest.raises(EngineDiedError, match=rf"^the engine process was killed by {words} while [^\0]*last words"):
        Engine("auto", 60).start()


# An engine that answers the first request, and then does as *then* says.
ONE_ANSWER = """
import os, sys, time
sys.path.append(sys.argv[2])
from multiprocessing.connection import Connection
from pytest_coreml.engine.protocol import Done, Failed
from pytest_coreml.facts.runtime import RuntimeFacts
connection = Connection(int(sys.argv[1]))
connection.recv()
connection.send(Done(RuntimeFacts(os.getpid(), "3", "9.0", "coreml", None, None)))
{then}
time.sleep(600)
"""
# As native code may, in a thread of its own, between two requests.
STOPS = ""
# The length of a message comes first.
STOPS_HALFWAY = "connection.recv_bytes(); os.write(int(sys.argv[1]), bytes([0, 0, 1, 0]) + b'half')"


@pytest.mark.slow
@pytest.mark.parametrize("then", [STOPS, STOPS_HALFWAY], ids=["before it takes the request", "within its answer"])
def test_an_engine_that_stops_within_a_message_ends_at_the_time_limit(
    then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message larger than what the system keeps on the way must not stop pytest too."""
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=then))
    engine = Engine("auto", 5)
    engine.subject = "Encoder.mlpackage on all"
    engine.start()

    with pytest.raises(EngineTimeoutError, match=r"did not respond for .* while predicting with Encoder\.mlpackage on"):
        engine.ask(Predict({"x": np.zeros(10**6)}))
    assert engine.dead


def test_a_start_may_take_longer_than_a_short_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports are slow on a busy machine with any model; a start that hangs ends at a separate limit."""
    monkeypatch.setattr(process, "_BOOT", f"import time; time.sleep(1)\n{ONE_ANSWER.format(then='connection.recv()')}")
    engine = Engine("auto", 0.5)
    assert engine.start().coremltools == "9.0"
    engine.close()

    monkeypatch.setattr(process, "_BOOT", "import time; time.sleep(600)")
    monkeypatch.setattr(Hello, "min_timeout", 1.0)
    with pytest.raises(EngineTimeoutError, match="did not respond for 1 s while starting an engine for the engine"):
        Engine("auto", 0.5).start()


def test_out_of_memory_is_told_with_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that survives it does not know what it is for."""
    answers = "connection.recv(); connection.send(Failed('memory')); connection.recv()"
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=answers))
    engine = Engine("auto", 60)
    engine.subject = "Encoder.mlpackage on all"

    with pytest.raises(EngineError, match=r"^the engine process ran out of memory while predicting with Encoder"):
        engine.ask(Predict({}))
    engine.close()


def test_an_engine_whose_answer_nobody_waited_for_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that limits the time of a test interrupts whatever is done: the answer would be that of another step."""
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=STOPS))
    engine = Engine("auto", 60)
    facts = engine.start()

    def interrupt(*_: object) -> None:
        raise TimeoutError("too long a test")

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError, match="too long a test"):
            engine.ask(Predict({}))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)

    with pytest.raises(EngineDiedError, match="interrupted while predicting with"):
        engine.ask(Predict({}))
    assert not psutil.pid_exists(facts.pid)


@pytest.mark.slow
def test_doubles_of_a_test_do_not_reach_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins that forbid sockets or processes in a test, as pytest-socket and pytest-subprocess do, are not asked."""

    def forbidden(*_: object, **__: object) -> None:
        raise RuntimeError("forbidden in this test")

    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=STOPS))
    monkeypatch.setattr(socket, "socket", forbidden)
    # As pytest-subprocess does: wherever a module refers to it.
    original = subprocess.Popen
    for module in [module for module in sys.modules.values() if hasattr(module, "__dict__")]:
        for name in [name for name, value in vars(module).items() if value is original]:
            monkeypatch.setattr(module, name, forbidden)

    engine = Engine("auto", 60)
    assert engine.start().pid
    engine.close()


def test_what_cannot_be_sent_leaves_the_engine_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake of the caller does not end the engine."""
    answers = "connection.recv(); connection.send(Failed('input', 'as you say')); connection.recv()"
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=answers))
    engine = Engine("auto", 60)
    engine.start()

    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        engine.ask(Predict({"x": lambda: None}))
    with pytest.raises(InputError, match="as you say"):
        engine.ask(Predict({}))
    engine.close()


# An engine whose answer to a request is the request's own input, some time later.
ECHO = "for _ in range(200): value = connection.recv().inputs; time.sleep(0.001); connection.send(Done(value))"


@pytest.mark.slow
def test_each_thread_gets_the_answer_to_its_own_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads ask one engine at the same time."""
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=ECHO))
    engine = Engine("auto", 60)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: engine.ask(Predict({"x": number})), range(200)))
    engine.close()

    assert answers == [{"x": number} for number in range(200)]


def test_a_forked_child_gets_an_error_and_leaves_the_engine_to_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child can neither ask nor close the engine, which then still answers its parent."""
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then=ECHO))
    engine = Engine("auto", 60)
    engine.start()

    if (child := os.fork()) == 0:
        status = 1
        try:
            engine.close()
            engine.ask(Predict({"x": 1}))
        except EngineError as error:
            status = 0 if "forked child process cannot use" in str(error) else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert engine.ask(Predict({"x": 2})) == {"x": 2}  # type: ignore[comparison-overlap]
    engine.close()


def test_a_load_has_a_time_limit_of_its_own_where_the_machine_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the step, the model and the compute units, and a time that would be enough."""
    monkeypatch.setattr(process, "_BOOT", ONE_ANSWER.format(then="connection.recv(); time.sleep(60)"))
    engine = Engine("auto", 60)
    engine.load_timeout, engine.subject = 0.5, "Encoder.mlpackage on cpuOnly"
    engine.start()

    with pytest.raises(EngineTimeoutError) as caught:
        engine.ask(Load("Encoder.mlpackage", "cpuOnly"))

    first, last = str(caught.value).splitlines()[0], str(caught.value).splitlines()[-1]
    assert first.startswith("the engine process did not respond for 0.5 s while loading Encoder.mlpackage on cpuOnly")
    assert last == "  to allow more time: --coreml-timeout=1"
