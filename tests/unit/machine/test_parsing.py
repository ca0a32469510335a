"""Texts of the system, as it writes them, to facts."""

from __future__ import annotations

import pytest

from pytest_coreml.machine import parsing
from pytest_coreml.machine.facts import Gpu, System

SYSCTL_M4 = """\
machdep.cpu.brand_string: Apple M4 Pro
hw.model: Mac16,8
hw.logicalcpu: 14
hw.perflevel0.physicalcpu: 10
hw.perflevel1.physicalcpu: 4
hw.memsize: 25769803776
kern.hv_vmm_present: 0
sysctl.proc_translated: 0
"""
# The unknown names are told on stderr, and the status is not zero.
SYSCTL_INTEL = """\
machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz
hw.model: MacBookPro16,1
hw.logicalcpu: 12
hw.memsize: 17179869184
kern.hv_vmm_present: 0
"""
SW_VERS = """\
ProductName:\t\tmacOS
ProductVersion:\t\t26.5.1
BuildVersion:\t\t25F80
"""
SW_VERS_RAPID = """\
ProductName:\t\tmacOS
ProductVersion:\t\t13.4.1
ProductVersionExtra:\t(c)
BuildVersion:\t\t22F770820d
"""
BATTERY = """\
Now drawing from 'Battery Power'
 -InternalBattery-0 (id=22413411)\t87%; discharging; 5:41 remaining present: true
"""
DESKTOP = "Now drawing from 'AC Power'\n"
SETTINGS = """\
System-wide power settings:
Currently in use:
 standby              1
 Sleep On Power Button 1
 hibernatefile        /var/vm/sleepimage
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                1 (sleep prevented by powerd, caffeinate)
 hibernatemode        3
 ttyskeepawake        1
 displaysleep         10
 tcpkeepalive         1
 lowpowermode         {}
 womp                 1
"""
SETTINGS_DESKTOP = """\
System-wide power settings:
Currently in use:
 autorestart          0
 powernap             1
 displaysleep         10
"""
THERM_NOTHING = """\
Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
Note: No CPU power status has been recorded
"""
THERM_LIMITED = """\
Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
CPU Power notify
\tCPU_Scheduler_Limit \t= 100
\tCPU_Available_CPUs \t= 12
\tCPU_Speed_Limit \t= {}
"""
IOREG_M1_MAX = """\
+-o AGXAcceleratorG13X  <class AGXAcceleratorG13X, id 0x1000004e1, registered, matched, active, busy 0 (8 ms), retain 74>
    {
      "IOClass" = "AGXAcceleratorG13X"
      "PerformanceStatistics" = {"In use system memory (driver)"=0,"Tiler Utilization %"=3,"Device Utilization %"=3}
      "KDebugVersion" = 0
      "model" = "Apple M1 Max"
      "gpu-core-count" = 24
      "GPUConfigurationVariable" = {"num_gps"=8,"gpu_gen"=13,"num_cores"=24,"num_mgpus"=4,"gpu_var"="X"}
    }
"""  # noqa: E501 - as ioreg writes it
IOREG_VIRTUAL = """\
+-o AppleParavirtAccelerator  <class AppleParavirtAccelerator, id 0x100000219, registered, matched, active, retain 21>
    {
      "IOClass" = "AppleParavirtAccelerator"
      "model" = "Apple Paravirtual device"
      "MetalPluginClassName" = "AppleParavirtDevice"
    }
"""
CPUINFO = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz
flags\t\t: fpu vme de pse tsc msr{} lahf_lm
"""
CPUINFO_PI = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid

Model\t\t: Raspberry Pi 4 Model B Rev 1.4
"""
GARBAGE = ("", "\n\n", "command not found", "= = = : : :", "\x00\xff", "1" * 5000)


def test_sysctl_gives_what_it_knows() -> None:
    """Each known name has its value; a Mac with Intel's processor knows fewer."""
    m4, intel = parsing.sysctl_values(SYSCTL_M4), parsing.sysctl_values(SYSCTL_INTEL)

    assert m4["machdep.cpu.brand_string"] == "Apple M4 Pro"
    assert parsing.integer(m4["hw.memsize"]) == 24 * 2**30
    assert intel["machdep.cpu.brand_string"] == "Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz"
    assert "hw.perflevel0.physicalcpu" not in intel


@pytest.mark.parametrize(
    ("text", "version", "build"), [(SW_VERS, "26.5.1", "25F80"), (SW_VERS_RAPID, "13.4.1", "22F770820d")]
)
def test_macos_version_and_build(text: str, version: str, build: str) -> None:
    """Version and build, also of a rapid security response."""
    assert System("macOS", version, build) == parsing.macos_system(text)


@pytest.mark.parametrize(("text", "source"), [(BATTERY, "Battery Power"), (DESKTOP, "AC Power")])
def test_power_source(text: str, source: str) -> None:
    """A desktop has the one line only."""
    assert source == parsing.power_source(text)


@pytest.mark.parametrize(
    ("text", "mode"), [(SETTINGS.format(0), False), (SETTINGS.format(1), True), (SETTINGS_DESKTOP, None)]
)
def test_low_power_mode(text: str, mode: bool | None) -> None:
    """Desktops may lack the setting, which is unknown, not off."""
    assert mode is parsing.low_power_mode(text)


@pytest.mark.parametrize(
    ("level", "word"),
    [(0, "nominal"), (1, "moderate"), (2, "heavy"), (3, "trapping"), (4, "sleeping"), (5, None), (80, None)],
)
def test_thermal_pressure(level: int, word: str | None) -> None:
    """Each level of the system has its word; another one is unknown."""
    assert word == parsing.thermal_pressure(f"com.apple.system.thermalpressurelevel {level}\n")


@pytest.mark.parametrize(
    ("text", "word"),
    [("0\n", "nominal"), ("1\n", "fair"), ("2\n", "serious"), ("3\n", "critical"), ("4\n", None), ("error\n", None)],
)
def test_thermal_state(text: str, word: str | None) -> None:
    """Another number is unknown."""
    assert word == parsing.thermal_state(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (THERM_NOTHING, None),
        (THERM_LIMITED.format(100), "nominal"),
        (THERM_LIMITED.format(72), "clock limited to 72 %"),
    ],
)
def test_speed_limit(text: str, word: str | None) -> None:
    """That nothing was recorded says nothing."""
    assert word == parsing.speed_limit(text)


@pytest.mark.parametrize(
    ("text", "word"), [("1", "normal"), ("2", "warning"), ("4", "critical"), ("0", None), ("x", None), (None, None)]
)
def test_memory_pressure(text: str | None, word: str | None) -> None:
    """Three levels have words."""
    assert word == parsing.memory_pressure(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total = 2048.00M  used = 1021.25M  free = 1026.75M  (encrypted)", 1_070_858_240),
        ("total = 0.00M  used = 0.00M  free = 0.00M  (encrypted)", 0),
        ("total = 2,00G  used = 1,50G  free = 0,50G", 1_610_612_736),
        ("none", None),
        (None, None),
    ],
)
def test_swap(text: str | None, expected: int | None) -> None:
    """In bytes, whatever the unit; a machine that swaps nothing has zero."""
    assert expected == parsing.swap_bytes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IOREG_M1_MAX, Gpu("Apple M1 Max", 24)),
        (IOREG_VIRTUAL, Gpu("Apple Paravirtual device", None)),
        ('"model" = <"AMD Radeon Pro 5300M">', Gpu("AMD Radeon Pro 5300M", None)),
    ],
)
def test_gpu(text: str, expected: Gpu) -> None:
    """Name and cores of Apple's; other GPUs do not tell their cores."""
    assert expected == parsing.gpu(text)


@pytest.mark.parametrize(
    ("text", "chip", "virtual"),
    [
        (CPUINFO.format(" hypervisor"), "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz", True),
        (CPUINFO.format(""), "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz", False),
        (CPUINFO_PI, "Raspberry Pi 4 Model B Rev 1.4", None),
    ],
)
def test_cpuinfo(text: str, chip: str, virtual: bool | None) -> None:
    """The processor's name; whether it is a guest where the processor has a flag for it."""
    assert chip == parsing.cpuinfo_chip(text)
    assert virtual is parsing.cpuinfo_virtual(text)


@pytest.mark.parametrize("text", GARBAGE)
@pytest.mark.parametrize(
    "parse",
    [
        parsing.power_source,
        parsing.low_power_mode,
        parsing.thermal_pressure,
        parsing.thermal_state,
        parsing.speed_limit,
        parsing.cpuinfo_chip,
        parsing.cpuinfo_virtual,
    ],
)
def test_other_texts_are_unknown(parse, text: str) -> None:
    """A text of another form is neither a fact nor an error."""
    assert parse(text) is None


@pytest.mark.parametrize("text", GARBAGE)
def test_other_texts_leave_empty_facts(text: str) -> None:
    """So it is where several facts come from one text."""
    assert System("macOS") == parsing.macos_system(text)
    assert Gpu() == parsing.gpu(text)
    assert parsing.sysctl_values(text).get("hw.model") is None
