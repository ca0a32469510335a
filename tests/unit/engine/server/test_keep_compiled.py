"""Loads from compiled models that are kept: nothing is compiled or specialized twice, and nothing wrong is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import standin_models
from standin.scenario import Failure, Times
from standin.session import read_journal

from pytest_coreml.engine.cache_folder import cache_folder
from pytest_coreml.engine.compiled_models import CacheRules, list_kept
from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.engine.model_digest import digest
from pytest_coreml.engine.protocol import Load
from pytest_coreml.engine.server import keep_compiled
from pytest_coreml.engine.server.keep_compiled import KeptCompilations
from pytest_coreml.engine.server.load import load
from pytest_coreml.errors import ModelError
from pytest_coreml.facts.load_options import LoadOptions

if TYPE_CHECKING:
    from standin.mac import Mac

TIMES = Times(first_load_ns=900_000, load_ns=100_000)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a separate cache folder for each test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


def kept() -> KeptCompilations:
    """Return the compiled models as one process of a run sees them."""
    return KeptCompilations(CacheRules("25F80"), "9.0")


def path_of(keeper: KeptCompilations, request: Load) -> Path | None:
    source = Path(request.path)
    return keeper.path(request, digest(source), fingerprint(request.path), lambda _: None)


def calls(mac: Mac, stage: str) -> list[dict[str, Any]]:
    return [call for call in read_journal(mac.path) if call["stage"] == stage]


@pytest.mark.parametrize("units", ["cpuOnly", "all"])
def test_a_later_process_compiles_nothing_and_its_loads_are_of_files_loaded_before(mac: Mac, units: Any) -> None:
    """There is no time of a first load in either, and those of loads are alike."""
    mac.become(times=TIMES)
    request = Load(mac.package(standin_models.program_spec()), units)

    found = [load(request, mac.folder / "engine", lambda _: None, path_of(kept(), request))[1] for _ in range(2)]

    assert len(calls(mac, "compile")) == 1
    assert {call["known"] for call in calls(mac, "load")[1:]} == {"all"}
    assert [(times.compile_ms, times.first_load_ms) for times in found] == [((), ())] * 2
    assert {ms for times in found for ms in times.load_ms} == {0.1}


def test_a_first_load_that_is_asked_for_is_of_files_of_its_own(mac: Mac) -> None:
    """Also of a compiled model of the user's, whose copy has not been loaded."""
    mac.become(times=TIMES)
    paths = [mac.package(standin_models.program_spec()), mac.compiled(standin_models.program_spec(2), "Other")]
    for path in paths:
        load(Load(path, "all"), mac.folder / "before", lambda _: None, path_of(kept(), Load(path, "all")))

        request = Load(path, "all", first_load=True)
        assert path_of(kept(), request) is None
        assert load(request, mac.folder / "engine", lambda _: None)[1].first_load_ms == (0.9,)


def test_a_compiled_model_of_the_user_is_loaded_from_where_it_is(mac: Mac) -> None:
    """It is not kept: it is there."""
    path = mac.compiled(standin_models.program_spec())

    model, times = load(Load(path, "all"), mac.folder / "engine", lambda _: None, path_of(kept(), Load(path, "all")))

    assert str(model.subject.compiled) == path
    assert times.first_load_ms == ()
    assert list_kept(cache_folder()) == []


def test_a_model_from_memory_has_a_first_load_without_being_asked(mac: Mac) -> None:
    """Core ML has no files to recognize it by; the compiled form that is kept is for its plan."""
    mac.become(times=TIMES)
    request = Load(mac.package(standin_models.program_spec()), "all", LoadOptions(from_memory=True))

    model, times = load(request, mac.folder / "engine", lambda _: None, path_of(kept(), request))

    assert times.first_load_ms == (0.9,)
    assert model.subject.compiled.is_relative_to(cache_folder())


def test_a_model_that_is_saved_while_it_is_compiled_is_not_kept(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest is of the model before, and what was compiled may be the one after."""
    path = mac.package(standin_models.program_spec())
    compile_model = keep_compiled.compile_model

    def save_meanwhile(source: str, target: Path, api: Any) -> float:
        (file,) = Path(source).rglob("*.mlmodel")
        file.write_bytes(file.read_bytes())
        return compile_model(source, target, api)

    monkeypatch.setattr(keep_compiled, "compile_model", save_meanwhile)
    keeper = kept()

    assert path_of(keeper, Load(path, "all")) is None
    assert keeper.problem is not None
    assert keeper.problem.endswith("was saved again while it was compiled")
    assert list_kept(cache_folder()) == []


def test_a_full_disk_is_told_and_the_model_compiled_for_one_load(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next model may fit again."""
    path = mac.package(standin_models.program_spec())
    keeper = kept()

    def full(*_: object) -> float:
        raise ModelError("cannot be compiled") from OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keep_compiled, "compile_model", full)
        assert path_of(keeper, Load(path, "all")) is None
    assert keeper.problem == "compiled models are not kept: cannot be compiled"
    assert path_of(keeper, Load(path, "all")) is not None
    assert keeper.problem is None


def test_a_model_that_cannot_be_compiled_is_an_error_and_tried_once(mac: Mac) -> None:
    """The framework's words, and nothing is kept."""
    mac.become(failures=(Failure("compile", "error", "no such layer"),))
    path = mac.package(standin_models.program_spec())

    with pytest.raises(ModelError, match=r"cannot be compiled: no such layer"):
        path_of(kept(), Load(path, "all"))
    assert len(calls(mac, "compile")) == 1
    assert list_kept(cache_folder()) == []
