"""The plugin: the hooks that every run pays for.

See https://docs.pytest.org/en/stable/reference/reference.html#hooks for what each hook gets and may do. When something
of ours turns up, the hooks of `hooks.py` join these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST
from pytest_coreml.plugin import model_marker
from pytest_coreml.plugin.activate import activate, is_active, prepare_controller
from pytest_coreml.plugin.fixtures import (
    coreml_all,
    coreml_cpu_and_gpu,
    coreml_cpu_and_neural_engine,
    coreml_cpu_only,
    coreml_device_report,
    coreml_device_reports,
    coreml_load,
    coreml_machine,
    coreml_model,
    coreml_original,
    coreml_run,
    coreml_scenario,
    coreml_source,
)
from pytest_coreml.plugin.names import MARKS, has_model_fixture, is_concerned
from pytest_coreml.plugin.options import add_options, is_any_given
from pytest_coreml.plugin.running_test import note_running_test

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "coreml_all",
    "coreml_cpu_and_gpu",
    "coreml_cpu_and_neural_engine",
    "coreml_cpu_only",
    "coreml_device_report",
    "coreml_device_reports",
    "coreml_load",
    "coreml_scenario",
    "coreml_machine",
    "coreml_model",
    "coreml_original",
    "coreml_run",
    "coreml_source",
]


def __dir__() -> list[str]:
    """Return what pytest looks for in a plugin; it takes a close look at each name, for hooks and for fixtures."""
    return [name for name in globals() if name.startswith(("pytest_", "coreml_"))]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; the marker too, before any conftest.py uses it."""
    add_options(parser)
    model_marker.install()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, read the options, and find out now whether the report can be written."""
    for line in _marker_lines(config):
        config.addinivalue_line("markers", line)
    prepare_controller(config)
    if any(word.partition("::")[0].endswith(MODEL_SUFFIXES) for word in config.args):
        from pytest_coreml.plugin import model_files

        model_files.check_named(config)
    if is_any_given(config):
        from pytest_coreml.errors import CoreMLTestError

        try:
            activate(config).prepare()
        except CoreMLTestError as error:
            raise pytest.UsageError(str(error)) from None


def _marker_lines(config: pytest.Config) -> Iterable[str]:
    # Most runs need the names only, and the descriptions name every metric.
    if not config.getoption("markers", False):
        return MARKS
    from pytest_coreml.plugin.marker_help import DESCRIPTIONS

    return DESCRIPTIONS.values()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test over its sources and compute units."""
    if has_model_fixture(metafunc):
        run = activate(metafunc.config)
        from pytest_coreml.plugin.parametrization import parametrize

        parametrize(metafunc, run)


@pytest.hookimpl(specname="pytest_generate_tests", trylast=True)
def pytest_generate_tests_of_parameters(metafunc: pytest.Metafunc) -> None:
    """Parametrize parameters that name their own compute units, when pytest has made the parameters."""
    if is_active(metafunc.config) and has_model_fixture(metafunc):
        from pytest_coreml.plugin.parametrization import parametrize_units

        parametrize_units(metafunc, activate(metafunc.config))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a model file, or the manifest of a Swift package, that was named on the command line."""
    return _model_collector(file_path, parent)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a model package that was named on the command line."""
    return _model_collector(path, parent)


def _model_collector(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if path.suffix not in MODEL_SUFFIXES and path.name != SWIFT_MANIFEST:
        return None
    from pytest_coreml.plugin import model_files

    return model_files.collector_for(path, parent)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find all mistakes in markers, and put the baselines of `min_speedup` first."""
    if is_active(config) or any(is_concerned(item) for item in items):
        activate(config).declarations.check(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Note which test runs, for fixtures that it asks for by `request.getfixturevalue`."""
    note_running_test(item)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_compare_machine_info(config: pytest.Config, compared_benchmark: dict[str, Any]) -> None:
    """Keep our measurements out of a gate of pytest-benchmark, which this hook meets before its comparison."""
    if config.getoption("benchmark_compare_fail"):
        from pytest_coreml.plugin.benchmark_gate import drop_own_entries

        drop_own_entries(compared_benchmark)
