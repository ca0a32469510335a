"""Names of compute units and devices, and the hints for other names of the same."""

from __future__ import annotations

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.facts.compute_units import parse_compute_units, parse_device


@pytest.mark.parametrize("word", ["ane", "ANE", "ne", "npu", "neural_engine", "Apple Neural Engine", "cpuAndANE"])
def test_every_name_of_the_neural_engine_leads_to_ours(word: str) -> None:
    """The compute units that permit it, and the device."""
    with pytest.raises(UsageError, match=r"unknown compute units .*; did you mean 'cpuAndNeuralEngine'\?"):
        parse_compute_units(word)


@pytest.mark.parametrize("word", ["ane", "ne", "neural_engine", "neural engine", "npu", "cpuAndNeuralEngine"])
def test_every_name_of_the_device_leads_to_ours(word: str) -> None:
    """Also that of the compute units."""
    with pytest.raises(UsageError, match=r"unknown device .*; did you mean 'neuralEngine'\?"):
        parse_device(word)


@pytest.mark.parametrize(
    ("word", "units"), [("gpu", "cpuAndGPU"), ("cpu", "cpuOnly"), ("mps", "cpuAndGPU"), ("auto", "all")]
)
def test_a_device_is_not_compute_units(word: str, units: str) -> None:
    """The compute units that allow the device are the hint, and not taken silently."""
    with pytest.raises(UsageError, match=f"; did you mean '{units}'"):
        parse_compute_units(word)


@pytest.mark.parametrize(("word", "device"), [("cpuOnly", "cpu"), ("CPU_AND_GPU", "gpu")])
def test_compute_units_are_not_a_device(word: str, device: str) -> None:
    """The device that they are named by is the hint."""
    with pytest.raises(UsageError, match=f"; did you mean '{device}'"):
        parse_device(word)


def test_a_misspelled_name_is_found_by_likeness() -> None:
    """Names that are not used elsewhere are refused."""
    with pytest.raises(UsageError, match="; did you mean 'cpuAndNeuralEngine'"):
        parse_compute_units("cpuAndNeuralEngin")
