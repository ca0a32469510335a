"""A test with subtests is judged as any other, once, when its body is over."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-report")
needs_subtests = pytest.mark.skipif(
    pytest.version_tuple < (9,) and find_spec("pytest_subtests") is None, reason="this pytest has no subtests"
)
BY_FIXTURE = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def each(coreml_model, subtests, broken=None):
        for i in range(2):
            with subtests.test(i=i):
                coreml_model.measure(calls=40)
                assert i != broken

    @pytest.mark.coreml_budget(size_mb=100)
    def test_keeps(coreml_model, subtests): each(coreml_model, subtests)

    @pytest.mark.coreml_budget(size_mb=1)
    def test_misses(coreml_model, subtests): each(coreml_model, subtests)

    @pytest.mark.coreml_budget(size_mb=100)
    def test_broken(coreml_model, subtests): each(coreml_model, subtests, broken=0)

    @pytest.mark.xfail
    @pytest.mark.coreml_budget(size_mb=1)
    def test_expected(coreml_model, subtests): each(coreml_model, subtests)
"""
BY_UNITTEST = """
    import unittest
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    class TestIt(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def take(self, coreml_model):
            self.model = coreml_model

        @pytest.mark.coreml_budget(size_mb=100)
        def test_keeps(self): self.each()

        @pytest.mark.coreml_budget(size_mb=1)
        def test_misses(self): self.each()

        def each(self):
            for i in range(2):
                with self.subTest(i=i):
                    self.model.measure(calls=40)
"""


def entries(pytester: pytest.Pytester) -> dict[str, tuple[str, list[str], Any]]:
    """Return the report's facts on each test: outcome, verdicts, and how many calls were measured."""
    tests = json.loads((pytester.path / "coreml-report.json").read_text())["tests"]
    found = {
        test["id"].rpartition("::")[2].partition("[")[0]: (
            test["outcome"],
            [check["verdict"] for check in test["checks"]],
            test["predict"] and len(test["predict"]["native_ms"]),
        )
        for test in tests
    }
    assert len(found) == len(tests)
    return found


@needs_subtests
def test_the_checks_are_judged_whatever_became_of_the_subtests(pytester: pytest.Pytester, script: Script) -> None:
    """A subtest that fails fails the test, and nothing else."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(BY_FIXTURE)

    result = pytester.runpytest_inprocess(*RUN)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*size 12.4 MB, budget 1 MB*", "*FAILED *::test_misses*"])
    assert entries(pytester) == {
        "test_keeps": ("passed", ["passed"], 40),
        "test_misses": ("failed", ["failed"], 40),
        "test_broken": ("failed", ["passed"], 40),
        "test_expected": ("skipped", ["failed"], 40),
    }


def test_subtests_of_unittest_are_judged_too(pytester: pytest.Pytester, script: Script) -> None:
    """Subtests count, also where pytest does not report them."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(BY_UNITTEST)

    result = pytester.runpytest_inprocess(*RUN)

    result.stdout.fnmatch_lines(["*size 12.4 MB, budget 1 MB*", "*1 failed, 1 passed*"])
    assert entries(pytester) == {
        "test_keeps": ("passed", ["passed"], 40),
        "test_misses": ("failed", ["failed"], 40),
    }
