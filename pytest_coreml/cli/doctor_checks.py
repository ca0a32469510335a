"""Check this machine step by step, with a tiny model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_coreml.cli.contention import BUSY_PROCESSES_PER_CORE
from pytest_coreml.engine import protocol
from pytest_coreml.errors import CoreMLTestError, EngineDiedError, EngineTimeoutError
from pytest_coreml.machine.policy import clock_doubt
from pytest_coreml.report.text.causes import reason_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.protocol import Loaded
    from pytest_coreml.facts.runtime import RuntimeFacts
    from pytest_coreml.machine.facts import Conditions, Identity

_UNKNOWN = "unknown"
# Beside two busy processes a core a loop waits for about two thirds of the time.
_SEEN_WAITING = 0.2


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    subject: str
    """The name of the check."""
    state: Literal["ok", "note", "no"]
    """`no` if budgets cannot be judged because of it; `note` for a remark."""
    text: str
    """The findings."""
    fix: str | None = None
    """A suggestion for the user; None if nothing is wrong."""


def check_machine(machine: Identity, now: Conditions, waiting: float | None) -> Iterator[Finding]:
    """Yield what the machine is, its conditions, and the properties of its clock.

    *waiting*: the share of its time that a loop waited beside many busy processes; None if the system does not say.
    """
    system = machine.system
    words = " ".join(filter(None, (system.name, system.version, f"({system.build})" if system.build else None)))
    if machine.is_mac:
        yield _system(words, system.version)
    else:
        yield Finding("system", "no", words, "Core ML exists on macOS only: judge budgets on a Mac")
    cores = machine.cores.total or _UNKNOWN
    yield Finding(
        "machine", "ok", f"{machine.chip or _UNKNOWN}, {machine.model_identifier or 'not a Mac'}, {cores} cores"
    )
    yield _yes_no("virtual", machine.virtual, "virtual machine", machine.is_mac, "run on a real Mac")
    yield _yes_no("rosetta", machine.rosetta, "translated by Rosetta", machine.is_mac, "use a Python for arm64")
    yield _conditions(now, machine.is_mac)
    resolution = time.get_clock_info("perf_counter").resolution * 1e9
    yield Finding("clock", "ok", f"resolution {resolution:.0f} ns")
    yield _waiting(waiting)


def _waiting(share: float | None) -> Finding:
    if share is None:
        text = "the time that a process waits for a CPU cannot be read here"
        return Finding("waiting", "note", text, "keep the machine idle: a slow model and a busy machine look the same")
    text = f"a loop waited {share:.0%} of a second beside {BUSY_PROCESSES_PER_CORE} busy processes a core"
    if share < _SEEN_WAITING:
        return Finding("waiting", "note", text, "the system's counter does not move: keep the machine idle")
    return Finding("waiting", "ok", text)


def _system(words: str, version: str | None) -> Finding:
    numbers = tuple(int(part) for part in (version or "").split(".") if part.isdigit())
    if numbers and numbers < (14, 4):
        return Finding("system", "note", words, "compute plans need macOS 14.4: update to judge placement")
    return Finding("system", "ok", words)


def _yes_no(subject: str, found: bool | None, words: str, matters: bool, fix: str) -> Finding:
    if not found:
        return Finding(subject, "ok" if found is not None else "note", "no" if found is not None else _UNKNOWN)
    return Finding(subject, "no" if matters else "note", f"yes: {words}", fix if matters else None)


def _conditions(now: Conditions, is_mac: bool) -> Finding:
    text = f"thermal state {now.thermal or _UNKNOWN}, power {now.power_source or _UNKNOWN}"
    if now.low_power_mode:
        return Finding("conditions", "note", f"{text}, low-power mode", "switch off low-power mode: times are longer")
    if now.memory_pressure in ("warning", "critical"):
        return Finding("conditions", "note", f"{text}, memory pressure {now.memory_pressure}", "close other programs")
    if now.thermal not in (None, "nominal"):
        return Finding("conditions", "note", text, "let the machine cool down")
    if now.thermal is None and is_mac:
        return Finding(
            "conditions",
            "note",
            text,
            "macOS does not report the thermal state here: keep the machine cool, and measure twice",
        )
    return Finding("conditions", "ok", text)


def check_runtime(engine: Engine, folder: Path, machine: Identity) -> Iterator[Finding]:
    """Start *engine*, and compile, load, run and plan a tiny model in *folder*; stop at the first step that fails."""
    try:
        facts = engine.start()
    except CoreMLTestError as error:
        yield Finding("binding", "no", str(error), "pip install --force-reinstall coremltools")
        return
    yield _binding(facts, machine)
    path = str(folder / "Tiny.mlpackage")
    try:
        engine.ask(protocol.SaveTinyModel(path))
        loaded = engine.ask(protocol.Load(path, "cpuOnly", measured=True))
    except CoreMLTestError as error:
        yield Finding("load", "no", str(error), _fix(error))
        return
    times = loaded.times
    yield Finding(
        "load", "ok", f"compiled in {times.compile_ms[0]:.1f} ms, first loaded in {times.first_load_ms[0]:.2f} ms"
    )
    steps = {
        "predict": lambda: _predict(engine, loaded),
        "devices": lambda: _devices(engine),
        "plan": lambda: _plan(engine, loaded, facts),
    }
    for subject, step in steps.items():
        yield _step(subject, step)
        if engine.dead:
            return


def _binding(facts: RuntimeFacts, machine: Identity) -> Finding:
    if facts.runtime == "reference":
        text = f"reference runtime ({facts.runtime_version}), coremltools {facts.coremltools}"
        return Finding("binding", "no", text, "times and placement need Core ML: run on a Mac")
    doubt = reason_text(clock_doubt(facts.runtime, "auto", machine))
    return Finding("binding", "no" if doubt else "ok", f"Core ML, coremltools {facts.coremltools}", doubt)


def _step(subject: str, step: Callable[[], Finding]) -> Finding:
    try:
        return step()
    except CoreMLTestError as error:
        return Finding(subject, "no", str(error), _fix(error))


def _fix(error: CoreMLTestError) -> str:
    if isinstance(error, EngineTimeoutError):
        return "restart the machine, whose services may hang, or allow more time: --timeout"
    if isinstance(error, EngineDiedError):
        return "update macOS and coremltools; report a crash that remains to Apple, with the lines above"
    return "free space in the temporary folder (TMPDIR), or install another version of coremltools"


def _predict(engine: Engine, loaded: Loaded) -> Finding:
    from pytest_coreml.engine.example_inputs import example_inputs

    done = engine.ask(protocol.Predict(example_inputs(loaded.spec.inputs)))
    return Finding("predict", "ok", f"{done.native_ms:.3f} ms native, {done.wall_ms:.3f} ms wall")


def _devices(engine: Engine) -> Finding:
    devices = engine.ask(protocol.ListDevices())
    if devices is None:
        return Finding("devices", "note", _UNKNOWN, "listing devices needs macOS 14")
    return Finding(
        "devices", "ok", ", ".join(f"{d.device} ({d.cores} cores)" if d.cores else d.device for d in devices)
    )


def _plan(engine: Engine, loaded: Loaded, facts: RuntimeFacts) -> Finding:
    if facts.runtime == "reference":
        return Finding("plan", "no", "the reference runtime has no compute plans", "judge placement on a Mac")
    plan = engine.ask(protocol.ReadPlan(loaded.compiled, "cpuOnly", "main"))
    if plan.unknown:
        fix = "compute plans need macOS 14.4 or later; without them only times are judged"
        return Finding("plan", "no", plan.why_unknown or _UNKNOWN, fix)
    return Finding("plan", "ok", f"{len(plan.ops)} operations")
