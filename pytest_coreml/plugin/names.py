"""Whether a run has anything to do with us: asked in every run in which we are installed, importing nothing of ours.

The state of a run is made when the first option, fixture, mark or model file of ours turns up, and with it come the
hooks that follow tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pytest_coreml.facts.metrics import BUDGET_METRICS

if TYPE_CHECKING:
    from pytest_coreml.plugin.pytest_run import State

STATE: Final[pytest.StashKey[State]] = pytest.StashKey()
# Under this key a worker of pytest-xdist sends what is wrong in marks.
MISTAKES: Final = "coreml_mistakes"
# Under this key the controller of pytest-xdist tells a worker whether another one works on its host.
SHARES_HOST: Final = "coreml_shares_host"
CURRENT: Final[pytest.StashKey[pytest.Item | None]] = pytest.StashKey()

MODEL_SUFFIXES: Final = (".mlmodel", ".mlpackage")
# What the fixtures that give models depend on.
SOURCE_FIXTURE: Final = "_coreml_source"
# The fixtures that give models, with the compute units that their names say.
FIXTURES: Final = {
    "coreml_model": None,
    "coreml_all": "all",
    "coreml_cpu_only": "cpuOnly",
    "coreml_cpu_and_gpu": "cpuAndGPU",
    "coreml_cpu_and_neural_engine": "cpuAndNeuralEngine",
    "coreml_load": None,
}
MARKS: Final = {
    "coreml_model": (
        "coreml_model(*sources, function=None, inputs=None, against=None): the model under test: a path (relative to "
        "the test file, then the rootdir) or a callable that returns an MLModel or a path; several sources make one "
        "test each"
    ),
    "coreml_compute_units": (
        "coreml_compute_units(*units): run the test once for each: all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine"
    ),
    "coreml_budget": (
        f"coreml_budget({', '.join(metric.name for metric in BUDGET_METRICS)}, compute_units): limits, in the unit "
        "that the name says"
    ),
    "coreml_placement": (
        "coreml_placement(forbid, min_share, by, allow, max_transitions, compute_units): rules for the planned "
        "placement"
    ),
}


def state_of(config: pytest.Config) -> State:
    """Give the state of this run, made now if nothing of ours turned up before.

    Raises `UsageError` when an option has a value that cannot be.
    """
    if STATE not in config.stash:
        from pytest_coreml.plugin.pytest_run import State
        from pytest_coreml.session.options import Options

        config.stash[STATE] = State(config, Options.from_config(config))
        from pytest_coreml.plugin import hooks

        config.pluginmanager.register(hooks, "pytest-coreml-hooks")
        if worker_of(config) is None:
            gather(config)
    return config.stash[STATE]


def gather(config: pytest.Config) -> None:
    """Keep from now on what comes with the reports of tests."""
    from pytest_coreml.plugin.results import NAME, Collector

    if not config.pluginmanager.has_plugin(NAME):
        config.pluginmanager.register(Collector(config), NAME)


def worker_of(config: pytest.Config) -> str | None:
    """Give the name of this worker of pytest-xdist, as `gw0`; None in a process that is none."""
    told: dict[str, str] = getattr(config, "workerinput", {})
    return told.get("workerid")


def has_workers(config: pytest.Config) -> bool:
    """Say whether this process is the controller of pytest-xdist: it collects no tests, and may meet something of ours
    only in what its workers send."""
    return worker_of(config) is None and config.getoption("dist", "no") != "no"


def shares_host(config: pytest.Config) -> bool:
    """Say whether this is one of several workers of pytest-xdist that share the tests, and a host."""
    told: dict[str, bool] = getattr(config, "workerinput", {})
    return told.get(SHARES_HOST, False)


def is_used(config: pytest.Config) -> bool:
    """Say whether something of ours has turned up in this run."""
    return STATE in config.stash


def uses_fixture(item: pytest.Item) -> bool:
    """Say whether a fixture of ours is among those of *item*."""
    return any(name.startswith(("coreml_", "_coreml_")) for name in getattr(item, "fixturenames", ()))


def is_concerned(item: pytest.Item) -> bool:
    """Say whether *item* has a fixture or a mark of ours, or one that looks like it."""
    return uses_fixture(item) or any(mark.name.startswith("coreml_") for mark in item.iter_markers())
