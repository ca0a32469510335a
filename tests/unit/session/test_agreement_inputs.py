"""Inputs from numbers, files and functions, and the outputs of functions: what cannot be used is one clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.engine.output_files import OutputFiles, as_array
from pytest_coreml.errors import InputError
from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.session.agreement_inputs import as_sequences, read_inputs, write_called

if TYPE_CHECKING:
    from pathlib import Path

X = Feature("x", "multiArray", dtype="float32", shape=(1, 4))
Y, Z = (Feature(name, "multiArray", dtype="float32", shape=(1, 4)) for name in "yz")
ONES = {"x": np.ones((1, 4), np.float32)}


def spec(stateful: bool = False) -> ModelSpec:
    """Return a model with the input `x`."""
    states = (Feature("cache", "state"),) if stateful else ()
    return ModelSpec("M.mlpackage", "0" * 64, "mlProgram", 7, {}, 0, 0, inputs=(X,), outputs=(Y,), states=states)


def lengths(inputs: InputSequences) -> list[int]:
    """Return the length of each sequence."""
    return [len(sequence) for sequence in inputs.given]


def test_a_number_is_of_examples(tmp_path: Path) -> None:
    """Each side makes them."""
    assert read_inputs(20, spec(), [tmp_path]) == InputSequences(20)


def test_a_list_is_a_sequence_for_a_stateful_model_only() -> None:
    """Lists in it are sequences, each from a fresh state."""
    assert lengths(as_sequences([ONES, ONES], spec(), "f")) == [1, 1]
    assert lengths(as_sequences([ONES, ONES], spec(stateful=True), "f")) == [2]
    assert lengths(as_sequences([[ONES, ONES], [ONES]], spec(stateful=True), "f")) == [2, 1]
    assert lengths(as_sequences(ONES, spec(), "f")) == [1]


def test_a_generator_is_a_callable_too(tmp_path: Path) -> None:
    """It is exhausted."""

    def inputs() -> Any:
        yield ONES
        yield ONES

    assert lengths(read_inputs(inputs, spec(), [tmp_path])) == [1, 1]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([], "f returned no inputs, expected at least one"),
        (3, "f returned int, expected a dict of inputs, or a list of such"),
        ("text", "f returned str, expected a dict of inputs"),
        ([ONES, 3], "f returned a list with int, expected a dict"),
        ([[ONES], [ONES]], "f returned a list with list, expected a dict"),
    ],
)
def test_what_are_no_inputs(result: Any, message: str) -> None:
    """Expected and got."""
    with pytest.raises(InputError, match=message):
        as_sequences(result, spec(), "f")


def test_inputs_that_raise(tmp_path: Path) -> None:
    """With the place, and without a traceback of ours."""

    def broken() -> Any:
        raise KeyError("lost")

    with pytest.raises(InputError, match=r"inputs=broken raised KeyError: 'lost' \(test_agreement_inputs.py:\d+\)"):
        read_inputs(broken, spec(), [tmp_path])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Every place is named."""
    with pytest.raises(InputError, match=r"a.npz: no such file: there is neither .*a.npz"):
        read_inputs("a.npz", spec(), [tmp_path])


def called(tmp_path: Path, reference: Any, *outputs: Feature) -> OutputFiles:
    """Write what *reference* returns for two examples."""
    files = OutputFiles(str(tmp_path), "the reference r")
    write_called(reference, list(outputs or (Y,)), spec(), InputSequences(2), files)
    return files


@pytest.mark.parametrize("wrap", [lambda y: {"y": y, "more": 1}, lambda y: y], ids=["dict", "value"])
def test_a_callable_gives_a_dict_or_the_one_output(tmp_path: Path, wrap: Any) -> None:
    """More outputs than are compared do no harm."""
    files = called(tmp_path, lambda inputs: wrap(inputs["x"] * 2))

    second = next(list(InputSequences(2).sequences(spec()))[1])
    assert files.compare(1, "y", as_array(second["x"] * 2), Comparing()).identical


@pytest.mark.parametrize(
    ("result", "outputs", "message"),
    [
        ({"logits": 1}, (Y,), "the reference r returned the outputs 'logits', expected 'y'"),
        (None, (Y,), "the reference r returned NoneType, expected a dict with 'y', or its value"),
        ((1, 2), (Y, Z), "the reference r returned tuple, expected a dict with 'y', 'z'"),
        ({"y": object()}, (Y,), r"the reference r gives object of object for output 'y', expected float32 \(1, 4\)"),
    ],
)
def test_results_that_are_no_outputs(tmp_path: Path, result: Any, outputs: tuple[Feature, ...], message: str) -> None:
    """Expected and got."""
    with pytest.raises(InputError, match=message):
        called(tmp_path, lambda _: result, *outputs)


def test_a_reference_that_raises_is_told_with_the_input(tmp_path: Path) -> None:
    """The first call goes well."""
    calls = iter([1])

    def reference(inputs: Any) -> Any:
        next(calls)
        return inputs["x"]

    with pytest.raises(InputError, match=r"the reference r, for input 1, raised StopIteration"):
        called(tmp_path, reference)
