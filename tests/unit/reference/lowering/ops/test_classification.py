"""Classifier outputs."""

from __future__ import annotations

from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import load_program

from pytest_coreml.reference.lowering.results import ClassLabel, ClassProbabilities


@pytest.mark.operation("classify")
@pytest.mark.parametrize("labels", [["cat", "dog"], [7, 9]])
def test_label_and_probabilities_are_left_to_the_end(labels):
    """Both come from the probabilities of the graph; classes may be words or numbers."""

    @mb.program(input_specs=[mb.TensorSpec((1, 2))])
    def program(x):
        return mb.softmax(x=x)

    model = ct.convert(
        program, convert_to="mlprogram", classifier_config=ct.ClassifierConfig(labels), skip_model_load=True
    )
    function = load_program(Path(model.package_path))
    label, probabilities = function.lowered.outputs
    results = function.run({"x": np.zeros((1, 2), np.float32)})

    assert isinstance(label.result, ClassLabel)
    assert isinstance(probabilities.result, ClassProbabilities)
    assert label.result.labels == probabilities.result.labels == tuple(labels)
    assert [numbers.tolist() for numbers in results.values()] == [[[0.5, 0.5]]] * 2
