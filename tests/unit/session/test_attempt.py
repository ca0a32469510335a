"""An attempt at a test measures what its checks need, judges it, and records every model that the test has used."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import report_examples
from scripted_engine import Script, ScriptedEngine

from pytest_coreml.engine import protocol
from pytest_coreml.engine.lease import Timing
from pytest_coreml.errors import EngineDiedError, ModelError
from pytest_coreml.facts.limits import Budget
from pytest_coreml.facts.reason import Cause
from pytest_coreml.session import models
from pytest_coreml.session.attempt import Attempt
from pytest_coreml.session.declaration import Declaration
from pytest_coreml.session.model import Listeners
from pytest_coreml.session.options import Options
from pytest_coreml.session.session import Session
from pytest_coreml.session.sources import VariantSource
from pytest_coreml.verdict.regression.run import Run, Runs

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "Encoder.mlpackage"


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Return the script of all engines; every prediction takes 10 ms."""
    return Script(tmp_path)


@pytest.fixture
def session(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a session with scripted engines, in a folder with one model."""
    monkeypatch.setattr(models, "Engine", lambda *_: ScriptedEngine(script))
    (tmp_path / MODEL).mkdir()
    return Session(Options(tmp_path, runtime="coreml", calls=20), Listeners())


def attempt_at(session: Session, *budgets: Budget, number: int = 1, **declared: Any) -> Attempt:
    """Return an attempt at a test of the model with *budgets*."""
    declaration = Declaration((MODEL,), None, None, ("all",), budgets, (), names_model=True, **declared)
    return Attempt("test_a.py::test_b[all]", session.options.rootdir, declaration, session, number)


@pytest.mark.parametrize(("limit", "verdict"), [(25.0, "passed"), (5.0, "failed")])
def test_what_a_budget_needs_is_measured_and_judged(session: Session, limit: float, verdict: str) -> None:
    """The body of the test has predicted nothing."""
    attempt = attempt_at(session, Budget(predict_ms=limit))
    attempt.load(MODEL, "all")

    (record,) = attempt.judge()

    assert [(check.check, check.verdict) for check in record.checks] == [("predict_ms", verdict)]
    assert record.predict is not None
    assert len(record.predict.native_ms) == 20


def test_nothing_is_measured_that_no_check_needs(session: Session, script: Script) -> None:
    """A limit of the size needs no prediction."""
    attempt = attempt_at(session, Budget(size_mb=100))
    attempt.load(MODEL, "all")

    (record,) = attempt.judge()

    assert script.count("measured") == 0
    assert record.predict is None
    assert [check.verdict for check in record.checks] == ["passed"]


def test_a_measurement_of_the_body_is_not_repeated(session: Session, script: Script) -> None:
    """The test has measured the model itself."""
    attempt = attempt_at(session, Budget(predict_ms=25))
    attempt.load(MODEL, "all").measure(calls=30)

    (record,) = attempt.judge()

    assert script.count("measured") == 1
    assert record.predict is not None
    assert len(record.predict.native_ms) == 30


def test_the_original_of_a_variant_loads_alone_where_loads_are_timed(session: Session) -> None:
    """Its own test may come later and has the times of this load, so it waits for other processes too."""
    attempt = attempt_at(session)
    attempt.timing = Timing(load=True)
    (session.options.rootdir / "Variant.mlpackage").mkdir()
    variant = attempt.load("Variant.mlpackage", "all")

    original = attempt.load_original(VariantSource(MODEL, "int8"), variant)

    assert original is not variant
    assert original.load_times.alone


def test_a_later_test_measures_a_shared_model_again(session: Session, script: Script) -> None:
    """A loaded model is shared; what an earlier test has measured of it is not."""
    earlier, later = (attempt_at(session, Budget(predict_ms=25)) for _ in range(2))
    for attempt in (earlier, later):
        attempt.load(MODEL, "all")
        attempt.judge()
        attempt.finish("passed")

    assert script.count("loaded") == 1
    assert script.count("measured") == 2


def test_a_speed_up_is_judged_by_what_the_attempt_has_measured(session: Session) -> None:
    """Both models of the test take 10 ms, so that one is not twice as fast as the other."""
    attempt = attempt_at(session, Budget(min_speedup={"cpuOnly": 2.0}))
    for units in ("all", "cpuOnly"):
        attempt.load(MODEL, units)  # type: ignore[arg-type]

    all_units, cpu_only = attempt.judge()

    assert [(check.check, check.value, check.verdict) for check in all_units.checks] == [
        ("min_speedup[cpuOnly]", pytest.approx(1.0), "failed")
    ]
    assert cpu_only.checks == []


def test_only_the_last_of_several_models_with_one_key_is_compared(tmp_path: Path, session: Session) -> None:
    """A baseline has the runs of one of them: another model of the test would be judged by its size and times."""
    (tmp_path / "Small.mlpackage").mkdir()
    run = Run(report_examples.MACHINE, model=report_examples.SPEC)
    baseline = Runs({("test_a.py::test_b[all]", "all", "main"): [run]})
    compared = Session(session.options, Listeners(), baseline, lambda: report_examples.MACHINE)
    attempt = attempt_at(compared)
    attempt.load(MODEL, "all")
    attempt.load("Small.mlpackage", "all")

    first, last = attempt.judge()

    assert first.key == last.key
    assert first.regression is not None
    assert first.regression.reason is not None
    assert (first.regression.verdict, first.regression.reason.cause) == ("not_judged", Cause.SHARED_KEY)
    assert first.checks == []
    assert [check.check for check in last.checks] == ["regression[size_mb]"]


def test_the_models_of_a_failed_test_are_recorded_unjudged(session: Session) -> None:
    """The body has failed before anything was judged."""
    attempt = attempt_at(session, Budget(predict_ms=5))
    attempt.load(MODEL, "all")

    (record,) = attempt.finish("failed", line=7, expected_failure=True)

    assert (record.model_name, record.outcome, record.line, record.expected_failure) == (MODEL, "failed", 7, True)
    assert record.checks == []


def test_a_model_that_cannot_be_loaded_again_is_recorded(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier load has described the model, whose engine crashes now."""
    attempt_at(session).load(MODEL, "all")
    attempt = attempt_at(session, number=2)

    def crash(self: ScriptedEngine, request: object, on_progress: object = None) -> Any:
        if isinstance(request, protocol.Load):
            raise EngineDiedError("the engine crashed")
        return ask(self, request, on_progress)

    ask = ScriptedEngine.ask
    monkeypatch.setattr(ScriptedEngine, "ask", crash)
    with pytest.raises(EngineDiedError):
        attempt.load(MODEL, "cpuOnly")

    (record,) = attempt.finish("failed")

    assert (record.compute_units, record.outcome, record.attempt, record.load) == ("cpuOnly", "failed", 2, None)


def test_a_model_that_does_not_exist_is_an_error(session: Session) -> None:
    """The error names the place that was looked at."""
    with pytest.raises(ModelError, match=r"Missing\.mlpackage: no such model"):
        attempt_at(session).load("Missing.mlpackage", "all")


def test_a_model_that_is_used_after_the_end_does_not_count(session: Session) -> None:
    """A teardown may still predict."""
    attempt = attempt_at(session)
    attempt.finish("passed")

    attempt.use(attempt_at(session).load(MODEL, "all"))

    assert attempt.models == []


def test_checks_without_a_model_cannot_be_judged(session: Session) -> None:
    """The test declares a budget, and has loaded nothing that it could be about."""
    attempt = attempt_at(session, Budget(predict_ms=5))
    before = attempt.is_unjudgeable
    attempt.load(MODEL, "all")

    assert before
    assert not attempt.is_unjudgeable


def test_threads_that_load_one_model_share_it(
    session: Session, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second thread waits until the first one has loaded the model."""
    attempt = attempt_at(session)

    def slow(self: ScriptedEngine, request: object, on_progress: object = None) -> Any:
        time.sleep(0.01)
        return ask(self, request, on_progress)

    ask = ScriptedEngine.ask
    monkeypatch.setattr(ScriptedEngine, "ask", slow)
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda _: attempt.load(MODEL, "all"), range(4)))

    assert script.count("loaded") == 1
    assert {id(model) for model in loaded} == {id(loaded[0])}


def test_the_name_tells_attempts_apart(session: Session) -> None:
    """Only a rerun needs a number."""
    assert attempt_at(session).name == "test_a.py::test_b[all]"
    assert attempt_at(session, number=2).name == "test_a.py::test_b[all] (attempt 2)"
