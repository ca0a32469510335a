"""More models than engines stay open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def save_four_others(project: pytest.Pytester) -> None:
    """Save as many models as there is room for."""
    for number in range(4):
        shutil.copytree(project.path / "Linear.mlpackage", project.path / f"Linear{number}.mlpackage")


def test_a_model_that_was_closed_for_others_is_loaded_again(project: pytest.Pytester) -> None:
    """Four engines stay open; the first of five models answers all the same when it is used again."""
    save_four_others(project)
    project.makepyfile(
        """
        import numpy as np

        def test_five(coreml_load):
            models = [coreml_load(f"Linear{number}.mlpackage") for number in ("", 0, 1, 2, 3)]
            inputs = {"x": np.ones((1, 4), np.float32)}
            for model in models:
                assert model.predict(inputs)["y"].shape == (1, 3)
            assert models[0].measure(calls=3).median_ms > 0
        """
    )

    result = project.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1)


def test_a_state_that_was_lost_with_its_engine_says_so(project: pytest.Pytester) -> None:
    """The model is loaded again, but what it held in a state is gone: an error, never a fresh state unasked."""
    pytest.importorskip("onnxruntime")
    save_four_others(project)
    shutil.copy(EXAMPLES / "models.py", project.path)
    project.makepyfile(
        """
        import models
        import numpy as np
        import pytest

        def test_state(coreml_load):
            model = coreml_load(models.counter)
            step = {"step": np.ones((1, 4), np.float32)}
            state = model.make_state()
            model.predict(step, state)
            for number in range(4):
                coreml_load(f"Linear{number}.mlpackage")

            for use in (lambda: model.predict(step, state), lambda: state.read_state("memory")):
                with pytest.raises(Exception, match=r"the state is lost.*make_state\\(\\)"):
                    use()
            assert model.predict(step, model.make_state())["total"].max() == 1
            with pytest.raises(Exception, match="the state is lost"):
                model.predict(step, state)
        """
    )

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-runtime=reference")

    result.assert_outcomes(passed=1)
