"""Facts of Macs, from what their commands write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.commands import HOSTED_RUNNER, M4_PRO

from pytest_coreml.machine import macos
from pytest_coreml.machine.facts import Conditions, Cores, Gpu, Identity, System

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SW_VERS = "ProductName:\t\tmacOS\nProductVersion:\t\t26.5.1\nBuildVersion:\t\t25F80\n"
IOREG = '      "model" = "Apple M4 Pro"\n      "IOPlatformSerialNumber" = "C02XK1ZZJGH5"\n      "gpu-core-count" = 20\n'
BATTERY = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=22413411)\t87%; discharging; 5:41 remaining\n"


def mac(values: dict[str, str], **answers: str) -> Callable[[Sequence[str]], str]:
    """Answer commands as a Mac does: `sysctl` from *values*, others by their first word and option."""

    def run(words: Sequence[str]) -> str:
        if words[0] == "sysctl":
            return "".join(f"{name}: {values[name]}\n" for name in words[1:] if name in values)
        return answers.get("_".join(word.lstrip("-") for word in words[:3] if "." not in word), "")

    return run


def test_an_apple_silicon_mac() -> None:
    """Chip, model, cores of both kinds, memory, system with its build, and the GPU."""
    expected = Identity(
        system=System("macOS", "26.5.1", "25F80"),
        chip="Apple M4 Pro",
        model_identifier="Mac16,8",
        cores=Cores(14, 10, 4, 14),
        memory_bytes=24 * 2**30,
        virtual=False,
        rosetta=False,
        gpu=Gpu("Apple M4 Pro", 20),
    )

    assert expected == macos.read_identity(mac(M4_PRO, sw_vers=SW_VERS, ioreg_r_c=IOREG), "arm64")


def test_an_intel_mac() -> None:
    """No kinds of cores, and a Mac that cannot translate does not."""
    values = {name: value for name, value in M4_PRO.items() if "perflevel" not in name and "translated" not in name}

    found = macos.read_identity(mac({**values, "machdep.cpu.brand_string": "Intel(R) Core(TM) i7"}), "x86_64")

    assert found.cores == Cores(14, None, None, 14)
    assert found.rosetta is False


@pytest.mark.parametrize("values", [HOSTED_RUNNER, {**HOSTED_RUNNER, "kern.hv_vmm_present": "0"}])
def test_a_virtual_mac(values: dict[str, str]) -> None:
    """Known by the kernel's word, or by its model."""
    assert macos.read_identity(mac(values), "arm64").virtual is True


@pytest.mark.parametrize(("translated", "architecture"), [("1", "x86_64"), ("0", "x86_64"), ("1", "arm64")])
def test_rosetta(translated: str, architecture: str) -> None:
    """Known by the system's word, or by a Python for Intel on a chip of Apple's."""
    values = {**M4_PRO, "sysctl.proc_translated": translated}

    assert macos.read_identity(mac(values), architecture).rosetta is True


def test_a_mac_that_answers_nothing() -> None:
    """Without any command all facts are unknown, but for the version that Python knows."""
    found = macos.read_identity(lambda _: "", "arm64")

    assert found.chip is found.virtual is found.rosetta is found.memory_bytes is None


def test_conditions() -> None:
    """Thermal pressure, power source, low-power mode, memory pressure and swap."""
    run = mac(M4_PRO, notifyutil_g="com.apple.system.thermalpressurelevel 2\n", pmset_g_batt=BATTERY)

    assert Conditions("heavy", "Battery Power", None, "normal", 1_070_858_240) == macos.read_conditions(run)


def test_without_thermal_pressure_the_documented_state_tells() -> None:
    """The answer takes longer, and has a separate text."""
    run = mac({}, osascript_l_JavaScript="1\n", pmset_g_therm="CPU_Speed_Limit = 72\n")

    assert macos.read_conditions(run).thermal == "fair"


def test_without_either_the_limit_of_the_clock_tells() -> None:
    """`pmset -g therm` is the third best."""
    run = mac({}, pmset_g_therm="\tCPU_Speed_Limit \t= 72\n", pmset_g=" lowpowermode         1\n")

    assert Conditions("clock limited to 72 %", None, True) == macos.read_conditions(run)
