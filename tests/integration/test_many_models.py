"""More models than engines stay open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


MANY = """
    import models
    import numpy as np
    import pytest

    OTHERS = [f"Linear{number}.mlpackage" for number in range(4)]
    STEP = {"step": np.ones((1, 4), np.float32)}

    def test_state_is_lost(coreml_load):
        model = coreml_load(models.counter)
        state = model.make_state()
        model.predict(STEP, state)
        others = [coreml_load(name) for name in OTHERS]

        for use in (lambda: model.predict(STEP, state), lambda: state.read_state("memory")):
            with pytest.raises(Exception, match=r"the state is lost.*make_state\\(\\)"):
                use()
        assert model.predict(STEP, model.make_state())["total"].max() == 1
        with pytest.raises(Exception, match="the state is lost"):
            model.predict(STEP, state)

        # By now one of the four was closed for the model that was loaded again.
        for other in others:
            assert other.predict({"x": np.ones((1, 4), np.float32)})["y"].shape == (1, 3)
        assert others[0].measure(calls=3).median_ms > 0
"""


@pytest.mark.slow
def test_what_was_closed_for_others_is_loaded_again(project: pytest.Pytester) -> None:
    """Four engines stay open. A model that lost its own answers when it is used again; what it held in a state is gone,
    which is an error and never a fresh state unasked."""
    for number in range(4):
        shutil.copytree(project.path / "Linear.mlpackage", project.path / f"Linear{number}.mlpackage")
    shutil.copy(EXAMPLES / "models.py", project.path)
    project.makepyfile(MANY)

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-runtime=reference")

    result.assert_outcomes(passed=1)
