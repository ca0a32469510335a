"""Scenarios as files."""

from __future__ import annotations

from standin.scenario import Failure, Op, Scenario, Times, load


def test_a_scenario_survives_its_file(tmp_path):
    """With everything in it."""
    scenario = Scenario(
        macos=(15, 1),
        devices=("cpu",),
        ops={"y": Op("gpu", cost=0.5)},
        ops_by_units={"ALL": {"conv": Op(usage=False)}},
        times_by_units={"ALL": Times(predict_ns=(1, 2))},
        outputs={"y": [[1.0]]},
        failures=(Failure("load", "abort", call=2),),
    )
    scenario.save(tmp_path / "s.json")

    assert scenario == load(tmp_path / "s.json")
