"""The dictionary vectorizer against scikit-learn."""

from __future__ import annotations

import pytest
from classic_models import make_spec, predict
from sklearn.feature_extraction import DictVectorizer

from pytest_coreml.reference.errors import BadInputError

SAMPLES = [{"a": 1.0, "c": 3.0}, {"b": 2.0}, {"a": 1.0, "unknown": 7.0}, {}]


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_vectorizes_as_scikit_learn(sample):
    """Keys have fixed places; what is missing is zero, what is unknown is left out."""
    model = DictVectorizer(sparse=False).fit([{"a": 0, "b": 0, "c": 0}])
    spec, part = make_spec("dictVectorizer", {"x": "dictionary string"}, {"y": "array 3"})
    part.stringToIndex.vector.extend(model.get_feature_names_out())

    assert predict(spec, x=sample)["y"].tolist() == model.transform(sample)[0].tolist()


def test_keys_that_are_numbers_and_a_sparse_output():
    """Integers may be keys; a dictionary as output has the positions of what was given."""
    spec, part = make_spec("dictVectorizer", {"x": "dictionary int64"}, {"y": "dictionary int64"})
    part.int64ToIndex.vector.extend([30, 10, 20])

    assert predict(spec, x={20: 2.0, 30: 3.0})["y"] == {2: 2.0, 0: 3.0}
    with pytest.raises(BadInputError, match="expected dictionary of int64 to double, got str 'a'"):
        predict(spec, x={"a": 1.0})


def test_the_keys_of_the_model_count_not_those_of_the_description():
    """coremltools' converter declares strings for integer keys; keys of the other type are an error."""
    spec, part = make_spec("dictVectorizer", {"x": "dictionary string"}, {"y": "array 2"})
    part.int64ToIndex.vector.extend([5, 6])

    assert predict(spec, x={6: 2.0})["y"].tolist() == [0, 2]
    with pytest.raises(BadInputError, match="the keys are int, got 'a'"):
        predict(spec, x={"a": 1.0})
