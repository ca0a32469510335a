"""Outputs are compared as they come: against files of a reference, against each other, and against themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.engine.output_files import OutputFiles
from pytest_coreml.engine.protocol import CompareOutputs
from pytest_coreml.engine.server.compare_outputs import compare_outputs
from pytest_coreml.errors import InputError, ModelError
from pytest_coreml.facts.agreement import Comparing, OutputHealth
from pytest_coreml.facts.model_spec import Feature, ModelSpec

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.engine.protocol import OutputsCompared

Model = Callable[[dict[str, Any], int], Any]
Y = Feature("y", "multiArray", dtype="float32", shape=(1, 4))


def spec(*outputs: Feature, stateful: bool = False, model_type: str = "mlProgram") -> ModelSpec:
    """Return a model with the input `x`."""
    return ModelSpec(
        "Model.mlpackage",
        "0" * 64,
        model_type,
        7,
        {},
        0,
        0,
        inputs=(Feature("x", "multiArray", dtype="float32", shape=(1, 4)),),
        outputs=outputs or (Y,),
        states=(Feature("cache", "state"),) if stateful else (),
    )


def compare(predict: Model, model: ModelSpec | None = None, examples: int = 3, **request: Any) -> OutputsCompared:
    """Compare the outputs of *predict*, which takes inputs and the number of the call since the state was fresh."""

    def begin() -> Callable[[dict[str, Any]], dict[str, Any]]:
        steps: Iterator[int] = count()

        def call(inputs: dict[str, Any]) -> dict[str, Any]:
            outputs = predict(inputs, next(steps))
            return outputs if isinstance(outputs, dict) else {"y": outputs}

        return call

    inputs = request.pop("inputs", InputSequences(examples))
    return compare_outputs(CompareOutputs(inputs, **request), model or spec(), begin, lambda *_: None)


def store(folder: Path, predict: Model, model: ModelSpec | None = None, **request: Any) -> OutputFiles:
    """Write the outputs of a reference."""
    files = OutputFiles(str(folder), "the reference r")
    compare(predict, model, keep=files, health=False, **request)
    return files


def health(predict: Model, model: ModelSpec | None = None, **request: Any) -> OutputHealth:
    """Return the health of one output."""
    (found,) = compare(predict, model, **request).health
    return found


def test_a_reference_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """The difference is what was added, for the input that it was added to."""
    files = store(tmp_path, lambda inputs, _: inputs["x"])

    found = compare(lambda inputs, _: inputs["x"] + 0.5 * (inputs["x"].sum() > 2.2), references=(files,))

    ((output,),) = found.agreements
    sums = [float(features["x"].sum()) for sequence in InputSequences(3).sequences(spec()) for features in sequence]
    assert [total > 2.2 for total in sums].count(True) in (1, 2)
    assert output.max_abs == pytest.approx(0.5)
    assert sums[output.worst["max_abs"]] > 2.2
    assert found.inputs == 3


def test_equal_models_are_identical(tmp_path: Path) -> None:
    """The examples of both sides are the same."""
    files = store(tmp_path, lambda inputs, _: inputs["x"])

    ((output,),) = compare(lambda inputs, _: inputs["x"], references=(files,)).agreements

    assert output.identical


def test_dictionaries_are_compared_by_key(tmp_path: Path) -> None:
    """The order of a dictionary is not part of the promise; its probabilities are compared by key."""
    model = spec(Feature("probs", "dictionary", dtype="string"))
    files = store(tmp_path, lambda *_: {"probs": {"cat": 0.75, "dog": 0.25}}, model)

    ((output,),) = compare(
        lambda *_: {"probs": {"dog": 0.25, "cat": 0.75}},
        model,
        references=(files,),
        comparing=Comparing(frozenset(("kl", "top1"))),
    ).agreements

    assert (output.identical, output.kl, output.top1) == (True, 0.0, 1.0)


def test_other_keys_are_an_error(tmp_path: Path) -> None:
    """The message names those that only one side has."""
    model = spec(Feature("probs", "dictionary", dtype="string"))
    files = store(tmp_path, lambda *_: {"probs": {"cat": 0.75, "dog": 0.25}}, model)

    with pytest.raises(InputError, match=r"the keys differ: the reference r only: 'dog'; the model only: 'cow'"):
        compare(lambda *_: {"probs": {"cat": 0.75, "cow": 0.25}}, model, references=(files,))


def test_images_are_compared_as_images(tmp_path: Path) -> None:
    """Of 8 bits, whose peak is 255."""
    model = spec(Feature("picture", "image", shape=(2, 2), color="RGB"))
    gray, other = (Image.new("RGB", (2, 2), (level,) * 3) for level in (100, 101))
    files = store(tmp_path, lambda *_: {"picture": gray}, model)

    ((output,),) = compare(lambda *_: {"picture": other}, model, references=(files,)).agreements

    assert output.max_abs == 1
    assert output.psnr == pytest.approx(20 * np.log10(255))


def test_labels_are_compared_as_text(tmp_path: Path) -> None:
    """A label is right or wrong."""
    model = spec(Feature("label", "string"))
    files = store(tmp_path, lambda *_: {"label": "cat"}, model)

    ((output,),) = compare(lambda *_: {"label": "dog"}, model, references=(files,)).agreements

    assert (output.top1, output.psnr) == (0, None)


def test_another_shape_is_an_error(tmp_path: Path) -> None:
    """The message has both shapes, the output and the input."""
    files = store(tmp_path, lambda *_: np.ones(4, np.float32))

    with pytest.raises(InputError, match=r"r gives the shape \(4,\) for output 'y' of input 0, expected \(1, 4\)"):
        compare(lambda inputs, _: inputs["x"], references=(files,))


def test_an_output_that_the_model_does_not_give_is_an_error() -> None:
    """Its specification names it."""
    with pytest.raises(ModelError, match=r"Model.mlpackage returned no output 'y'"):
        compare(lambda *_: {"z": 1})


def test_the_first_element_that_is_not_finite_is_found() -> None:
    """Its input, index and value; all of them are counted."""

    def predict(inputs: dict[str, Any], _: int) -> Any:
        y = inputs["x"].copy()
        y[0, 2:] = np.nan if y[0, 0] < 0.5 else -np.inf
        return y

    found = health(predict)

    assert found.non_finite == 6
    assert found.first_non_finite is not None
    assert (found.first_non_finite.input, found.first_non_finite.index) == (0, (0, 2))


def test_outputs_vary_or_not() -> None:
    """All inputs must give the same to be constant."""
    assert health(lambda inputs, _: inputs["x"]).varies is True
    assert health(lambda inputs, _: np.zeros_like(inputs["x"])).varies is False


@pytest.mark.parametrize(
    ("output", "model_type"),
    [
        (Feature("y", "string"), "mlProgram"),
        (Feature("y", "multiArray", dtype="int32", shape=(1, 4)), "mlProgram"),
        (Feature("y", "multiArray", dtype="float32", shape=(1, 4)), "treeEnsembleRegressor"),
    ],
)
def test_labels_indices_and_trees_may_be_constant(output: Feature, model_type: str) -> None:
    """They have few values by design."""
    value: Any = "cat" if output.kind == "string" else np.ones((1, 4), np.int32)

    assert health(lambda *_: value, spec(output, model_type=model_type)).varies is None


def test_one_input_is_joined_by_another_to_see_variation() -> None:
    """It is not compared with a reference."""
    given = InputSequences(given=(({"x": np.ones((1, 4), np.float32)},),))

    assert health(lambda inputs, _: inputs["x"], inputs=given) == OutputHealth("y", 2, varies=True, repeat_difference=0)
    assert health(lambda *_: np.ones((1, 4)), inputs=given).varies is False


def test_a_model_that_takes_no_other_input_is_not_judged_by_one() -> None:
    """Nothing is known about its variation."""
    given = InputSequences(given=(({"x": np.ones((1, 4), np.float32)},),))

    def predict(inputs: dict[str, Any], _: int) -> Any:
        if not (inputs["x"] == 1).all():
            raise InputError("ones only")
        return inputs["x"]

    assert health(predict, inputs=given) == OutputHealth("y", 1, repeat_difference=0)


def test_a_repeated_call_is_compared_with_the_first() -> None:
    """Noise that no seed controls is told by its size."""
    noise = iter([0.0, 0.0, 0.0, 0.25])

    found = health(lambda inputs, _: inputs["x"] + np.float32(next(noise)))

    assert found.repeat_difference == pytest.approx(0.25)


def test_equal_nans_repeat() -> None:
    """Values that are not numbers are a separate failure."""
    assert health(lambda inputs, _: np.full_like(inputs["x"], np.nan)).repeat_difference == 0


def test_a_stateful_model_runs_a_sequence_from_a_fresh_state(tmp_path: Path) -> None:
    """Both sides, and again for the repeated call."""

    def predict(inputs: dict[str, Any], step: int) -> Any:
        return inputs["x"] + step

    model = spec(stateful=True)
    files = store(tmp_path, predict, model)

    found = compare(predict, model, references=(files,))

    ((output,),) = found.agreements
    assert output.identical
    assert found.health[0].repeat_difference == 0
    ((stateless,),) = compare(lambda inputs, _: inputs["x"], model, references=(files,)).agreements
    assert (stateless.max_abs, stateless.worst["max_abs"]) == (pytest.approx(2), 2)


def test_flexible_shapes(tmp_path: Path) -> None:
    """The outputs of each input may have another size."""
    given = InputSequences(given=tuple(({"x": np.ones((1, size), np.float32)},) for size in (2, 5)))
    files = store(tmp_path, lambda inputs, _: inputs["x"], inputs=given)

    found = compare(lambda inputs, _: inputs["x"], inputs=given, references=(files,))

    assert found.agreements[0][0].identical
    assert found.health[0].varies is True
