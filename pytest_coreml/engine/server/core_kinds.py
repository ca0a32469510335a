"""The kinds of CPU cores on which this process ran."""

from __future__ import annotations

from pytest_coreml.engine.server.resource_usage import ResourceUsageReader


class CoreKinds:
    """The CPU time of this process on each kind of core, since this was made."""

    def __init__(self) -> None:
        self._reader = ResourceUsageReader.open()
        self._before = self._reader.read() if self._reader is not None else None

    def efficiency_share(self) -> float | None:
        """Return the share of the CPU time on efficiency cores, 0 to 1; None if the system does not count it."""
        if self._reader is None or self._before is None:
            return None
        after = self._reader.try_read()
        # Kernels without counters for each kind of core leave them at zero: Intel, virtual machines.
        if after is None or not after.performance_cpu_ms:
            return None
        cpu = after.cpu_ms - self._before.cpu_ms
        fast = after.performance_cpu_ms - self._before.performance_cpu_ms
        return min(1.0, max(0.0, 1 - fast / cpu)) if cpu > 0 else None
