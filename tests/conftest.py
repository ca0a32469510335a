"""Fixtures of all tests."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mac_project import MacProject

pytest_plugins = ["pytester"]

# Test files look whether ONNX Runtime is there by importing it, and its import alone begins to collect telemetry.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--project-workers`, which runs every sample project under pytest-xdist."""
    parser.addoption(
        "--project-workers",
        type=int,
        metavar="N",
        help="run the sample projects of tests/integration with pytest-xdist: -n N",
    )


@pytest.fixture(scope="session")
def linear_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of one linear layer and a relu."""
    from small_models import save_linear

    return save_linear(tmp_path_factory.mktemp("models"))


@pytest.fixture
def without_core_ml() -> None:
    """Skip tests of machines without Core ML where Core ML exists."""
    from pytest_coreml.reference.binding.install import has_native_module

    if has_native_module():
        pytest.skip("Core ML exists here, and this test is about machines without it")
    pytest.importorskip("onnxruntime", reason="the reference runtime needs onnxruntime, which is not installed here")


@pytest.fixture
def project(without_core_ml: None, pytester: pytest.Pytester, linear_package: Path) -> pytest.Pytester:
    """A folder with `Linear.mlpackage` in it, where pytest runs in a separate process, on the reference runtime."""
    shutil.copytree(linear_package, pytester.path / "Linear.mlpackage")
    return pytester


@pytest.fixture
def mac_project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> MacProject:
    """A folder on a stand-in Mac, with no models yet."""
    from mac_project import MacProject

    return MacProject(pytester, monkeypatch)
