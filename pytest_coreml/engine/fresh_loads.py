"""Measure loads in fresh processes, as at app launch.

The first load of a process also initializes the frameworks below Core ML, and a process may keep what it has loaded. A
second load in the same process is therefore shorter than what the user of an app waits for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.protocol import LoadAgain

if TYPE_CHECKING:
    from pytest_coreml.engine.engines import Engines
    from pytest_coreml.engine.lease import Lease
    from pytest_coreml.facts.measurement import LoadTimes

# With three, one disturbed load does not move the median.
PROCESSES: Final = 3


def measure_fresh_loads(lease: Lease, engines: Engines) -> LoadTimes:
    """Return the load times of *lease*, with loads from the same path in fresh processes added.

    Nothing is added for the reference runtime, which keeps nothing, and for a model from memory, which has no path.
    Raises `ModelError` or `EngineError` as a first load does.
    """
    times = lease.loaded.times
    if lease.loaded.runtime != "coreml" or lease.key.options.from_memory:
        return times
    # The compiled model exists as long as its engine is open.
    lease.resume()
    loads, thermal = lease.with_thermal(lambda: tuple(_load(lease, engines) for _ in range(PROCESSES)))
    span = (times.thermal[0], thermal[1]) if times.thermal and thermal else None
    return replace(times, fresh_load_ms=loads, thermal=span)


def _load(lease: Lease, engines: Engines) -> float:
    key = lease.key
    with engines.empty(key) as engine:
        engine.subject = lease.subject
        engine.start()
        return engine.ask(LoadAgain(key.path, lease.loaded.compiled, key.compute_units, key.options))
