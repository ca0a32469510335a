"""The engine keeps out what coremltools imports for its converters only."""

from __future__ import annotations

import os

import pytest

TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_it(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())
"""


@pytest.mark.slow
def test_torch_and_tensorflow_are_not_imported_even_when_installed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages of these names that leave a mark when they are imported leave none."""
    site, mark = project.mkdir("site"), project.path / "imported"
    for name in ("torch", "tensorflow"):
        (site / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r})\n")
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), inherited])))
    project.makepyfile(TEST)

    result = project.runpytest_subprocess("-p", "no:randomly", "-p", "no:hypothesispytest")

    result.assert_outcomes(passed=1)
    assert not mark.exists()
