"""Variants are built once for all runs, in an engine that is closed, and a failure is the same for each test."""

from __future__ import annotations

import pickle
import shutil
import threading
from pathlib import Path

import pytest

from pytest_coreml.engine.protocol import BuildByCallable, BuildVariant, Progress
from pytest_coreml.engine.server.build_by_callable import build_by_callable
from pytest_coreml.errors import EngineDiedError, EngineTimeoutError, ModelError, UnfitVariantError
from pytest_coreml.session.sources import VariantSource
from pytest_coreml.session.variants import Variants


class Builder:
    """An engine that copies the original, or raises *error*."""

    def __init__(self, error=None):
        self.requests, self.closed, self.error, self.subject = [], 0, error, ""

    def ask(self, request, on_progress):
        """Build."""
        self.requests.append(request)
        assert isinstance(request, BuildVariant)
        on_progress(Progress(f"building {request.name} of"))
        if self.error is not None:
            raise self.error
        shutil.copy(request.path, request.destination)

    def close(self):
        """Count."""
        self.closed += 1


@pytest.fixture
def original(tmp_path):
    """A model file."""
    path = tmp_path / "Net.mlmodel"
    path.write_text("weights")
    return path


def variants(engine, cache=None, reports=None):
    """Return the variants of a run."""
    return Variants(
        *(lambda: engine, lambda: engine, lambda: cache),
        lambda *words: (reports if reports is not None else []).append(words),
    )


def test_a_later_run_finds_what_an_earlier_one_built(original, tmp_path):
    """In the cache, by the model's digest, the preset and the version of coremltools; no engine starts."""
    engine = Builder()
    first = variants(engine, tmp_path / "cache").path(original, VariantSource("Net", "int8"))

    again = variants(Builder(AssertionError()), tmp_path / "cache").path(original, VariantSource("Net", "int8"))

    assert again == first
    assert first.name == "Net-int8.mlmodel"
    assert first.parent.name.startswith("coremltools-")
    assert (len(engine.requests), engine.closed) == (1, 1)


def test_another_model_at_the_same_path_is_built_anew(original, tmp_path):
    """The cache does not go by names."""
    engine = Builder()
    run = variants(engine, tmp_path / "cache")
    first = run.path(original, VariantSource("Net", "int8"))
    original.write_text("other weights")

    assert run.path(original, VariantSource("Net", "int8")) != first


@pytest.mark.parametrize(
    "error", [UnfitVariantError("it needs iOS 18"), EngineDiedError("killed by SIGKILL"), EngineTimeoutError("600 s")]
)
def test_nothing_half_built_is_kept(original, tmp_path, error):
    """A failure leaves no variant behind, and each test of it gets the same answer at once.

    What has ended a process, or taken all of the time limit, does not do so again in each test.
    """
    engine = Builder(error)
    run = variants(engine, tmp_path / "cache")

    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            run.path(original, VariantSource("Net", "int4"))

    assert (len(engine.requests), engine.closed) == (1, 1)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_without_a_cache_a_variant_lasts_as_long_as_the_run(original):
    """As with pytest's `-p no:cacheprovider`."""
    run = variants(Builder())
    path = run.path(original, VariantSource("Net", "sparse-2:4"))
    existed = path.exists()
    run.close()

    assert (existed, path.exists(), path.name) == (True, False, "Net-sparse-2-4.mlmodel")


def test_progress_names_the_model(original):
    """And what is built."""
    reports = []
    variants(Builder(), reports=reports).path(original, VariantSource("Net", "int8"))

    assert reports == [("Net.mlmodel", Progress("building int8 of"))]


class Model:
    """A callable may return any other value."""

    def save(self, path):
        """Save."""
        Path(path).write_text("made by hand")


@pytest.fixture(autouse=True)
def _no_core_ml(monkeypatch):
    """Open nothing."""
    monkeypatch.setattr("pytest_coreml.engine.server.build_by_callable.open_model", lambda path: path)


class CallableBuilder(Builder):
    """An engine that builds by callables in this process; it cannot import their modules if it is not *able*."""

    def __init__(self, able=True):
        super().__init__()
        self.able = able

    def ask(self, request, on_progress):
        """Build."""
        self.requests.append(request)
        assert isinstance(request, BuildByCallable)
        if not self.able:
            return None
        build = pickle.loads(request.build)
        return build_by_callable(build, request.path, request.name, request.destination, request.file)


@pytest.mark.parametrize("able", [True, False])
def test_a_callable_makes_one_model_of_another_in_an_engine(original, able):
    """A lambda too; in this process if the engine cannot import what the callable needs."""
    engine = CallableBuilder(able)

    run = variants(engine)

    path = run.path(original, VariantSource("Net", "mine", lambda model: Model()))

    assert path.read_text() == "made by hand"
    assert (len(engine.requests), engine.closed) == (1, 1)


def test_a_callable_that_cannot_be_sent_runs_in_this_process(original):
    """It refers to a lock, which no other process can have."""
    engine, lock = CallableBuilder(), threading.Lock()
    run = variants(engine)

    path = run.path(original, VariantSource("Net", "mine", lambda model: lock and Model()))

    assert path.read_text() == "made by hand"
    assert engine.requests == []


def test_a_callable_that_raises_is_named_with_the_place(original):
    """And with what it raised."""
    source = VariantSource("Net", "mine", lambda model: {}["weights"])

    with pytest.raises(
        ModelError, match=r"Net.mlmodel: the variant mine cannot .* KeyError: 'weights' \(test_var.*py:\d"
    ):
        variants(CallableBuilder()).path(original, source)


def test_a_callable_that_returns_something_else_is_told(original):
    """The error says what was expected and what came."""
    with pytest.raises(ModelError, match="the callable returned int, expected an MLModel or a path"):
        variants(CallableBuilder()).path(original, VariantSource("Net", "mine", lambda model: 3))
