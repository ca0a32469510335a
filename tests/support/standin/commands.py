"""The macOS commands that tell of the machine, as small scripts that print recorded texts."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

M4_PRO = {
    "machdep.cpu.brand_string": "Apple M4 Pro",
    "hw.model": "Mac16,8",
    "hw.ncpu": "14",
    "hw.physicalcpu": "14",
    "hw.logicalcpu": "14",
    "hw.perflevel0.physicalcpu": "10",
    "hw.perflevel1.physicalcpu": "4",
    "hw.memsize": "25769803776",
    "kern.hv_vmm_present": "0",
    "sysctl.proc_translated": "0",
    "kern.memorystatus_vm_pressure_level": "1",
    "vm.swapusage": "total = 2048.00M  used = 1021.25M  free = 1026.75M  (encrypted)",
}
HOSTED_RUNNER = {
    **M4_PRO,
    "machdep.cpu.brand_string": "Apple M1 (Virtual)",
    "hw.model": "VirtualMac2,1",
    "hw.ncpu": "3",
    "hw.physicalcpu": "3",
    "hw.logicalcpu": "3",
    "hw.perflevel0.physicalcpu": "3",
    "hw.perflevel1.physicalcpu": "0",
    "hw.memsize": "7516192768",
    "kern.hv_vmm_present": "1",
}

ON_MAINS = (
    "Now drawing from 'AC Power'\n -InternalBattery-0 (id=22413411)\t80%; AC attached; not charging present: true\n"
)
ON_BATTERY = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=22413411)\t87%; discharging; 5:41 remaining\n"
NO_THERMAL_WARNING = (
    "Note: No thermal warning level has been recorded\n"
    "Note: No performance warning level has been recorded\n"
    "Note: No CPU power status has been recorded\n"
)
GPU = """\
+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, id 0x1000003a1, registered, matched, active, busy 0, retain 71>
    {{
      "IOClass" = "AGXAcceleratorG16X"
      "PerformanceStatistics" = {{"In use system memory (driver)"=0,"Device Utilization %"=3,"recoveryCount"=0}}
      "IOReportLegendPublic" = Yes
      "model" = "{name}"
      "gpu-core-count" = {cores}
      "MetalPluginName" = "AGXMetalG16X"
    }}
"""
SETTINGS = "System-wide power settings:\nCurrently in use:\n standby              1\n lowpowermode         {}\n"


@dataclass(frozen=True)
class MacFacts:
    """The output of the commands. *thermal_pressure*: the levels that `notifyutil` prints in turn; the last repeats."""

    sysctl: dict[str, str] = field(default_factory=lambda: dict(M4_PRO))
    version: str = "26.5.1"
    build: str = "25F80"
    gpu: str = GPU.format(name="Apple M4 Pro", cores=20)
    battery: str = ON_MAINS
    thermal: str = NO_THERMAL_WARNING
    low_power_mode: int = 0
    thermal_pressure: tuple[int, ...] = (0,)


def write_commands(folder: Path, facts: MacFacts) -> None:
    """Write `sysctl`, `sw_vers`, `pmset`, `ioreg` and `notifyutil` into *folder*, for the front of PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    version = f"ProductName:\t\tmacOS\nProductVersion:\t\t{facts.version}\nBuildVersion:\t\t{facts.build}"
    _write(folder, "sw_vers", {"": version}, "")
    registry = shlex.join([sys.executable, "-I", str(Path(__file__).with_name("registry.py"))])
    _write(
        folder,
        "ioreg",
        {"-r -c IOAccelerator -d 1": facts.gpu},
        "ioreg: invalid option",
        ('case "$1" in -a) exec ' + registry + ' "$@" ;; esac',),
    )
    _write_sysctl(folder, facts.sysctl)
    pmset = {"-g batt": facts.battery, "-g therm": facts.thermal, "-g": SETTINGS.format(facts.low_power_mode)}
    _write(folder, "pmset", pmset, "Usage: pmset <options>")
    _write_levels(folder, facts.thermal_pressure)


def _write(folder: Path, name: str, answers: dict[str, str], otherwise: str, before: tuple[str, ...] = ()) -> None:
    cases = [f"{shlex.quote(question)}) printf '%s\\n' {shlex.quote(a.rstrip())} ;;" for question, a in answers.items()]
    lines = ["#!/bin/sh", *before, 'case "$*" in', *cases, f'*) echo "{otherwise}" >&2; exit 1 ;;', "esac"]
    _executable(folder / name, lines)


def _write_sysctl(folder: Path, values: dict[str, str]) -> None:
    """Print `name: value` for each name asked for; complain of others, and go on."""
    cases = [f"    {name}) printf '%s: %s\\n' {name} {shlex.quote(value)} ;;" for name, value in values.items()]
    unknown = """    *) echo "sysctl: unknown oid '$name'" >&2; status=1 ;;"""
    lines = ["#!/bin/sh", "status=0", 'for name in "$@"; do case "$name" in', *cases, unknown, "esac; done"]
    _executable(folder / "sysctl", [*lines, "exit $status"])


def _write_levels(folder: Path, levels: tuple[int, ...]) -> None:
    count = folder / "notifyutil.count"
    cases = [f"{i}) level={level} ;;" for i, level in enumerate(levels)]
    lines = [
        "#!/bin/sh",
        f"n=$(cat {shlex.quote(str(count))} 2>/dev/null || echo 0)",
        f"echo $((n + 1)) > {shlex.quote(str(count))}",
        f"level={levels[-1]}",
        'case "$n" in',
        *cases,
        "esac",
        'echo "com.apple.system.thermalpressurelevel $level"',
    ]
    _executable(folder / "notifyutil", lines)


def _executable(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o755)
