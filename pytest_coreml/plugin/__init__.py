"""The hooks of pytest; each only forwards.

See https://docs.pytest.org/en/stable/reference/reference.html#hooks for what each is told and may do. These are all
that a run without anything of ours pays for; when something turns up, `hooks.py` joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.plugin import fixtures, model_marker
from pytest_coreml.plugin.fixtures import (
    coreml_all,
    coreml_cpu_and_gpu,
    coreml_cpu_and_neural_engine,
    coreml_cpu_only,
    coreml_load,
    coreml_machine,
    coreml_model,
    coreml_source,
)
from pytest_coreml.plugin.names import (
    CURRENT,
    MARKS,
    MODEL_SUFFIXES,
    gather,
    has_workers,
    is_concerned,
    is_used,
    state_of,
)
from pytest_coreml.plugin.options import add_options, is_any_given

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "coreml_all",
    "coreml_cpu_and_gpu",
    "coreml_cpu_and_neural_engine",
    "coreml_cpu_only",
    "coreml_load",
    "coreml_machine",
    "coreml_model",
    "coreml_source",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; the mark too, before any conftest.py uses it."""
    add_options(parser)
    model_marker.install()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, read the options, and find out now whether the report can be written."""
    for line in MARKS.values():
        config.addinivalue_line("markers", line)
    if has_workers(config):
        gather(config)
    if is_any_given(config):
        from pytest_coreml.errors import CoreMLTestError
        from pytest_coreml.plugin import whole_run

        try:
            whole_run.prepare(config)
        except CoreMLTestError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each source and compute units."""
    fixtures.parametrize(metafunc)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A model file that was named on the command line is a test."""
    return _model_collector(file_path, parent)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A package that was named on the command line is a test."""
    return _model_collector(path, parent)


def _model_collector(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if path.suffix not in MODEL_SUFFIXES:
        return None
    from pytest_coreml.plugin import model_files

    return model_files.collector_for(path, parent)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find all mistakes in marks, and put first what others are to be faster than."""
    if is_used(config) or any(is_concerned(item) for item in items):
        state_of(config).check(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Note which test runs, for fixtures that it asks for by `request.getfixturevalue`."""
    item.config.stash[CURRENT] = item
