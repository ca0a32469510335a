"""A model that is saved again at the same path within a run is another model."""

from __future__ import annotations

import json

import pytest
from small_models import save_linear

TESTS = """
    import pathlib
    import shutil

    import numpy as np
    import pytest

    HERE = pathlib.Path(__file__).parent

    def put(name):
        shutil.rmtree(HERE / "Net.mlpackage", ignore_errors=True)
        shutil.copytree(HERE / name, HERE / "Net.mlpackage")

    def answer(model):
        return {name: value.tolist() for name, value in model.predict(model.example_inputs()).items()}

    def test_loaded_by_the_test(coreml_load):
        put("One.mlpackage")
        one = coreml_load("Net.mlpackage")
        of_one = answer(one)
        put("Two.mlpackage")
        two = coreml_load("Net.mlpackage")
        assert answer(two) == answer(coreml_load("Two.mlpackage")) != of_one
        assert answer(one) == of_one
        assert one.sha256 != two.sha256

    @pytest.fixture(params=["One.mlpackage", "Two.mlpackage"])
    def put_first(request):
        put(request.param)
        return request.param

    @pytest.mark.coreml_model("Net.mlpackage")
    @pytest.mark.coreml_budget(size_mb=1)
    def test_of_the_marker(put_first, coreml_model, coreml_load):
        assert coreml_model.sha256 == coreml_load(put_first).sha256
        assert answer(coreml_model) == answer(coreml_load(put_first))

    @pytest.fixture
    def put_damaged(coreml_model):
        put("One.mlpackage")
        (HERE / "Net.mlpackage/Data/com.apple.CoreML/model.mlmodel").write_bytes(b"damaged")

    @pytest.mark.coreml_model("Net.mlpackage")
    def test_damaged(coreml_model, put_damaged):
        raise AssertionError("the body of a test runs whose model cannot be loaded")
"""


@pytest.mark.slow
def test_each_test_gets_the_model_that_is_on_disk(project: pytest.Pytester) -> None:
    """By `coreml_load` when it is called, and by the marker when the body begins; sizes and the report follow."""
    save_linear(project.path, "One")
    save_linear(project.path, "Two", factor=2)
    project.makepyfile(TESTS)

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-report=r.json")

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*Net.mlpackage: *"])
    result.stdout.no_fnmatch_line("*the body of a test runs*")
    tests = json.loads((project.path / "r.json").read_text())["tests"]
    of_marker = {(test["id"], test["model"]) for test in tests if "test_of_the_marker" in test["id"]}
    assert len({model for _, model in of_marker}) == 2
