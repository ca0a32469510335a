"""A model that is saved again at its path is another model, wherever something of the first one is kept."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from scripted_engine import SPEC, Script, ScriptedEngine

from pytest_coreml.engine import protocol
from pytest_coreml.session.model import Listeners
from pytest_coreml.session.models import Models
from pytest_coreml.session.options import Options

if TYPE_CHECKING:
    from pathlib import Path


class DescribingEngine(ScriptedEngine):
    """An engine that describes models as the script does."""

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        return self._script.spec if isinstance(request, protocol.Describe) else super().ask(request, on_progress)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """The answers of the engines."""
    return Script(tmp_path)


@pytest.fixture
def models(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Models:
    """The models of a run in a folder with `Net.mlmodel`."""
    monkeypatch.setattr("pytest_coreml.session.models.Engine", lambda *_: DescribingEngine(script))
    save(tmp_path, script, "1")
    return Models(Options(tmp_path), Listeners())


def save(folder: Path, script: Script, digit: str) -> None:
    """Save another model."""
    (folder / "Net.mlmodel").write_text(digit)
    os.utime(folder / "Net.mlmodel", ns=(0, int(digit)))
    script.spec = replace(SPEC, sha256=digit * 64)


def test_a_model_that_is_saved_again_is_loaded_again(models: Models, script: Script, tmp_path: Path) -> None:
    """The first one stays what it is for those who hold it."""
    first = models.load(models.key("Net.mlmodel", tmp_path, "all"))
    assert models.load(models.key("Net.mlmodel", tmp_path, "all")) is first
    save(tmp_path, script, "2")
    second = models.load(models.key("Net.mlmodel", tmp_path, "all"))

    assert (first.sha256[0], second.sha256[0]) == ("1", "2")
    assert sorted(sha256[0] for sha256 in models.specs) == ["1", "2"]
    assert script.loads == 2


def test_a_model_of_a_fixture_becomes_the_one_on_disk(models: Models, script: Script, tmp_path: Path) -> None:
    """With all that it says of itself; a path whose file is gone has no other model."""
    model = models.load(models.key("Net.mlmodel", tmp_path, "all"))
    assert models.renewed_key(model) is None
    save(tmp_path, script, "2")
    key = models.renewed_key(model)
    assert key is not None
    models.renew(model, key)

    assert (model.sha256[0], model.key) == ("2", key)
    assert models.load(key) is model
    (tmp_path / "Net.mlmodel").unlink()
    assert models.renewed_key(model) is None


def test_a_description_is_read_again(models: Models, script: Script, tmp_path: Path) -> None:
    """As of the original of a variant, whose sizes are compared."""
    lease = models.load(models.key("Net.mlmodel", tmp_path, "all")).lease
    path = tmp_path / "Net.mlmodel"
    digits = [models.describe(path, lease).sha256[0]]
    save(tmp_path, script, "2")
    digits.append(models.describe(path, lease).sha256[0])

    assert digits == ["1", "2"]
