"""The one-hot encoder against scikit-learn."""

from __future__ import annotations

import pytest
from classic_models import make_spec, predict
from sklearn.preprocessing import OneHotEncoder

from pytest_coreml.reference.errors import BadInputError


def encoder(word, categories, *, sparse=False, ignore=False):
    """Return an encoder of strings or integers."""
    output = "dictionary int64" if sparse else f"array {len(categories)}"
    spec, part = make_spec("oneHotEncoder", {"x": word}, {"y": output})
    getattr(part, f"{word}Categories").vector.extend(categories)
    part.outputSparse = sparse
    part.handleUnknown = int(ignore)
    return spec


@pytest.mark.parametrize(("word", "categories"), [("string", ["a", "b", "c"]), ("int64", [2, 5, 9])])
def test_it_encodes_as_scikit_learn(word, categories):
    """A one at the place of the category; the sparse form has its position."""
    model = OneHotEncoder(sparse_output=False).fit([[category] for category in categories])

    for position, category in enumerate(categories):
        expected = model.transform([[category]])[0].tolist()
        assert predict(encoder(word, categories), x=category)["y"].tolist() == expected
        assert predict(encoder(word, categories, sparse=True), x=category)["y"] == {position: 1.0}


def test_an_unknown_category():
    """It is an error, or zeros where the model says so."""
    with pytest.raises(BadInputError, match="'z' is not one of the encoder's categories"):
        predict(encoder("string", ["a"]), x="z")
    assert predict(encoder("string", ["a"], ignore=True), x="z")["y"].tolist() == [0]
    assert predict(encoder("string", ["a"], sparse=True, ignore=True), x="z")["y"] == {}
