"""The counters of a Mac for the engine's process decide whether a slow prediction is the model's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.scenario import Times

if TYPE_CHECKING:
    from mac_project import MacProject

BUDGET = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_budget(predict_ms=0.5)
    def test_it(coreml_model): pass
"""
SLOW = Times(predict_ns=(1_000_000,))


@pytest.mark.slow
def test_a_miss_of_calls_that_waited_is_inconclusive(mac_project: MacProject) -> None:
    """Without waiting the same miss is a failure."""
    mac_project.save()
    mac_project.test(BUDGET)
    mac_project.become(times=SLOW, counters=True, waiting_share=0.5)
    waiting = mac_project.run()
    samples = mac_project.report["tests"][0]["predict"]
    mac_project.become(times=SLOW, counters=True)
    alone = mac_project.run()

    waiting.assert_outcomes(skipped=1)
    assert samples["undisturbed"] == 0 < min(samples["wait_ms"])
    alone.assert_outcomes(failed=1)
    assert mac_project.report["tests"][0]["predict"]["undisturbed"] == 10


@pytest.mark.slow
def test_a_slow_run_on_efficiency_cores_is_noted_and_inconclusive(mac_project: MacProject) -> None:
    """The share is in the report, and in the words."""
    mac_project.save()
    mac_project.test(BUDGET)
    mac_project.become(times=SLOW, counters=True, efficiency_share=0.4)

    result = mac_project.run("-rs")

    result.assert_outcomes(skipped=1)
    assert abs(mac_project.report["tests"][0]["predict"]["efficiency_share"] - 0.4) < 0.01
    assert "40.0 % of the CPU time was on efficiency cores" in " ".join(result.stdout.str().split())
    assert "40 % of the CPU time of its predictions was on efficiency cores" in " ".join(result.stdout.str().split())
