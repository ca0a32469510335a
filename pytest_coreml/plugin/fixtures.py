"""The fixtures that give tests their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from pytest_coreml.plugin.activate import activate
from pytest_coreml.plugin.names import FIXTURES, REPORT_FIXTURE, RUN_FIXTURE, SOURCE_FIXTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.reported_devices import DeviceReports, ReportOfTest

T = TypeVar("T")


@pytest.fixture(scope="session", name=RUN_FIXTURE)
def coreml_run(request: pytest.FixtureRequest) -> PytestRun:
    """Activate the plugin, and return its run: a fixture of ours may be the first thing of ours in a run."""
    return activate(request.config)


@pytest.fixture(scope="module", name=SOURCE_FIXTURE)
def coreml_source(request: pytest.FixtureRequest) -> Any:
    """Return the source that this test is parametrized with, or the only one."""
    if hasattr(request, "param"):
        return request.param
    from pytest_coreml.session.sources import sources_with_variants

    declaration = activate(request.config).running_attempt().declaration
    return _the_only(sources_with_variants(declaration), "variants" if declaration.variants else "sources")


@pytest.fixture(scope="module")
def coreml_model(request: pytest.FixtureRequest, _coreml_source: Any) -> CoreMLModel:
    """Return the model of this test, loaded for the compute units that it is parametrized with."""
    run = activate(request.config)
    if hasattr(request, "param"):
        return run.load(_coreml_source, request.param)
    units = _the_only(run.running_attempt().declaration.compute_units, "compute units")
    return run.load(_coreml_source, units)


def _the_only(values: Sequence[T], word: str) -> T:
    if len(values) > 1:
        pytest.fail(
            f"several {word} need one test each, which a unittest.TestCase and request.getfixturevalue cannot have: "
            "write a test function or a plain class, with the fixture among its arguments",
            pytrace=False,
        )
    return values[0]


def _unit_fixture(name: str) -> Callable[..., CoreMLModel]:
    units = cast("ComputeUnits", FIXTURES[name])

    def load(_coreml_run: PytestRun, _coreml_source: Any) -> CoreMLModel:
        return _coreml_run.load(_coreml_source, units)

    # `pytest --fixtures` reads the docstring of the function, not that of the fixture made of it.
    load.__doc__ = f"Return the model of this test, loaded for {units}."
    return pytest.fixture(scope="module", name=name)(load)


coreml_all = _unit_fixture("coreml_all")
coreml_cpu_only = _unit_fixture("coreml_cpu_only")
coreml_cpu_and_gpu = _unit_fixture("coreml_cpu_and_gpu")
coreml_cpu_and_neural_engine = _unit_fixture("coreml_cpu_and_neural_engine")


@pytest.fixture(scope="module")
def coreml_original(_coreml_run: PytestRun, _coreml_source: Any, coreml_model: CoreMLModel) -> CoreMLModel:
    """Return the original of the variant under test, loaded for the same compute units; it is not judged."""
    return _coreml_run.load_original(_coreml_source, coreml_model)


@pytest.fixture(scope="session")
def coreml_load(_coreml_run: PytestRun) -> Callable[..., CoreMLModel]:
    """Return a function: `coreml_load(source, compute_units=None, function=None)` loads and returns a model.

    The default compute units are `all`; on a virtual Mac they are `cpuOnly`, and others skip the test. Keyword
    arguments: *optimization_hints*, a dict as in coremltools (`{"specializationStrategy": "FastPrediction"}`);
    *from_memory*, to load from the bytes of the model, like an app that keeps it encrypted.
    """
    from pytest_coreml.errors import UnfitMachineError, hidden_for_ours
    from pytest_coreml.facts.compute_units import parse_compute_units
    from pytest_coreml.facts.load_options import LoadOptions, parse_hints
    from pytest_coreml.session.options import default_units

    def load(
        source: Any,
        compute_units: object = None,
        function: str | None = None,
        *,
        optimization_hints: Mapping[str, object] | None = None,
        from_memory: bool = False,
    ) -> CoreMLModel:
        __tracebackhide__ = hidden_for_ours
        units = (
            default_units(_coreml_run.options.runtime) if compute_units is None else parse_compute_units(compute_units)
        )
        options = LoadOptions(function, parse_hints(optimization_hints), from_memory)
        try:
            return _coreml_run.load_any(source, units, options)
        except UnfitMachineError as error:
            pytest.skip(str(error))

    return load


@pytest.fixture(scope="session")
def coreml_scenario(_coreml_run: PytestRun) -> Callable[..., Scenario]:
    """Return a function: `coreml_scenario(call, name="chunk", calls=50)` measures *call*, which predicts.

    *call* may predict with any number of models and states. The result has the native time of all its predictions
    together, the share of each model, and the time between predictions. The default of *calls* is `--coreml-calls`.
    """
    from pytest_coreml.errors import InputError, hidden_for_ours
    from pytest_coreml.session.positive_arguments import positive

    def scenario(call: Callable[[], Any], *, name: str, calls: int | None = None) -> Scenario:
        __tracebackhide__ = hidden_for_ours
        if not callable(call):
            raise InputError(f"coreml_scenario: expected a callable that predicts, got {call!r:.80}")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"coreml_scenario: name: expected a name, got {name!r}")
        number = None if calls is None else positive("coreml_scenario(calls=...)", calls)
        return _coreml_run.running_attempt().measure_scenario(name, call, number)

    return scenario


@pytest.fixture(scope="session")
def coreml_machine(_coreml_run: PytestRun) -> dict[str, Any]:
    """Return facts about the machine, its devices and the runtime, as in the report."""
    return _coreml_run.machine()


@pytest.fixture(scope="module", name=REPORT_FIXTURE)
def coreml_device_report(request: pytest.FixtureRequest, _coreml_run: PytestRun) -> ReportOfTest:
    """Return the device report that this test is judged by; a report that cannot be read is the failure of the test."""
    if not hasattr(request, "param"):
        pytest.fail(
            "device reports make one test each: mark the test with coreml_device_report, and put coreml_device_reports "
            "among the arguments of a test function or of a method of a plain class",
            pytrace=False,
        )
    report: ReportOfTest = request.param
    if report.problem is not None:
        _coreml_run.fail_in_body(report.problem)
    return report


@pytest.fixture(scope="module")
def coreml_device_reports(_coreml_device_report: ReportOfTest) -> DeviceReports:
    """Return all device reports of the test's model; `judged` is the report that judges this test."""
    from pytest_coreml.session.reported_devices import make_reports

    return make_reports(_coreml_device_report)
