"""Make one test for each device report of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.plugin.names import REPORT_FIXTURE, SOURCE_FIXTURE
from pytest_coreml.session.reported_devices import WantedReports
from pytest_coreml.session.sources import FunctionSource, file_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.declaration import Declaration


def parametrize_reports(
    metafunc: pytest.Metafunc, run: PytestRun, declaration: Declaration, sources: Sequence[tuple[str, Any]]
) -> None:
    """Parametrize a test over its *sources*, each with its id, and the device reports of each."""
    # Budgets are judged by reports, whether or not the test asks for them.
    for name in (REPORT_FIXTURE, SOURCE_FIXTURE):
        if name not in metafunc.fixturenames:
            metafunc.fixturenames.append(name)
    folder = metafunc.definition.path.parent
    units = declaration.device_units or ()
    parameters = []
    names_source = len(sources) > 1 or hasattr(sources[0][1], "marks")
    for name, each in sources:
        source = each.values[0] if hasattr(each, "marks") else each
        function = source.function if isinstance(source, FunctionSource) else declaration.function
        stated = Stated(file_name(source), units[0] if len(units) == 1 else None)
        # What a callable builds has no name that a report could have.
        model = None if callable(source) and len(sources) == 1 else file_name(source)
        names_units = "coreml_model" not in metafunc.fixturenames
        wanted = WantedReports(declaration.device_reports, model, function, stated, names_units)
        for found in run.report_files().for_test(wanted, folder):
            word = f"{getattr(each, 'id', None) or name}-{found.word}" if names_source else found.word
            parameters.append(pytest.param(source, found, marks=getattr(each, "marks", ()), id=word))
    metafunc.parametrize((SOURCE_FIXTURE, REPORT_FIXTURE), parameters, indirect=True, scope="module")
