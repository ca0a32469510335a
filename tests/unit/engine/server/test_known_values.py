"""Example inputs of models that take dictionaries, strings and numbers."""

from __future__ import annotations

from classic_models import make_classifier, make_spec

from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.engine.server import feature_description
from pytest_coreml.engine.server.inputs import prepare
from pytest_coreml.engine.server.known_values import with_known_values


def features_of(spec):
    """Return the inputs of a specification, as the engine describes them."""
    return with_known_values(spec, map(feature_description.read, spec.description.input))


def trees_behind_a_vectorizer():
    """Return a pipeline that takes two numbers, a string, an integer and a dictionary."""
    join, vectorizer = make_spec("featureVectorizer", {"a": "double", "b": "double"}, {"all": "array 2"})
    vectorizer.inputList.add(inputColumn="b", inputDimensions=1)
    vectorizer.inputList.add(inputColumn="a", inputDimensions=1)
    trees, part = make_classifier("treeEnsembleClassifier", {"all": "array 2"}, [0, 1])
    for node, threshold in enumerate((10.0, 30.0)):
        part.treeEnsemble.nodes.add(nodeId=node, branchFeatureIndex=0, branchFeatureValue=threshold)
    encode, encoder = make_spec("oneHotEncoder", {"animal": "string"}, {"code": "array 2"})
    encoder.stringCategories.vector.extend(["cat", "dog"])
    mapping, numbers = make_spec("categoricalMapping", {"number": "int64"}, {"name": "string"})
    numbers.int64ToStringMap.map.update({7: "seven", 8: "eight"})
    words, dictionary = make_spec("dictVectorizer", {"words": "dictionary string"}, {"counts": "array 200"})
    dictionary.int64ToIndex.vector.extend(range(1000, 1200))
    inputs = {"a": "double", "b": "double", "animal": "string", "number": "int64", "words": "dictionary string"}
    spec, part = make_spec("pipeline", inputs, {"label": "int64"})
    part.models.extend([join, trees, encode, mapping, words])
    return spec


def test_a_pipeline_knows_the_values_of_all_its_models():
    """Thresholds go through the vectorizer to the numbers that they are of; long lists are thinned out."""
    known = {feature.name: feature.known for feature in features_of(trees_behind_a_vectorizer())}

    assert known["a"] == ()
    assert known["b"] == (10.0, 30.0)
    assert known["animal"] == ("cat", "dog")
    assert known["number"] == (7, 8)
    assert len(known["words"]) <= 64
    assert set(known["words"]) < set(range(1000, 1200))


def test_example_inputs_are_values_that_the_model_knows():
    """Categories and keys are the model's; numbers differ from seed to seed, on both sides of the thresholds."""
    features = features_of(trees_behind_a_vectorizer())
    examples = [example_inputs(features, seed) for seed in range(20)]

    assert {example["animal"] for example in examples} == {"cat", "dog"}
    assert {example["number"] for example in examples} == {7, 8}
    assert all(len(example["words"]) == 3 for example in examples)
    assert all(type(key) is int for example in examples for key in example["words"])
    assert min(example["b"] for example in examples) < 10
    assert max(example["b"] for example in examples) > 30
    assert example_inputs(features, 3) == examples[3]
    # Keys stay integers, though the description declares strings.
    assert prepare(examples[0], features, "model") == examples[0]


def test_values_that_nothing_is_known_of():
    """A dictionary, a string, an integer and a sequence without a vocabulary."""
    inputs = {"d": "dictionary int64", "s": "string", "i": "int64", "q": "sequence string", "o": "double?"}
    spec, _ = make_spec("identity", inputs, inputs)

    assert example_inputs(features_of(spec)) == {"d": {0: 1.0}, "s": "example", "i": 1, "q": ["example"]}
