"""Which runtime the engine takes, and what it says when that is not there."""

from __future__ import annotations

import sys

import pytest

from pytest_coreml.engine.server import coremltools_import
from pytest_coreml.errors import EngineError


@pytest.fixture
def without_core_ml(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coremltools without its native module."""
    monkeypatch.setattr(coremltools_import, "has_native_module", lambda: False)


@pytest.mark.usefixtures("without_core_ml")
@pytest.mark.parametrize("runtime", ["auto", "coreml"])
def test_a_mac_without_the_native_module_is_told_to_take_another_python(
    runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No wheel of coremltools fits its Python; it does not get the reference runtime unasked."""
    monkeypatch.setattr(sys, "platform", "darwin")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    expected = rf"no wheel fits this Python \({version}\); use a Python that coremltools has a wheel for"

    with pytest.raises(EngineError, match=f"--coreml-runtime={runtime}: .*{expected}"):
        coremltools_import.import_coremltools(runtime, "fast")


@pytest.mark.usefixtures("without_core_ml")
def test_core_ml_elsewhere_is_told_of_the_other_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux a name that exists on Macs only raises an error."""
    monkeypatch.setattr(sys, "platform", "linux")

    with pytest.raises(EngineError, match="on macOS only; run on a Mac, or use --coreml-runtime=reference"):
        coremltools_import.import_coremltools("coreml", "fast")


def test_a_missing_coremltools_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result does not depend on the runtime."""
    monkeypatch.setattr(coremltools_import.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(EngineError, match=r"coremltools is not installed for .*; install it: pip install coremltools"):
        coremltools_import.import_coremltools("auto", "fast")
