"""The measurements of the loads of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.plugin.xdist import shares_host

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_coreml.engine.lease import Timing
    from pytest_coreml.plugin.declarations import Declarations
    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.regression.run import Runs


class LoadTiming:
    """Decides what is measured of a load, by what tests, the *baseline* and options ask for."""

    def __init__(
        self,
        config: pytest.Config,
        options: Options,
        declarations: Declarations,
        baseline: Callable[[], Runs | None],
    ) -> None:
        self._config = config
        self._options = options
        self._declarations = declarations
        self._baseline = baseline

    def for_test(self, item: pytest.Item) -> Timing:
        """Return what is measured of the loads of *item*.

        A load time that is only written down does not wait for other workers on the host: that would take away the
        time that workers are there to save.
        """
        judged = bool(self._options.baseline) or self._declarations.limits_load_in(item.path)
        return self.where(judged, self._times_first_load(item))

    def where(self, judged: bool, first_load: bool = False) -> Timing:
        """Return what is measured of a load; *judged*: its time may be judged, and is not only written down."""
        from pytest_coreml.engine.lease import Timing

        reported = self._options.is_reported
        return Timing(
            load=judged or (reported and not shares_host(self._config)), first=judged or reported, first_load=first_load
        )

    def _times_first_load(self, item: pytest.Item) -> bool:
        """Return True if a budget, the baseline or an option asks for times of compiling, or of first loads.

        As for other times, it is enough if they ask for those of another test of the file, which shares its models.
        """
        if self._options.cache == "off" or self._declarations.limits_first_load_in(item.path):
            return True
        baseline = self._baseline()
        return baseline is not None and item.nodeid.split("::", 1)[0] in baseline.files_with_first_loads
