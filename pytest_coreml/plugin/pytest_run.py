"""What the hooks and fixtures share: made when the first thing of ours turns up, kept in pytest's stash."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_coreml.errors import CoreMLTestError, UnfitMachineError, UsageError
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.plugin.declarations import Declared, Reader
from pytest_coreml.plugin.limit_coverage import Reach
from pytest_coreml.plugin.names import CURRENT, MISTAKES, shares_host, uses_fixture, worker_of
from pytest_coreml.plugin.ordering import put_partners_first
from pytest_coreml.plugin.progress import ProgressLine
from pytest_coreml.plugin.shared_fixture import SharedFixture

if TYPE_CHECKING:
    from pytest_coreml.engine.lease import EngineKey, Timing
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.attempt import Trial
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.models import Session
    from pytest_coreml.session.options import Options
    from pytest_coreml.verdict.regression.run import Runs


class LoadFailure(NamedTuple):
    """A model that a fixture could not load: in which test, and, when an engine was to blame, what that was to hold."""

    test: str
    keys: tuple[EngineKey, ...]

    @classmethod
    def of(cls, trial: Trial | None) -> LoadFailure:
        """Make that of the present test."""
        assert trial is not None, "fixtures load within a test only"
        return cls(trial.name, tuple(trial.unloaded))


class State:
    """The options, the declarations of tests, and the session, which is made when the first test needs it."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        self.reader = Reader(options)
        self.mistakes: dict[str, list[str]] = {}
        self.declared: dict[str, Declared] = {}
        self.reach = Reach()
        # Where each test stands among all that were collected.
        self.positions: dict[str, int] = {}
        # Files with a test that limits loading: the tests of a file share loaded models.
        self._limiting: set[Path] = set()
        self._current: Declared | None = None
        self.shared_fixture = SharedFixture()
        self.progress = ProgressLine(config)
        # pytest keeps what a fixture raised, and raises it for the later tests of its scope.
        self.load_failures: dict[BaseException, LoadFailure] = {}
        self.used = False

    @cached_property
    def session(self) -> Session:
        """The session of this run."""
        from pytest_coreml.session.models import Session

        self.used = True
        return Session(self.options, self.progress.show, self.baseline, self.machine)

    @cached_property
    def baseline(self) -> Runs | None:
        """The runs to judge against; `UsageError` when the options name what is no baseline."""
        if not self.options.baseline:
            return None
        from pytest_coreml.report.document.runs import read_baseline

        return read_baseline(self.options.baseline)

    def read_baseline(self) -> None:
        """Read the baseline now; `UsageError` when it is none."""
        _ = self.baseline

    def declare(self, node: pytest.Item, fixtures: list[str]) -> Declared | None:
        """Read and check the marks of *node*; a mistake is noted for the end of collection, and gives None."""
        try:
            return self.reader.read(node, fixtures)
        except UsageError as error:
            where = node.nodeid.split("[", 1)[0]
            for text in error.texts:
                places = self.mistakes.setdefault(text, [])
                if where not in places:
                    places.append(where)
            return None

    def check(self, items: list[pytest.Item]) -> None:
        """Read the marks of all tests, and order the tests by them; one usage error is raised for all mistakes.

        A worker of pytest-xdist tells its controller, which raises it, and runs nothing.
        """
        for item in items:
            fixtures = getattr(item, "fixturenames", [])
            if (declared := self.declare(item, fixtures)) is not None:
                self.declared[item.nodeid] = declared
                self.reach.note(item.nodeid, declared)
                self._note_loading(item, declared)
        if self.mistakes:
            lines = [f"{error}\n    {_places(places)}" for error, places in self.mistakes.items()]
            text = "mistakes in the use of pytest-coreml:\n  " + "\n  ".join(lines)
            if worker_of(self.config) is None:
                raise pytest.UsageError(text)
            items.clear()
            self.config.workeroutput[MISTAKES] = text  # type: ignore[attr-defined]  # pytest-xdist's
        put_partners_first(items, self.declared)
        self.positions = {item.nodeid: position for position, item in enumerate(items)}

    def _note_loading(self, item: pytest.Item, declared: Declared) -> None:
        if declared.limits_load:
            self._limiting.add(item.path)

    def _timing(self, item: pytest.Item) -> Timing:
        """Say what is measured of the loads of *item*.

        What nobody judges in this run is written down as it is, where waiting for turns would cost workers that share
        a host all that they are for.
        """
        from pytest_coreml.engine.lease import Timing

        judged = bool(self.options.baseline) or item.path in self._limiting
        reported = self.options.report is not None
        return Timing(load=judged or (reported and not shares_host(self.config)), first=judged or reported)

    def begin(self, item: pytest.Item) -> None:
        """Begin a test that uses us."""
        declared = self.declared.get(item.nodeid)
        if declared is not None and uses_fixture(item):
            self.shared_fixture.renew(declared)
            self._current = declared
            self.session.begin(item.nodeid, item.path.parent, declared, self._timing(item))

    def end(self) -> None:
        """End the present test."""
        self._current = None
        if self.used:
            self.session.trial = None

    def declared_now(self) -> Declared:
        """Give what the present test declares; one that asks for a fixture while it runs becomes ours by that."""
        if self._current is None:
            item = self.config.stash[CURRENT]
            assert item is not None, "asked within a test only"
            fixtures = [*getattr(item, "fixturenames", []), "coreml_model"]
            self._current = self.reader.read(item, fixtures)
            self.session.begin(item.nodeid, item.path.parent, self._current, self._timing(item))
        return self._current

    def load(self, source: Any, units: ComputeUnits) -> CoreMLModel:
        """Load for a fixture: what goes wrong is the failure of the test, without a traceback through us."""
        options = LoadOptions(self.declared_now().function)
        try:
            return self.session.load(source, units, options)
        except UnfitMachineError as error:
            pytest.skip(str(error))
        except CoreMLTestError as error:
            text = str(error)
        # Outside of the handler, or pytest would show the same text twice, as an exception and its cause.
        try:
            pytest.fail(text, pytrace=False)
        except pytest.fail.Exception as failure:
            self.load_failures[failure] = LoadFailure.of(self.session.trial)
            raise

    def share(self, failure: BaseException) -> None:
        """Let the present test fail by a *failure* to load, its own or one that pytest has kept of an earlier test: an
        engine that died then did not die again."""
        noted, trial = self.load_failures[failure], self.session.trial
        if trial is None or trial.name == noted.test:
            return
        trial.unloaded += noted.keys
        if (crash := self.session.crashes.for_test(noted.test, str(failure))) is not None:
            pytest.fail(crash.message, pytrace=False)

    def machine(self) -> dict[str, Any]:
        """Facts about this machine, as the report has them."""
        from pytest_coreml.machine import conditions, identity
        from pytest_coreml.machine.document import Software, machine_json

        if not self.used:
            now = conditions()
            return machine_json(identity(), now, now, Software(self.options.runtime))
        session = self.session
        software = Software(self.options.runtime, session.facts, session.devices)
        return machine_json(identity(), session.watch.first or conditions(), session.watch.last, software)

    def close(self) -> None:
        """Close what a session opened."""
        if self.used:
            self.session.close()


def _places(places: list[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(Path(place).as_posix() for place in places[:3]) + more
