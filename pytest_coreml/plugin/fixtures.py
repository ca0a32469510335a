"""The fixtures that give tests their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from pytest_coreml.plugin.activate import activate
from pytest_coreml.plugin.names import FIXTURES, REPORT_FIXTURE, RUN_FIXTURE, SOURCE_FIXTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.scenario import Scenario
    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.declaration import Declaration
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
    declaration = activate(request.config).running_attempt().declaration
    return _the_only(_sources(declaration)[0], "variants" if declaration.variants else "sources")


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
            f"several {word} make one test each, which neither a unittest.TestCase nor request.getfixturevalue can "
            "have: write a test function or a plain class, with the fixture among its arguments",
            pytrace=False,
        )
    return values[0]


def _unit_fixture(name: str) -> Callable[..., CoreMLModel]:
    units = cast("ComputeUnits", FIXTURES[name])

    @pytest.fixture(scope="module", name=name)
    def fixture(_coreml_run: PytestRun, _coreml_source: Any) -> CoreMLModel:
        return _coreml_run.load(_coreml_source, units)

    fixture.__doc__ = f"Return the model of this test, loaded for {units}."
    return fixture


coreml_all = _unit_fixture("coreml_all")
coreml_cpu_only = _unit_fixture("coreml_cpu_only")
coreml_cpu_and_gpu = _unit_fixture("coreml_cpu_and_gpu")
coreml_cpu_and_neural_engine = _unit_fixture("coreml_cpu_and_neural_engine")


@pytest.fixture(scope="module")
def coreml_original(_coreml_run: PytestRun, _coreml_source: Any, coreml_model: CoreMLModel) -> CoreMLModel:
    """Return the original of the variant under test, loaded for the same compute units; no limit is judged by it."""
    return _coreml_run.load_original(_coreml_source, coreml_model)


@pytest.fixture(scope="session")
def coreml_load(_coreml_run: PytestRun) -> Callable[..., CoreMLModel]:
    """Return a factory: `coreml_load(source, compute_units=None, function=None)` returns a loaded model.

    The default compute units are `all`; on a virtual Mac `cpuOnly`, where others skip the test. Keyword arguments:
    *optimization_hints*, a dict as coremltools takes it (`{"specializationStrategy": "FastPrediction"}`);
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
    from pytest_coreml.session.model import positive

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
    """Return facts about the machine, its devices and the runtime, as a report has them."""
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
    """Return all device reports of the test's model; `judged` is the one that this test is judged by."""
    from pytest_coreml.session.reported_devices import make_reports

    return make_reports(_coreml_device_report)


def has_model_fixture(metafunc: pytest.Metafunc) -> bool:
    """Return True if a fixture gives the test a model that its markers name."""
    return any(name in metafunc.fixturenames for name in FIXTURES if name != "coreml_load")


def parametrize(metafunc: pytest.Metafunc, run: PytestRun) -> None:
    """Parametrize a test over the sources and compute units that its markers name."""
    names = metafunc.fixturenames
    of_parameters = _markers_of_parameters(metafunc.definition)
    declaration = run.declarations.read(metafunc.definition, names, incomplete=bool(of_parameters))
    if declaration is None:
        return
    given = _given_sources(metafunc.definition)
    sources, ids = _sources(declaration)
    sources = _with_marks(sources, ids, given)
    if not declaration.variants and declaration.function is None:
        sources, ids = _with_functions(sources, ids, run, metafunc.definition.path.parent)
    if declaration.device_reports:
        from pytest_coreml.plugin.device_report_parameters import parametrize_reports

        parametrize_reports(metafunc, run, declaration, list(zip(ids, sources, strict=True)))
    elif len(sources) > 1 or declaration.variants or any(hasattr(each, "marks") for each in given):
        metafunc.parametrize(SOURCE_FIXTURE, sources, ids=ids, indirect=True, scope="module")
    if "coreml_model" in names and "coreml_compute_units" not in of_parameters:
        units = declaration.compute_units
        metafunc.parametrize("coreml_model", units, ids=units, indirect=True, scope="module")


def parametrize_units(metafunc: pytest.Metafunc, run: PytestRun) -> None:
    """Parametrize each parameter of a test over the compute units that its own markers name, else those of the test.

    By then pytest has made the parameters; it has no hook for parameters of parameters, and without the list of its
    calls the test runs anyway, with less in its id.
    """
    calls = getattr(metafunc, "_calls", None)
    if "coreml_model" not in metafunc.fixturenames or not calls:
        return
    if not any(mark.name == "coreml_compute_units" for call in calls for mark in call.marks):
        return
    from pytest_coreml.errors import UsageError
    from pytest_coreml.plugin.markers import read_compute_units

    declaration = run.declarations.read(metafunc.definition, metafunc.fixturenames, incomplete=True)
    if declaration is None:
        return
    done: list[Any] = []
    for call in calls:
        marks = [mark for mark in call.marks if mark.name == "coreml_compute_units"]
        try:
            units = read_compute_units(marks[0]) if marks else declaration.compute_units
        except UsageError:  # which is noted when the tests are checked
            done.append(call)
            continue
        vars(metafunc)["_calls"] = [call]
        metafunc.parametrize("coreml_model", units, ids=units, indirect=True, scope="module")
        done += vars(metafunc)["_calls"]
    vars(metafunc)["_calls"] = done


def _given_sources(definition: pytest.Function) -> list[Any]:
    """Return the sources of the nearest `coreml_model` marker as they are given; none if there is no marker."""
    from pytest_coreml.plugin.markers import source_parameters

    mark = definition.get_closest_marker("coreml_model")
    return source_parameters(mark) if mark is not None else []


def _with_marks(sources: Sequence[Any], ids: list[str], given: list[Any]) -> Sequence[Any]:
    """Return *sources* with the marks and ids of the `pytest.param` that each, or its original, is given in."""
    each = len(sources) // max(1, len(given))
    values = []
    for index, (source, name) in enumerate(zip(sources, ids, strict=True)):
        param: Any = given[index // each] if given else None
        if not hasattr(param, "marks"):
            values.append(source)
            continue
        variant = getattr(source, "name", None) if each > 1 else None
        own = f"{param.id}-{variant}" if param.id is not None and variant else param.id
        values.append(pytest.param(source, marks=param.marks, id=own if own is not None else name))
    return values


def _sources(declaration: Declaration) -> tuple[Sequence[Any], list[str]]:
    """Return the sources of a test, each beside its variants, and their ids."""
    from pytest_coreml.session.sources import label, with_variants

    if not declaration.variants:
        return declaration.sources, [label(source) for source in declaration.sources]
    sources = [variant for source in declaration.sources for variant in with_variants(source, declaration.variants)]
    return sources, [source.name if len(declaration.sources) == 1 else label(source) for source in sources]


def _with_functions(
    sources: Sequence[Any], ids: list[str], run: PytestRun, folder: Path
) -> tuple[Sequence[Any], list[str]]:
    """Return each function of a source that has several in the place of the source, and the ids."""
    expanded: list[tuple[Any, str]] = []
    for source, name in zip(sources, ids, strict=True):
        param: Any = source if hasattr(source, "marks") else None
        plain = param.values[0] if param is not None else source
        functions = run.functions_of(plain, folder)
        if not functions:
            expanded.append((source, name))
            continue
        outer = param.id if param is not None else name
        for each in functions:
            word = each.function if len(sources) == 1 and param is None else f"{outer}-{each.function}"
            value = each if param is None else pytest.param(each, marks=param.marks, id=word)
            expanded.append((value, word))
    return [value for value, _ in expanded], [word for _, word in expanded]


def _markers_of_parameters(definition: pytest.Function) -> set[str]:
    """Return the names of our markers that parameters of the test have, as `pytest.param(..., marks=...)`."""
    values = [value for mark in definition.iter_markers("parametrize") for value in _parameters(mark)]
    values += [value for mark in definition.iter_markers("coreml_model") for value in _parameters_of_model(mark)]
    names = {mark.name for value in values for mark in getattr(value, "marks", ())}
    return {name for name in names if name.startswith("coreml_")}


def _parameters_of_model(mark: pytest.Mark) -> Sequence[object]:
    return [each for argument in mark.args for each in (argument if type(argument) is list else [argument])]


def _parameters(mark: pytest.Mark) -> Sequence[object]:
    values = mark.kwargs.get("argvalues", mark.args[1] if len(mark.args) > 1 else ())
    # An iterator can be read only once, by pytest.
    return values if isinstance(values, (list, tuple)) else ()
