"""Results that look wrong are told in a green run too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.scenario import Op, Times

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_compute_units("all", "cpuOnly")
    @pytest.mark.coreml_placement(min_share={"neuralEngine": 0.9}, compute_units="all")
    def test_it(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
        coreml_model.measure()
"""


@pytest.mark.slow
def test_a_silent_fallback_to_the_cpu_is_told(mac_project: MacProject, monkeypatch) -> None:
    """A load of 6 ms, the time of cpuOnly, and outputs of zeros: three notes, though each check has passed."""
    monkeypatch.setenv("COLUMNS", "300")
    mac_project.save()
    mac_project.become(
        default=Op("neuralEngine"),
        times=Times(load_ns=6_000_000),
        outputs_by_units={"ALL": {"y": [[0.0] * 4]}},
    )
    mac_project.test(TEST)

    result = mac_project.run("--coreml-calls=30")
    on_all, on_cpu = (entry["notes"] for entry in mac_project.report["tests"])

    result.assert_outcomes(passed=2)
    assert [note.partition(": ")[2].partition(",")[0].partition(":")[0] for note in on_all] == [
        "loaded in 6 ms",
        "output 'y' is 0 in all of its 4 elements; compare with a reference by coreml_agreement",
        "planned placement not confirmed by timing",
    ]
    assert on_cpu == []
    result.stdout.fnmatch_lines(["note: Model.mlpackage on all: loaded in 6 ms, though the plan has 100.0 %*"])
