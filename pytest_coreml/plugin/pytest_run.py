"""The run of this pytest process: made when the first thing of ours turns up."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

from pytest_coreml.errors import CoreMLTestError, UnfitMachineError, UnfitVariantError, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.plugin import dropin
from pytest_coreml.plugin.benchmark_fixture import BenchmarkEntries
from pytest_coreml.plugin.declarations import Declarations
from pytest_coreml.plugin.failure_lines import fail
from pytest_coreml.plugin.names import REPORT_FIXTURE, SOURCE_FIXTURE, uses_fixture
from pytest_coreml.plugin.progress import ProgressLine
from pytest_coreml.plugin.running_test import running_test
from pytest_coreml.plugin.shared_fixture import SharedFixture
from pytest_coreml.plugin.xdist import runs_everything_everywhere, shares_host, worker_name
from pytest_coreml.session.native_clock import NativeClock
from pytest_coreml.session.sources import FunctionSource, PathFrom, Sources

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.engine.lease import EngineKey, Timing
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.plugin.run_results import Results
    from pytest_coreml.session.attempt import Attempt, LoadProblem
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.options import Options
    from pytest_coreml.session.reported_devices import ReportFiles
    from pytest_coreml.session.session import Session
    from pytest_coreml.session.timeline_collector import TimelineCollector
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.run import Runs

__tracebackhide__ = hidden_for_ours


class LoadFailure(NamedTuple):
    """A model that a fixture could not load."""

    attempt: str
    """The name of the attempt that asked for it."""
    keys: tuple[EngineKey, ...]
    """The configurations that could not be loaded."""
    problems: dict[EngineKey, LoadProblem]
    """Why, and of which variants."""


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
        # pytest keeps what a fixture raised, and raises it for the later tests of its scope.
        self._load_failures: dict[BaseException, LoadFailure] = {}
        self._load_failure: BaseException | None = None
        self._attempts: Counter[str] = Counter()
        # By source and file of the test: many tests name the same model.
        self._functions: dict[tuple[Any, Path], list[FunctionSource]] = {}
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
        self.attempt = self._load_failure = None
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

    def functions_of(self, source: Any, file: Path) -> list[FunctionSource]:
        """Return the functions of a model that has several, none for any other source.

        *file*: that of the test, in whose folder a relative path is looked up first.
        """
        if not isinstance(source, (str, os.PathLike, PathFrom)):
            return []
        key = source, file
        if key not in self._functions:
            self._functions[key] = self._read_functions(source, file.parent)
        return self._functions[key]

    def _read_functions(self, source: Any, folder: Path) -> list[FunctionSource]:
        from pytest_coreml.session.model_functions import several_functions

        path = Sources(self.options.rootdir).find(source, folder)
        return [FunctionSource(source, name) for name in several_functions(path)] if path is not None else []

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
        try:
            give_up(text)
        except (pytest.fail.Exception, pytest.skip.Exception) as failure:
            self._load_failures[failure] = LoadFailure(attempt.name, tuple(attempt.unloaded), dict(attempt.problems))
            raise

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
            models.key(source, self.options.rootdir, units, options), self._timing_of(bool(self.options.baseline))
        )

    def keep_load_failure(self, failure: BaseException) -> bool:
        """Keep a *failure* of the setup, until the body of the test is due, if a model could not be loaded.

        Returns False for any other failure. pytest calls what goes wrong in a fixture an error around the test; a model
        that cannot be loaded is a failure of the test.
        """
        self._load_failure = failure if failure in self._load_failures else None
        return self._load_failure is not None

    def raise_load_failure(self) -> None:
        """Fail the test whose setup could not load a model.

        pytest may have kept the failure of an earlier test: an engine that crashed then did not crash again.
        """
        if self._load_failure is None:
            return
        failure, attempt = self._load_failures[self._load_failure], self.attempt
        if attempt is not None and attempt.name != failure.attempt:
            self._take_over(attempt, failure)
            crashes = attempt.session.models.crashes
            if (crash := crashes.for_test(failure.attempt, str(self._load_failure))) is not None:
                fail(crash.message)
        raise self._load_failure

    def fail_in_body(self, text: str) -> NoReturn:
        """Fail the running test with *text* when its body is due: a failure of the test, no error around it."""
        try:
            fail(text)
        except pytest.fail.Exception as failure:
            self._load_failures[failure] = LoadFailure(self.running_attempt().name, (), {})
            raise

    def note_skip(self, skip: BaseException) -> None:
        """Let a test be recorded that is skipped as an earlier one was, since its model cannot have the variant."""
        failure = self._load_failures.get(skip)
        if failure is not None and self.attempt is not None and self.attempt.name != failure.attempt:
            self._take_over(self.attempt, failure)

    @staticmethod
    def _take_over(attempt: Attempt, failure: LoadFailure) -> None:
        attempt.unloaded += failure.keys
        attempt.problems.update(failure.problems)

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
            self._timing(item),
            device=_parameter(item, REPORT_FIXTURE),
            source=_parameter(item, SOURCE_FIXTURE),
        )
        return self.attempt

    def _timing(self, item: pytest.Item) -> Timing:
        """Return what is measured of the loads of *item*.

        A load time that is only written down does not wait for other workers on the host: that would take away the
        time that workers are there to save.
        """
        judged = bool(self.options.baseline) or self.declarations.limits_load_in(item.path)
        return self._timing_of(judged, self._times_first_load(item))

    def _timing_of(self, judged: bool, first_load: bool = False) -> Timing:
        """Return what is measured of a load; *judged*: its time may be judged, and is not only written down."""
        from pytest_coreml.engine.lease import Timing

        reported = self.options.is_reported
        return Timing(
            load=judged or (reported and not shares_host(self.config)), first=judged or reported, first_load=first_load
        )

    def _times_first_load(self, item: pytest.Item) -> bool:
        """Return True if a budget, the baseline or an option asks for times of compiling, or of first loads.

        As for other times, it is enough if they ask for those of another test of the file, which shares its models.
        """
        if self.options.cache == "off" or self.declarations.limits_first_load_in(item.path):
            return True
        baseline = self.read_baseline()
        return baseline is not None and item.nodeid.split("::", 1)[0] in baseline.files_with_first_loads

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
