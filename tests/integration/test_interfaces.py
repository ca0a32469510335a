"""Every kind of interface, through the engine and through the drop-in: the same tests, the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = """
    import pytest

    @pytest.fixture
    def opened(coreml_load):
        return lambda name, function=None: coreml_load(f"{name}.mlpackage", function=function)
"""
DROPIN = """
    import coremltools as ct
    import pytest

    @pytest.fixture
    def opened():
        return lambda name, function=None: ct.models.MLModel(f"{name}.mlpackage", function_name=function)
"""
TESTS = """
    import numpy as np
    import pytest
    from PIL import Image

    PIXELS = np.array([[[10, 20, 30], [0, 0, 255], [5, 5, 5]], [[1, 2, 3], [200, 0, 255], [5, 5, 5]]], np.uint8)
    IMAGE = Image.fromarray(PIXELS)

    def row(*numbers):
        return np.array([numbers], np.float32)

    def test_arrays_of_every_type(opened):
        third = np.array([1 / 3, 2049], np.float64)
        given = {
            "half": third.astype(np.float32),
            "single": third.astype(np.float32),
            "double": third,
            "whole": np.array([-7, 2**31 - 1], np.int32),
            "byte": np.array([-128, 127], np.int8),
        }
        got = opened("Types").predict(given)
        half = third.astype(np.float16).astype(np.float32)
        single = third.astype(np.float32)
        for name, expected in {
            "same_half": half,
            "same_single": single,
            "same_double": single.astype(np.float64),
            "same_whole": given["whole"],
            "same_byte": given["byte"],
            "sum": np.array([single.sum()]),
        }.items():
            assert (got[name].dtype, got[name].shape) == (expected.dtype, expected.shape), name
            np.testing.assert_array_equal(got[name], expected)

    def test_a_classifier_of_images(opened):
        means = PIXELS.astype(np.float64).mean((0, 1)) / 127.5 - 1
        got = opened("Words").predict({"image": IMAGE})
        assert got["classLabel"] == "blue"
        assert list(got["classLabel_probs"]) == ["red", "green", "blue"]
        chances = np.array(list(got["classLabel_probs"].values()))
        np.testing.assert_allclose(chances, np.exp(means) / np.exp(means).sum(), rtol=1e-5)

    @pytest.mark.parametrize("weights", [None, row(1, 1, 9)])
    def test_an_optional_input(opened, weights):
        x = row(1, 2, 0.5)
        got = opened("Numbers").predict({"x": x} if weights is None else {"x": x, "weights": weights})
        scores = np.exp(x * (2 if weights is None else weights))[0]
        assert got["place"] == (8 if weights is None else 9) and type(got["place"]) is int
        assert list(got["place_probs"]) == [7, 8, 9]
        assert all(type(chance) is float for chance in got["place_probs"].values())
        np.testing.assert_allclose(list(got["place_probs"].values()), scores / scores.sum(), rtol=1e-5)

    def test_images_in_every_layout(opened):
        got = opened("Pictures").predict({"image": IMAGE})
        modes = {name: image.mode for name, image in got.items()}
        assert modes == {"bgr": "RGBA", "rgb": "RGBA", "grayscale": "L", "grayscale_float16": "F"}
        for name in ("bgr", "rgb"):
            np.testing.assert_array_equal(np.asarray(got[name]), np.dstack([PIXELS, np.full((2, 3), 255, np.uint8)]))
        np.testing.assert_array_equal(np.asarray(got["grayscale"]), PIXELS[:, :, 2])
        np.testing.assert_array_equal(np.asarray(got["grayscale_float16"]), PIXELS[:, :, 2] * np.float32(2.5))

    def test_states_persist_and_can_be_read_and_written(opened):
        model = opened("Memory")
        one, other = model.make_state(), model.make_state()
        x = np.array([1, -2.5], np.float32)
        assert model.predict({"x": x}, one)["y"].tolist() == [1, -2.5]
        assert model.predict({"x": x}, one)["y"].tolist() == [2, -5]
        assert other.read_state("memory").tolist() == [0, 0]
        one.write_state("memory", np.array([1 / 3, 10], np.float32))
        kept = one.read_state("memory")
        assert (kept.dtype, kept.tolist()) == (np.float32, [float(np.float16(1 / 3)), 10])
        assert model.predict({"x": x * 0}, one)["y"].tolist() == kept.tolist()

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [("memory", np.zeros(3, np.float32), "expected the shape"),
         ("other", np.zeros(2, np.float32), "no state 'other'; the states are: memory")],
    )
    def test_states_that_do_not_fit(opened, name, value, message):
        state = opened("Memory").make_state()
        with pytest.raises(Exception, match=message):
            state.write_state(name, value)

    def test_several_functions(opened):
        assert opened("Many").predict({"x": row(1, 2)})["y"].tolist() == [[2, 4]]
        assert opened("Many", "double").predict({"x": row(1, 2)})["y"].tolist() == [[2, 4]]
        assert opened("Many", "negate").predict({"x": row(1, 2)})["y"].tolist() == [[-1, -2]]

    def test_a_pipeline_that_classifies(opened):
        got = opened("Chain").predict({"given": row(3, 2, 1)})
        assert got["place"] == 9
        scores = np.exp([-6, -4, -2])
        np.testing.assert_allclose(list(got["place_probs"].values()), scores / scores.sum(), rtol=1e-5)

    def test_a_pipeline_that_computes(opened):
        assert opened("Line").predict({"given": row(3, 2, 1)})["y"].tolist() == [[-2, -1, 0]]
"""


@pytest.fixture(scope="session")
def interfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model for each kind of interface."""
    from interface_models import save_interfaces

    folder = tmp_path_factory.mktemp("interfaces")
    save_interfaces(folder)
    return folder


@pytest.mark.usefixtures("plainly")
@pytest.mark.parametrize("way", ["engine", "drop-in", pytest.param("drop-in in two workers", marks=pytest.mark.slow)])
def test_values_are_as_apples_binding_gives_them(pytester: pytest.Pytester, interfaces: Path, way: str) -> None:
    """Arrays, images, labels, states, functions and pipelines; each worker has a separate drop-in."""
    for package in interfaces.glob("[A-Z]*.mlpackage"):
        (pytester.path / package.name).symlink_to(package)
    pytester.makeconftest(ENGINE if way == "engine" else DROPIN)
    pytester.makeini("[pytest]\n" if way == "engine" else "[pytest]\ncoreml_dropin = true\n")
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_subprocess(*(("-n", "2") if "workers" in way else ()))

    result.assert_outcomes(passed=11)
