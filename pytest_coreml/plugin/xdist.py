"""pytest-xdist: what workers and their controller tell each other.

The controller collects no tests, and workers write no report: https://pytest-xdist.readthedocs.io/en/stable/how-it-works.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# The key under which a worker sends the mistakes in markers.
_MISTAKES: Final = "coreml_mistakes"
# The key under which a worker tells that something of ours turned up in it.
_ACTIVE: Final = "coreml_active"
# The key under which the controller tells a worker whether another one works on the same host.
_SHARES_HOST: Final = "coreml_shares_host"


def worker_name(config: pytest.Config) -> str | None:
    """Return the name of this worker, as `gw0`; None in a process that is not a worker."""
    sent: dict[str, str] = getattr(config, "workerinput", {})
    return sent.get("workerid")


def is_controller(config: pytest.Config) -> bool:
    """Return True in a process whose tests are run by workers."""
    return worker_name(config) is None and config.getoption("dist", "no") != "no"


def runs_everything_everywhere(config: pytest.Config) -> bool:
    """Return True with `--dist=each`, where every worker is a machine on its own."""
    return bool(config.getoption("dist", "no") == "each")


def shares_host(config: pytest.Config) -> bool:
    """Return True in one of several workers that share the tests, and a host."""
    sent: dict[str, bool] = getattr(config, "workerinput", {})
    return sent.get(_SHARES_HOST, False)


def send_mistakes(config: pytest.Config, text: str) -> None:
    """Send the mistakes that a worker has found to its controller, which raises them."""
    config.workeroutput[_MISTAKES] = text  # type: ignore[attr-defined]  # of a worker


def note_active(config: pytest.Config) -> None:
    """Note for the controller that something of ours turned up, if this is a worker."""
    if worker_name(config) is not None:
        config.workeroutput[_ACTIVE] = True  # type: ignore[attr-defined]  # of a worker


class Controller:
    """Hooks of the controller; *activate* is called when something of ours comes from a worker.

    It has no properties: pytest 8.0 reads all attributes of a plugin.
    """

    def __init__(self, activate: Callable[[], object]) -> None:
        self._activate = activate
        self._run: str | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Send a worker the fact that it shares its host."""
        hosts = [_host(spec) for spec in node.nodemanager.specs]
        together = hosts.count(_host(node.gateway.spec)) > 1
        node.workerinput[_SHARES_HOST] = together and not runs_everything_everywhere(node.config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Raise the mistakes in markers that a worker has found, as a usage error."""
        # A worker that crashed has no output.
        output = getattr(node, "workeroutput", {_ACTIVE: True})
        if output.get(_ACTIVE):
            self._run = node.workerinput.get("testrunuid")
        if (mistakes := output.get(_MISTAKES)) is not None:
            raise pytest.UsageError(mistakes)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, Any, Any]:
        """Decode the records that came with a report."""
        report = yield
        if hasattr(report, "coreml"):
            self._activate()
            from pytest_coreml.plugin.sent_records import decoded

            report.coreml = decoded(report.coreml)
        return report

    def pytest_unconfigure(self) -> None:
        """Remove the file by which workers have told each other of crashes."""
        if self._run is not None:
            from pytest_coreml.engine.crashes import forget

            forget(self._run)


def _host(spec: Any) -> object:
    # Of an `execnet.XSpec`. A worker with none of these runs on the host of the controller.
    return spec.ssh or spec.vagrant_ssh or (spec.socket and spec.socket.partition(":")[0])
