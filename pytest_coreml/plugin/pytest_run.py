"""The run of this pytest process: made when the first thing of ours turns up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_coreml.errors import CoreMLTestError, UnfitMachineError, UnfitVariantError, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.plugin import dropin
from pytest_coreml.plugin.benchmark_fixture import BenchmarkEntries
from pytest_coreml.plugin.declarations import Declarations
from pytest_coreml.plugin.failure_lines import fail
from pytest_coreml.plugin.load_failures import LoadFailure, LoadFailures
from pytest_coreml.plugin.load_timing import LoadTiming
from pytest_coreml.plugin.names import REPORT_FIXTURE, SOURCE_FIXTURE, uses_fixture
from pytest_coreml.plugin.progress import ProgressLine
from pytest_coreml.plugin.running_test import running_test
from pytest_coreml.plugin.shared_fixture import SharedFixture
from pytest_coreml.plugin.source_functions import SourceFunctions
from pytest_coreml.plugin.xdist import runs_everything_everywhere, worker_name
from pytest_coreml.session.native_clock import NativeClock
from pytest_coreml.session.sources import FunctionSource

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.plugin.run_results import Results
    from pytest_coreml.session.attempt import Attempt
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.options import Options
    from pytest_coreml.session.reported_devices import ReportFiles
    from pytest_coreml.session.session import Session
    from pytest_coreml.session.timeline_collector import TimelineCollector
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.run import Runs

__tracebackhide__ = hidden_for_ours


class PytestRun:
    """Options, declarations of tests, the session, the attempt at the running test, and the results.

    A worker of pytest-xdist has no results.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        self.declarations = Declarations(config, options)
        self.progress = ProgressLine(config)
        self.shared_fixture = SharedFixture()
        self.load_failures = LoadFailures()
        self.functions = SourceFunctions(options.rootdir)
        self.timing = LoadTiming(config, options, self.declarations, self.read_baseline)
        self.clock = NativeClock()
        self.benchmark = BenchmarkEntries(self.clock)
        self.results = _make_results(config)
        self.timeline = _make_timeline(options)
        self.session: Session | None = None
        self.attempt: Attempt | None = None
        self.unreported: list[Record] = []
        """Records of attempts at the running test that no report was made of."""
        self.unlogged: Any = None
        """The last report with records, until pytest sees it; None if it has."""
        # True while the body of a test runs: what is reported then is about its subtests.
        self.in_body = False
        # True once a subtest of the running test has failed.
        self.subtest_failed = False
        self._attempts: Counter[str] = Counter()
        self._baseline: Runs | None = None
        self._report_files: ReportFiles | None = None

    def prepare(self) -> None:
        """Do what the options ask for before any test.

        Raises `UsageError` or `ReportError` when the drop-in, the baseline or the path of the report cannot be used.
        """
        from pytest_coreml.plugin.options import return_test_paths

        dropin.install(self.options)
        return_test_paths(self.config)
        if self.results is None:
            return
        # A baseline that cannot be used is to be known before tests run for minutes.
        self.read_baseline()
        self._check_writable()

    def _check_writable(self) -> None:
        """Raise `ReportError` for an output that cannot be written."""
        options = self.options
        if not options.is_reported and options.trace is None:
            return
        from pytest_coreml.report.document.write import PAGE, REPORT, TRACE, check_outputs

        check_outputs({REPORT: options.report, TRACE: options.trace, PAGE: options.html})

    def read_baseline(self) -> Runs | None:
        """Return the runs to compare with, None without a baseline; raise `UsageError` when they cannot be read."""
        if self._baseline is None and self.options.baseline:
            from pytest_coreml.report.document.runs import read_baseline

            self._baseline = read_baseline(self.options.baseline)
        return self._baseline

    def report_files(self) -> ReportFiles:
        """Return the reader of device reports, made when the first test names some."""
        if self._report_files is None:
            from pytest_coreml.session.reported_devices import ReportFiles

            self._report_files = ReportFiles(self.options.rootdir)
        return self._report_files

    def open_session(self) -> Session:
        """Return the session, made when the first test needs it."""
        if self.session is None:
            from pytest_coreml.session.model import Listeners
            from pytest_coreml.session.session import Session

            listeners = Listeners(
                self.progress.show,
                self._note_use,
                self.clock.record,
                self._name_of_attempt,
                self.progress.announce,
                self.timeline.add if self.timeline is not None else None,
            )
            self.session = Session(self.options, listeners, self.read_baseline(), self.machine)
        return self.session

    def begin_attempt(self, item: pytest.Item) -> None:
        """Begin an attempt at the test *item*, if it has a fixture of ours."""
        self.attempt = None
        self.load_failures.begin()
        self.subtest_failed = False
        declaration = self.declarations.get(item)
        if declaration is not None and uses_fixture(item):
            self.shared_fixture.renew(declaration)
            self._begin(item, declaration)

    def running_attempt(self) -> Attempt:
        """Return the attempt at the running test; one that asks for a fixture while it runs begins by that."""
        if self.attempt is None:
            item = running_test(self.config)
            fixtures = [*getattr(item, "fixturenames", []), "coreml_model"]
            return self._begin(item, self.declarations.reader.read(item, fixtures))
        return self.attempt

    def load(self, source: Any, units: ComputeUnits) -> CoreMLModel:
        """Return the model of *source* for a fixture; a problem is the failure of the test, without a traceback."""
        attempt = self.running_attempt()
        try:
            function = source.function if isinstance(source, FunctionSource) else attempt.declaration.function
            model = attempt.load(source, units, LoadOptions(function))
        except UnfitMachineError as error:
            pytest.skip(str(error))
        except CoreMLTestError as error:
            text, give_up = str(error), pytest.skip if isinstance(error, UnfitVariantError) else fail
        else:
            model.is_of_fixture = True
            return model
        # Outside of the handler, or pytest would show the same text twice, as an exception and its cause.
        unloaded = LoadFailure(attempt.name, tuple(attempt.unloaded), dict(attempt.problems))
        return self.load_failures.give_up(text, unloaded, give_up)

    def renew_fixture_models(self, item: pytest.Item) -> None:
        """Let the models that fixtures gave to *item* be those that are on disk when its body begins.

        A fixture is set up before others of a narrower scope, which may save the model again, and for several tests.
        """
        try:
            for value in getattr(item, "funcargs", {}).values():
                if self.attempt is not None and getattr(value, "is_of_fixture", False):
                    self.attempt.renew(value)
        except CoreMLTestError as error:
            text = str(error)
        else:
            return
        fail(text)

    def load_original(self, source: Any, model: CoreMLModel) -> CoreMLModel:
        """Return the original of *source*, of which *model* is the variant under test; itself if it has none."""
        attempt = self.running_attempt()
        try:
            return attempt.load_original(source, model)
        except CoreMLTestError as error:
            text = str(error)
        return fail(text)

    def load_any(self, source: Any, units: ComputeUnits, options: LoadOptions) -> CoreMLModel:
        """Return the model of *source* for a test that loads it in its body; raise as `Attempt.load` does."""
        if self.attempt is not None and not self.attempt.is_over:
            return self.attempt.load(source, units, options)
        models = self.open_session().models
        # A test may use the same model later, and has the times of this load.
        return models.load(
            models.key(source, self.options.rootdir, units, options), self.timing.where(bool(self.options.baseline))
        )

    def fail_in_body(self, text: str) -> NoReturn:
        """Fail the running test with *text* when its body is due: a failure of the test, no error around it."""
        self.load_failures.give_up(text, LoadFailure(self.running_attempt().name))

    def machine(self) -> dict[str, Any]:
        """Return facts about this machine, as a report has them."""
        from pytest_coreml.machine import conditions, identity
        from pytest_coreml.report.document.machines import Software, encode_machine

        session = self.session
        if session is None:
            now = conditions()
            return encode_machine(identity(), now, now, Software(self.options.runtime))
        software = Software(self.options.runtime, session.models.runtime, session.models.devices)
        watch = session.conditions
        return encode_machine(identity(), watch.first or conditions(), watch.last, software)

    def complete_timeline(self, attempt: Attempt) -> None:
        """Add the times of operations of the models that *attempt* has used, if there is a timeline."""
        if self.timeline is None:
            return
        for model in attempt.models:
            self.timeline.complete(model, attempt.session.models.make_unrecorded_engine)

    def close(self) -> None:
        """Close all engines."""
        if self.timeline is not None:
            self.timeline.close()
        if self.session is not None:
            self.session.close()

    def _begin(self, item: pytest.Item, declaration: Declaration) -> Attempt:
        from pytest_coreml.session.attempt import Attempt

        self._attempts[item.nodeid] += 1
        self.attempt = Attempt(
            item.nodeid,
            item.path.parent,
            declaration,
            self.open_session(),
            self._attempts[item.nodeid],
            self.timing.for_test(item),
            device=_parameter(item, REPORT_FIXTURE),
            source=_parameter(item, SOURCE_FIXTURE),
        )
        return self.attempt

    def _note_use(self, model: CoreMLModel) -> None:
        if self.attempt is None:
            return
        if model.is_of_fixture and model not in self.attempt.models:
            self.attempt.renew(model)
        self.attempt.use(model)

    def _name_of_attempt(self) -> str | None:
        return self.attempt.name if self.attempt is not None and not self.attempt.is_over else None


def _parameter(item: pytest.Item, name: str) -> Any:
    return getattr(getattr(item, "callspec", None), "params", {}).get(name)


def _make_timeline(options: Options) -> TimelineCollector | None:
    if options.trace is None:
        return None
    from pytest_coreml.session.timeline_collector import TimelineCollector

    return TimelineCollector()


def _make_results(config: pytest.Config) -> Results | None:
    if worker_name(config) is not None:
        return None
    from pytest_coreml.plugin.run_results import Results

    return Results(runs_everything_everywhere(config))
