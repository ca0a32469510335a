"""More models than engines stay open."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def test_a_model_that_was_closed_for_others_is_loaded_again(project: pytest.Pytester) -> None:
    """Four engines stay open; the first of five models answers all the same when it is used again."""
    for number in range(5):
        shutil.copytree(project.path / "Linear.mlpackage", project.path / f"Linear{number}.mlpackage")
    project.makepyfile(
        """
        import numpy as np

        def test_five(coreml_load):
            models = [coreml_load(f"Linear{number}.mlpackage") for number in range(5)]
            inputs = {"x": np.ones((1, 4), np.float32)}
            for model in models:
                assert model.predict(inputs)["y"].shape == (1, 3)
            assert models[0].measure(calls=3).median_ms > 0
        """
    )

    result = project.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1)
