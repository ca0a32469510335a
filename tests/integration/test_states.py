"""States: each is its model's own, and a model that has some can be used without a word of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-calls=10")
TESTS = """
    import models
    import numpy as np
    import pytest

    STEP = {"step": np.ones((1, 4), np.float32)}

    def total(model, state=None):
        return model.predict(STEP, state)["total"].max()

    def test_a_prediction_without_a_state_has_an_empty_one(coreml_load):
        model = coreml_load(models.counter)
        state = model.make_state()
        assert [total(model, state), total(model), total(model), total(model, state)] == [1, 1, 1, 2]

    def test_a_state_of_another_model(coreml_load):
        model, other = coreml_load(models.counter), coreml_load(models.counter, "cpuOnly")
        state, others = model.make_state(), other.make_state()
        with pytest.raises(Exception, match=r"on cpuOnly: the state belongs to .* on all; make one with"):
            total(other, state)
        assert total(other, others) == 1

    @pytest.mark.parametrize("state", [1, {"memory": np.zeros((1, 4))}])
    def test_what_is_no_state(coreml_load, state):
        with pytest.raises(Exception, match=r"state: expected what make_state\\(\\) gives, got "):
            total(coreml_load(models.counter), state)
"""
SAVE = "import models; models.counter().save('Counter.mlpackage')"


@pytest.fixture
def counting(project: pytest.Pytester) -> pytest.Pytester:
    """A project with the stateful model of the examples."""
    shutil.copy(EXAMPLES / "models.py", project.path)
    return project


def test_states_of_several_models(counting: pytest.Pytester) -> None:
    """None is taken for another's, and one that is not given is made."""
    counting.makepyfile(TESTS)

    result = counting.runpytest_subprocess(*RUN)

    result.assert_outcomes(passed=4)


def test_a_stateful_model_is_a_test_without_code(counting: pytest.Pytester) -> None:
    """It predicts and is measured as any other."""
    assert counting.runpython_c(SAVE).ret == 0

    result = counting.runpytest_subprocess(*RUN, "Counter.mlpackage")

    result.assert_outcomes(passed=1)
