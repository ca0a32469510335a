"""The pool of engines, and the models that it does not load again after a crash."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from scripted_engine import Script, ScriptedEngine

from pytest_coreml.engine import protocol
from pytest_coreml.engine.crashes import Crash, Crashes, forget
from pytest_coreml.engine.engines import Engines
from pytest_coreml.engine.host_lock import lock_folder
from pytest_coreml.engine.lease import EngineKey, SharedByEngines
from pytest_coreml.engine.plans import Plans
from pytest_coreml.errors import EngineDiedError, ModelError
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.placement import Placement
from pytest_coreml.machine.facts import Conditions
from pytest_coreml.machine.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

KEY = EngineKey("Encoder.mlpackage", "all")


class InterruptedEngine(ScriptedEngine):
    """An engine that is dead since a time limit has interrupted the test; the next one predicts."""

    interruptions: ClassVar[list[str]] = []

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        if isinstance(request, protocol.Predict) and not self.interruptions:
            self.dead, self.interrupted = "the engine process was interrupted", True
            self.interruptions.append(self.dead)
            raise KeyboardInterrupt
        return super().ask(request, on_progress)


class CrashingEngine(ScriptedEngine):
    """An engine that crashes when it predicts."""

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        if isinstance(request, protocol.Predict):
            self.dead = "the engine process was killed by SIGSEGV"
            raise EngineDiedError(self.dead)
        return super().ask(request, on_progress)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.fixture
def engines(script: Script) -> Engines:
    """A pool that keeps one engine open."""
    shared = SharedByEngines(lambda *_: None, watch=Watch(Conditions))
    return Engines(lambda: CrashingEngine(script), shared, Crashes(None), max_open=1)


@pytest.mark.parametrize(
    "again",
    [KEY, EngineKey("Encoder.mlpackage", "all", LoadOptions(from_memory=True))],
    ids=["in the same way", "in another way"],
)
def test_a_model_that_ended_its_engine_is_not_loaded_again(engines: Engines, script: Script, again: EngineKey) -> None:
    """It is not loaded again even by the test that saw the crash."""
    with pytest.raises(EngineDiedError):
        engines.lease(KEY).predict({}, None)

    with pytest.raises(EngineDiedError, match=r"not reloaded: .*\nthe engine process was killed by SIGSEGV"):
        engines.lease(again)
    assert script.loads == 1


def test_a_model_whose_test_was_interrupted_is_loaded_again(script: Script) -> None:
    """A time limit of a plugin says nothing about the model: later tests use it, by a new engine."""
    shared = SharedByEngines(lambda *_: None, watch=Watch(Conditions))
    engines = Engines(lambda: InterruptedEngine(script), shared, Crashes(None))
    lease = engines.lease(KEY)
    with pytest.raises(KeyboardInterrupt):
        lease.predict({}, None)

    assert lease.predict({}, None)
    assert engines.lease(KEY).predict({}, None)


def test_neither_is_one_that_ended_an_engine_to_measure_again(engines: Engines, script: Script) -> None:
    """A crash in an engine for one measurement counts too."""
    with pytest.raises(EngineDiedError), engines.fresh(KEY) as lease:
        lease.predict({}, None)

    with pytest.raises(EngineDiedError, match="not reloaded"):
        engines.lease(KEY)
    assert script.loads == 1


def test_only_the_test_that_saw_it_die_is_told_of_it_as_its_own(script: Script) -> None:
    """A later test that shares the loaded model sees why it is not loaded again."""
    present = "test_it"
    crashes = Crashes(None, lambda: present)
    shared = SharedByEngines(lambda *_: None, watch=Watch(Conditions))
    engines = Engines(lambda: CrashingEngine(script), shared, crashes)  # type: ignore[arg-type, return-value]
    lease = engines.lease(KEY)
    for _ in range(2):
        with pytest.raises(EngineDiedError, match=r"^the engine process was killed by SIGSEGV"):
            lease.predict({}, None)
    engines.record_crashes()
    present = "test_later"

    with pytest.raises(EngineDiedError, match=r"^not reloaded: this model crashed its engine process in test_it:\n"):
        lease.predict({}, None)


def test_a_suspended_model_is_not_resumed_when_it_has_crashed_another_engine(engines: Engines, script: Script) -> None:
    """The load options of the crashed engine do not matter."""
    suspended = engines.lease(EngineKey("Encoder.mlpackage", "all", LoadOptions(from_memory=True)))
    with pytest.raises(EngineDiedError):
        engines.lease(KEY).predict({}, None)
    engines.record_crashes()

    with pytest.raises(EngineDiedError, match="not reloaded"):
        suspended.predict({}, None)
    assert script.loads == 2


@pytest.mark.parametrize(
    "other",
    [
        EngineKey("Encoder.mlpackage", "cpuOnly"),
        EngineKey("Decoder.mlpackage", "all"),
        EngineKey("Encoder.mlpackage", "all", LoadOptions("f")),
    ],
    ids=["other compute units", "another model", "another function"],
)
def test_others_are_loaded(engines: Engines, other: EngineKey) -> None:
    """A model that crashes on some compute units may work on others."""
    with pytest.raises(EngineDiedError):
        engines.lease(KEY).predict({}, None)

    assert engines.lease(other).key == other


def test_the_plan_of_a_model_whose_engine_was_closed_for_others(engines: Engines, script: Script) -> None:
    """The compiled model goes with its engine, so the model is loaded again for its plan."""
    first = engines.lease(KEY)
    engines.lease(EngineKey("Decoder.mlpackage", "all"))
    plans = Plans(lambda: ScriptedEngine(script))  # type: ignore[arg-type, return-value]

    assert plans.placement(first) == Placement((), "no plan here")
    assert script.loads == 3


def test_another_model_at_the_path_does_not_take_the_place_of_a_suspended_one(engines: Engines, script: Script) -> None:
    """The test holds a model that no file has any more; each later use gives the same error."""
    first = engines.lease(KEY)
    engines.lease(EngineKey("Decoder.mlpackage", "all"))
    script.spec = replace(script.spec, sha256="f" * 64)

    for _ in range(2):
        with pytest.raises(ModelError, match=r"Encoder\.mlpackage: another model was saved here after it was loaded"):
            first.ask(protocol.ReadMemory())


def test_a_model_that_was_saved_again_after_a_crash_is_loaded(engines: Engines) -> None:
    """It is another model, which may not crash."""
    with pytest.raises(EngineDiedError):
        engines.lease(replace(KEY, fingerprint="1")).predict({}, None)

    assert engines.lease(replace(KEY, fingerprint="2")).ask(protocol.ReadMemory()) == 50.0


def test_workers_of_a_run_tell_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers share a file from the first crash on; other runs do not see it, and it is removed in the end."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second, other = Crashes("run", lambda: "test_it"), Crashes("run"), Crashes("other")
    assert second.get(KEY.model_key) is None

    first.add(KEY.model_key, "the engine process was killed by SIGSEGV")
    lock_folder().joinpath("crashes-run.jsonl").open("a").write('["half')

    assert second.get(KEY.model_key) == Crash("the engine process was killed by SIGSEGV", "test_it")
    assert other.get(KEY.model_key) is None
    other.add(KEY.model_key, "the engine process was killed by SIGBUS")
    forget("run")
    assert [file.name for file in lock_folder().iterdir()] == ["crashes-other.jsonl"]


def test_the_file_of_a_killed_run_is_removed_when_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was killed cannot remove it; a week later no worker of it is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Crashes("killed").add(KEY.model_key, "the engine process was killed by SIGSEGV")
    os.utime(lock_folder() / "crashes-killed.jsonl", (0, 0))

    forget("run")

    assert list(lock_folder().iterdir()) == []
