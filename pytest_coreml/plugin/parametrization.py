"""Parametrize tests over the sources and compute units that their markers name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.markers import read_compute_units, source_parameters
from pytest_coreml.plugin.names import SOURCE_FIXTURE
from pytest_coreml.session.sources import label, sources_with_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.declaration import Declaration

# A source, or a `pytest.param` of it, and its id.
_Named = tuple[Any, str]


def parametrize(metafunc: pytest.Metafunc, run: PytestRun) -> None:
    """Parametrize a test over the sources and compute units that its markers name."""
    markers = list(metafunc.definition.iter_markers())
    of_parameters = _markers_of_parameters(markers)
    declaration = run.declarations.read(metafunc.definition, metafunc.fixturenames, incomplete=bool(of_parameters))
    if declaration is None:
        return
    given = next((source_parameters(mark) for mark in markers if mark.name == "coreml_model"), [])
    if not _is_single(declaration, given, run, metafunc.definition.path):
        _parametrize_sources(metafunc, run, declaration, given)
    if "coreml_model" in metafunc.fixturenames and "coreml_compute_units" not in of_parameters:
        units = declaration.compute_units
        metafunc.parametrize("coreml_model", units, ids=units, indirect=True, scope="module")


def _is_single(declaration: Declaration, given: list[Any], run: PytestRun, file: Path) -> bool:
    """Return True if the test has one source at most, and nothing that its id would have to name."""
    if len(declaration.sources) > 1 or declaration.variants or declaration.device_reports:
        return False
    if any(hasattr(each, "marks") for each in given):
        return False
    return declaration.function is not None or not any(run.functions.get(each, file) for each in declaration.sources)


def _parametrize_sources(metafunc: pytest.Metafunc, run: PytestRun, declaration: Declaration, given: list[Any]) -> None:
    named = _with_marks(_named_sources(declaration), given)
    if not declaration.variants and declaration.function is None:
        named = _with_functions(named, run, metafunc.definition.path)
    if declaration.device_reports:
        from pytest_coreml.plugin.device_report_parameters import parametrize_reports

        parametrize_reports(metafunc, run, declaration, [(name, source) for source, name in named])
        return
    sources, ids = zip(*named, strict=True)
    metafunc.parametrize(SOURCE_FIXTURE, sources, ids=ids, indirect=True, scope="module")


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


def _named_sources(declaration: Declaration) -> list[_Named]:
    """Return the sources of a test, each beside its variants, and their ids."""
    named_by_variant = declaration.variants and len(declaration.sources) == 1
    sources = sources_with_variants(declaration)
    return [(source, source.name if named_by_variant else label(source)) for source in sources]


def _with_marks(named: list[_Named], given: list[Any]) -> list[_Named]:
    """Return *named* with the marks and ids of the `pytest.param` that each, or its original, is given in."""
    each = len(named) // max(1, len(given))
    values: list[_Named] = []
    for index, (source, name) in enumerate(named):
        param: Any = given[index // each] if given else None
        if not hasattr(param, "marks"):
            values.append((source, name))
            continue
        variant = getattr(source, "name", None) if each > 1 else None
        own = f"{param.id}-{variant}" if param.id is not None and variant else param.id
        value = pytest.param(source, marks=param.marks, id=own if own is not None else name)
        values.append((value, name))
    return values


def _with_functions(named: list[_Named], run: PytestRun, file: Path) -> list[_Named]:
    """Return each function of a source that has several in the place of the source."""
    expanded: list[_Named] = []
    for source, name in named:
        param: Any = source if hasattr(source, "marks") else None
        functions = run.functions.get(param.values[0] if param is not None else source, file)
        if not functions:
            expanded.append((source, name))
            continue
        outer = param.id if param is not None else name
        for each in functions:
            word = each.function if len(named) == 1 and param is None else f"{outer}-{each.function}"
            value = each if param is None else pytest.param(each, marks=param.marks, id=word)
            expanded.append((value, word))
    return expanded


def _markers_of_parameters(markers: Iterable[pytest.Mark]) -> set[str]:
    """Return the names of our markers that parameters of the test have, as `pytest.param(..., marks=...)`."""
    names: set[str] = set()
    for marker in markers:
        if marker.name in _PARAMETERS:
            values = _PARAMETERS[marker.name](marker)
            names.update(mark.name for value in values for mark in getattr(value, "marks", ()))
    return {name for name in names if name.startswith("coreml_")}


def _parameters_of_model(mark: pytest.Mark) -> Sequence[object]:
    return [each for argument in mark.args for each in (argument if type(argument) is list else [argument])]


def _parameters(mark: pytest.Mark) -> Sequence[object]:
    values = mark.kwargs.get("argvalues", mark.args[1] if len(mark.args) > 1 else ())
    # An iterator can be read only once, by pytest.
    return values if isinstance(values, (list, tuple)) else ()


_PARAMETERS = {"parametrize": _parameters, "coreml_model": _parameters_of_model}
