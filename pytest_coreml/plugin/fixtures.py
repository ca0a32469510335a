"""The fixtures that give tests their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from pytest_coreml.plugin.names import FIXTURES, SOURCE_FIXTURE, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.model import CoreMLModel

T = TypeVar("T")


@pytest.fixture(scope="module", name=SOURCE_FIXTURE)
def coreml_source(request: pytest.FixtureRequest) -> Any:
    """The source of the present test: the one of several that this instance of the test is for, or the only one."""
    if hasattr(request, "param"):
        return request.param
    return _the_only(state_of(request.config).declared_now().sources, "sources")


@pytest.fixture(scope="module")
def coreml_model(request: pytest.FixtureRequest, _coreml_source: Any) -> CoreMLModel:
    """The model of this test, loaded for this instance's compute units."""
    state = state_of(request.config)
    if hasattr(request, "param"):
        return state.load(_coreml_source, request.param)
    return state.load(_coreml_source, _the_only(state.declared_now().compute_units, "compute units"))


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
    def fixture(request: pytest.FixtureRequest, _coreml_source: Any) -> CoreMLModel:
        return state_of(request.config).load(_coreml_source, units)

    fixture.__doc__ = f"The model of this test, loaded for {units}."
    return fixture


coreml_all = _unit_fixture("coreml_all")
coreml_cpu_only = _unit_fixture("coreml_cpu_only")
coreml_cpu_and_gpu = _unit_fixture("coreml_cpu_and_gpu")
coreml_cpu_and_neural_engine = _unit_fixture("coreml_cpu_and_neural_engine")


@pytest.fixture(scope="session")
def coreml_load(request: pytest.FixtureRequest) -> Callable[..., CoreMLModel]:
    """A factory: `coreml_load(source, compute_units=None, function=None)` returns a loaded model.

    The default compute units are `all`, on a virtual Mac `cpuOnly`; there other compute units skip the test.
    *optimization_hints*: a dict in coremltools' form (`{"specializationStrategy": "FastPrediction"}`).
    *from_memory*: load from the bytes of the model, like an app that keeps it encrypted.
    """
    from pytest_coreml.errors import UnfitMachineError, hidden_for_ours
    from pytest_coreml.facts.compute_units import parse_compute_units
    from pytest_coreml.facts.load_options import LoadOptions, parse_hints
    from pytest_coreml.session.options import default_units

    state = state_of(request.config)

    def load(
        source: Any,
        compute_units: object = None,
        function: str | None = None,
        *,
        optimization_hints: Mapping[str, object] | None = None,
        from_memory: bool = False,
    ) -> CoreMLModel:
        __tracebackhide__ = hidden_for_ours
        units = default_units(state.options.runtime) if compute_units is None else parse_compute_units(compute_units)
        options = LoadOptions(function, parse_hints(optimization_hints), from_memory)
        try:
            return state.session.load(source, units, options)
        except UnfitMachineError as error:
            pytest.skip(str(error))

    return load


@pytest.fixture(scope="session")
def coreml_machine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Facts about the machine, its devices and the runtime, as the report has them."""
    return state_of(request.config).machine()


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Make one instance of a test for each source and compute units that its marks name."""
    names = metafunc.fixturenames
    if not any(name in names for name in FIXTURES if name != "coreml_load"):
        return
    declared = state_of(metafunc.config).declare(metafunc.definition, names)
    if declared is None:
        return
    if len(declared.sources) > 1:
        from pytest_coreml.session.sources import label

        ids = [label(source) for source in declared.sources]
        metafunc.parametrize(SOURCE_FIXTURE, declared.sources, ids=ids, indirect=True, scope="module")
    if "coreml_model" in names:
        units = declared.compute_units
        metafunc.parametrize("coreml_model", units, ids=units, indirect=True, scope="module")
