"""Calls of a scenario: what they add up, and what is refused."""

from __future__ import annotations

import time

import pytest

from pytest_coreml.engine.protocol import Prediction
from pytest_coreml.errors import InputError
from pytest_coreml.session.scenario_call import Recorder, ScenarioCall


class Model:
    """A model that predicts in no time, and says that it took 5 ms."""

    compute_units = "all"

    def __init__(self, name: str, recorder: Recorder) -> None:
        self.name = name
        self._recorder = recorder

    def predict(self, transport: float = 0.0, wait_ms: float | None = 0.5) -> None:
        since = time.perf_counter() - 0.005 - transport
        self._recorder.record(self, Prediction({}, 5.0, 5.1, None, wait_ms), since)  # type: ignore[arg-type]


def test_a_call_takes_the_native_time_of_all_predictions_and_hides_the_way_to_the_engine() -> None:
    """Two models, three predictions, 100 ms on the way for each."""
    recorder = Recorder()
    one, other = Model("A", recorder), Model("B", recorder)

    def use() -> None:
        one.predict(transport=0.1)
        other.predict(transport=0.1)
        other.predict(transport=0.1)

    native, wall = ScenarioCall("chunk", use, recorder)()

    assert native == 15.0
    # The way was made up, so that less time has passed than is hidden.
    assert wall == 15.0
    assert [(totals.predictions, totals.native_ms) for totals in recorder.totals.values()] == [(1, 5.0), (2, 10.0)]
    assert recorder.read_ms() == 1.5


def test_what_lies_between_predictions_is_part_of_the_wall_time() -> None:
    """The caller sleeps for 20 ms."""
    recorder = Recorder()
    model = Model("A", recorder)

    def use() -> None:
        model.predict()
        time.sleep(0.025)

    native, wall = ScenarioCall("chunk", use, recorder)()

    assert native == 5.0
    assert wall >= 20.0


def test_unknown_waiting_leaves_the_disturbance_unknown() -> None:
    """One prediction without it is enough."""
    recorder = Recorder()

    Model("A", recorder).predict(wait_ms=None)

    assert not recorder.complete


def test_a_call_that_predicts_nothing_is_refused() -> None:
    """A scenario that predicts nothing is refused."""
    with pytest.raises(InputError, match="scenario 'chunk': call 1 predicted nothing"):
        ScenarioCall("chunk", lambda: 7, Recorder())()


def test_the_number_of_a_call_that_raises_is_named() -> None:
    """The error of the call is the cause."""
    recorder = Recorder()
    model = Model("A", recorder)
    texts = iter(["1", "2", "three"])

    def use() -> None:
        model.predict()
        int(next(texts))

    call = ScenarioCall("chunk", use, recorder)

    call()
    call()
    with pytest.raises(InputError, match="call 3 raised ValueError: invalid literal") as raised:
        call()
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_call_with_other_models_is_refused() -> None:
    """The shares would be those of two different things."""
    recorder = Recorder()
    models = [Model("A", recorder), Model("B", recorder)]
    call = ScenarioCall("chunk", lambda: models.pop(0).predict(), recorder)

    call()
    with pytest.raises(InputError, match="call 2 used B on all, the calls before it A on all"):
        call()


def test_one_model_may_predict_more_often_in_one_call_than_in_another() -> None:
    """A decoder stops where its text ends."""
    recorder = Recorder()
    model, counts = Model("A", recorder), [1, 3]
    call = ScenarioCall("chunk", lambda: [model.predict() for _ in range(counts.pop(0))], recorder)

    assert [call()[0], call()[0]] == [5.0, 15.0]
