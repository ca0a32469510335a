"""Beside pytest-asyncio a coroutine is a test like others, and beside flaky each of its runs is an attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "-p", "no:benchmark", "-p", "no:rerunfailures", "--coreml-runtime=reference")
ASYNC = """
    import asyncio
    import pytest
    import pytest_asyncio

    pytestmark = [pytest.mark.asyncio, pytest.mark.coreml_model("Linear.mlpackage")]
    awaited = []

    @pytest_asyncio.fixture
    async def warm_model(coreml_model):
        await asyncio.sleep(0)
        coreml_model.predict({})
        return coreml_model

    @pytest.mark.coreml_budget(size_mb=20, predict_ms=25)
    async def test_keeps(warm_model, coreml_load):
        outputs = await asyncio.gather(*(asyncio.to_thread(warm_model.predict, {}) for _ in range(4)))
        assert outputs == [{}] * 4
        assert coreml_load("Linear.mlpackage", "cpuOnly").compute_units == "cpuOnly"
        awaited.append("keeps")

    @pytest.mark.coreml_budget(size_mb=1)
    async def test_exceeds(coreml_model):
        await asyncio.sleep(0.01)
        awaited.append("exceeds")

    @pytest.mark.coreml_budget(size_mb=1)
    async def test_raises(coreml_model):
        await asyncio.sleep(0)
        assert awaited == ["keeps", "exceeds"]
        raise ValueError("in the body")
"""


def test_coroutines_are_judged_after_their_end(pytester: pytest.Pytester, script: Script) -> None:
    """Fixtures work in coroutines and in asynchronous fixtures, also from threads of the loop; a body that raises is
    not judged."""
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(test_async=ASYNC)
    pytester.mkdir("Linear.mlpackage")

    result = pytester.runpytest_inprocess(*RUN, "--coreml-report=r.json")
    tests = json.loads((pytester.path / "r.json").read_text())["tests"]
    verdicts = {
        (entry["id"].partition("::")[2].partition("[")[0], entry["compute_units"]): (
            entry["outcome"],
            [check["verdict"] for check in entry["checks"]],
        )
        for entry in tests
    }

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*size 12.4 MB, budget 1 MB*", "*ValueError: in the body*"])
    assert verdicts == {
        ("test_keeps", "all"): ("passed", ["passed", "passed"]),
        ("test_keeps", "cpuOnly"): ("passed", ["passed", "passed"]),
        ("test_exceeds", "all"): ("failed", ["failed"]),
        ("test_raises", "all"): ("failed", []),
    }


FLAKY = """
    import pytest
    from flaky import flaky

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")
    attempts = []

    @flaky(max_runs=3)
    @pytest.mark.coreml_budget(size_mb=20)
    def test_passes_at_last(coreml_model):
        attempts.append(coreml_model.measure(calls=5))
        assert len(attempts) == 2

    @flaky(max_runs=2)
    @pytest.mark.coreml_budget(size_mb=1)
    def test_exceeds(coreml_model):
        pass
"""


def test_each_run_of_flaky_is_an_attempt(pytester: pytest.Pytester, script: Script) -> None:
    """The last one is judged, and a missed budget is repeated as any other failure is."""
    pytest.importorskip("flaky")
    pytester.makepyfile(test_flaky=FLAKY)
    pytester.mkdir("Linear.mlpackage")

    result = pytester.runpytest_inprocess(*RUN, "--coreml-report=r.json")
    tests = json.loads((pytester.path / "r.json").read_text())["tests"]

    result.assert_outcomes(passed=1, failed=1)
    assert [
        (entry["id"].partition("::")[2], entry["attempt"], [check["verdict"] for check in entry["checks"]])
        for entry in tests
    ] == [
        ("test_passes_at_last[all]", 1, []),
        ("test_passes_at_last[all]", 2, ["passed"]),
        ("test_exceeds[all]", 1, ["failed"]),
        ("test_exceeds[all]", 2, ["failed"]),
    ]
