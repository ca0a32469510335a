"""Why operations are not on the Neural Engine, in the failure of a placement rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from standin.scenario import Op

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine")
    @pytest.mark.coreml_placement(min_share={"neuralEngine": 0.9})
    def test_it(coreml_model): pass
"""
ON_CPU: dict[str, Any] = {"default": Op("cpu"), "refusals": {"relu_0": 'Unsupported tensor data type: int32 in "x"'}}


def reasons(project: MacProject) -> list[str | None]:
    """Return the reasons of the operations in the report of the last run."""
    return [op["reason"] for op in project.report["tests"][0]["placement"]["ops"]]


@pytest.mark.slow
def test_the_compiler_is_asked_when_a_rule_has_failed(mac_project: MacProject) -> None:
    """The text has the message and the remedy of a refusal, and no refusal elsewhere; the home folder is gone."""
    mac_project.save()
    mac_project.test(TEST)
    mac_project.become(**ON_CPU)

    result = mac_project.run("--coreml-explain")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*planned placement: cpu 100.0 % of cost*",
            "    2 x relu: the Neural Engine could run it, but was not chosen: it would save*",
            '    1 x relu: refused by the Neural Engine ("Unsupported tensor data type: int32 in "x""); compute *',
        ]
    )
    assert sum("refused by the Neural Engine" in (reason or "") for reason in reasons(mac_project)) == 1
    assert len(mac_project.journal("plan")) == 2
    assert list(mac_project.temporary.glob("pytest-coreml-home-*")) == []


@pytest.mark.slow
def test_nothing_is_compiled_again_unless_asked(mac_project: MacProject) -> None:
    """Without the option, and for a rule that holds."""
    mac_project.save()
    mac_project.test(TEST)
    mac_project.become(**ON_CPU)
    without = mac_project.run()
    count = len(mac_project.journal("plan"))
    mac_project.become(default=Op("neuralEngine"), refusals=ON_CPU["refusals"])
    kept = mac_project.run("--coreml-explain")

    without.assert_outcomes(failed=1)
    assert count == 1
    kept.assert_outcomes(passed=1)
    assert len(mac_project.journal("plan")) == 2
    assert set(reasons(mac_project)) == {None}


@pytest.mark.slow
def test_a_compiler_that_writes_nothing_explains_nothing(mac_project: MacProject) -> None:
    """The failure is told as without the option."""
    mac_project.save()
    mac_project.test(TEST)
    mac_project.become(default=Op("cpu"))

    result = mac_project.run("--coreml-explain")

    result.assert_outcomes(failed=1)
    assert set(reasons(mac_project)) == {None}
