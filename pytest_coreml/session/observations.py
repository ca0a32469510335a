"""Observed devices of the models of a run: each configuration in a separate process, beside controls."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.protocol import LoadAgain, Observe
from pytest_coreml.errors import CoreMLTestError, EngineDiedError, first_line
from pytest_coreml.facts.observed import Observation, beside, unobserved
from pytest_coreml.facts.reason import Cause
from pytest_coreml.verdict.observed_rules import judge_counters

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.lease import EngineKey, Lease
    from pytest_coreml.engine.protocol import Measure
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.observed import Observed

# Where a device does nothing, and where it works if it can: what a counter that is not moved is compared with.
_CONTROL: Final[ComputeUnits] = "cpuOnly"
_AT_WORK: Final[dict[Device, ComputeUnits]] = {"gpu": "cpuAndGPU", "neuralEngine": "cpuAndNeuralEngine"}


class Observations:
    """The observations of a run. *make*: returns a new engine. *is_fit*: whether this machine is fit for units."""

    def __init__(self, make: Callable[[], Engine], is_fit: Callable[[ComputeUnits], bool]) -> None:
        self._make = make
        self._is_fit = is_fit
        self._read: dict[tuple[EngineKey, str], Observation] = {}
        self._by_configuration: dict[EngineKey, Observation] = {}
        self._moved: set[str] = set()

    def observe(self, lease: Lease, like: Measure, wanted: Collection[Device] | None = None) -> Observed:
        """Return what the model of *lease* uses in predictions like those of *like*.

        *wanted*: the devices that have to be known to be idle, too: a counter that has not moved in this run is tried
        with the same model on compute units where it should. None: neither that, nor a control on `cpuOnly` that this
        run does not have. What cannot be observed is unavailable; nothing is raised.

        A model is observed once for the same inputs, batch and states. A control may have had other inputs: it shows
        what counters read where a device does nothing, and whether they work.
        """
        if lease.loaded.runtime != "coreml":
            return unobserved(Cause.NO_CORE_ML)
        units = lease.key.compute_units
        own = self._observation(lease, units, like)
        control = None
        if units != _CONTROL:
            control = self._control(lease, _CONTROL, None if wanted is None else like)
        self._note_moved(own, control)
        found = judge_counters(own, control, frozenset(self._moved))
        for device in wanted or ():
            if found.result(device).cause is Cause.NEVER_MOVED and self._is_fit(_AT_WORK[device]):
                at_work = self._control(lease, _AT_WORK[device], like)
                assert at_work is not None, "it is observed if it was not before"
                self._note_moved(at_work, control if units != _CONTROL else own)
        return judge_counters(own, control, frozenset(self._moved))

    def _note_moved(self, observation: Observation, control: Observation | None) -> None:
        counters = [beside(counter, control, frozenset()) for counter in observation.counters]
        self._moved.update(counter.name for counter in counters if counter.moved)

    def _observation(self, lease: Lease, units: ComputeUnits, like: Measure) -> Observation:
        configuration = replace(lease.key, compute_units=units)
        key = (configuration, _digest(like))
        if key not in self._read:
            self._read[key] = self._by_configuration[configuration] = self._observe(lease, units, like)
        return self._read[key]

    def _control(self, lease: Lease, units: ComputeUnits, like: Measure | None) -> Observation | None:
        """Return an observation of the model on *units* with any inputs; one like *like*, if that is given."""
        known = self._by_configuration.get(replace(lease.key, compute_units=units))
        return known if known is not None or like is None else self._observation(lease, units, like)

    def _observe(self, lease: Lease, units: ComputeUnits, like: Measure) -> Observation:
        key = lease.key
        load = LoadAgain(key.path, lease.loaded.compiled, units, key.options)
        try:
            # The compiled model exists as long as its engine is open.
            lease.resume()
            # Another process of ours would move counters of the whole machine.
            with lease.exclusive():
                return self._ask(lease, Observe(load, like))
        except CoreMLTestError as error:
            return Observation(notes=(f"{units}: {first_line(error)}",))

    def _ask(self, lease: Lease, request: Observe) -> Observation:
        try:
            return self._ask_once(lease, request)
        except EngineDiedError as error:
            # By a counter without a public interface, perhaps.
            found = self._ask_once(lease, replace(request, private=False))
            return replace(found, notes=(*found.notes, f"IOReport: left out after {first_line(error)}"))

    def _ask_once(self, lease: Lease, request: Observe) -> Observation:
        engine = self._make()
        engine.subject = f"{lease.key.path.rstrip('/').rsplit('/', 1)[-1]} on {request.load.compute_units}"
        try:
            engine.start()
            return engine.ask(request, lease.report)
        finally:
            engine.close()


def _digest(like: Measure) -> str:
    """Return a digest of the work of one call; the number of calls makes no difference."""
    return hashlib.sha256(pickle.dumps(replace(like, calls=0, seconds=None))).hexdigest()
