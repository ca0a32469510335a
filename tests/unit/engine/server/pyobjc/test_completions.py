"""The answers to asynchronous calls."""

from __future__ import annotations

import gc
import threading
import time
import weakref

from pytest_coreml.engine.server.pyobjc.completions import Completion


class Outputs:
    """The result of a prediction."""


def test_an_answer_has_the_time_at_which_it_came() -> None:
    """The time is not the later one of a look at it."""
    completion = Completion()
    handler = completion.make_handler()
    threading.Thread(target=handler, args=("outputs", None)).start()
    time.sleep(0.05)
    now = time.perf_counter_ns()

    result, error, at = completion.wait()

    assert (result, error) == ("outputs", None)
    assert at < now


def test_the_first_answer_counts() -> None:
    """A second one is counted, and changes nothing."""
    completion = Completion()
    handler = completion.make_handler()

    handler("first", None)
    handler(None, "late")

    assert completion.wait()[:2] == ("first", None)
    assert completion.calls == 2


def test_outputs_are_released_with_the_last_reference() -> None:
    """Outputs of the Neural Engine are scarce memory: a garbage collection may come much later."""
    completion, outputs = Completion(), Outputs()
    completion.make_handler()(outputs, None)
    watched = weakref.ref(outputs)

    gc.disable()
    try:
        del completion, outputs
        assert watched() is None
    finally:
        gc.enable()
