"""Every model type of the format: executed, or refused by name with what can be done."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_classifier, make_spec, predict, predictor
from coremltools.proto import Model_pb2

from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError
from pytest_coreml.reference.execution.model_types import LOADERS
from pytest_coreml.reference.execution.unsupported_types import refusal

TYPES = [field.name for field in Model_pb2.Model.DESCRIPTOR.oneofs_by_name["Type"].fields]
OF_APPLE = [
    "textClassifier",
    "wordTagger",
    "visionFeaturePrint",
    "soundAnalysisPreprocessing",
    "gazetteer",
    "wordEmbedding",
    "audioFeaturePrint",
    "serializedModel",
]


@pytest.mark.parametrize("kind", TYPES)
def test_no_type_is_forgotten(kind):
    """A type has a loader, is a pipeline or a network, or has a sentence that says why it is refused."""
    spec, _ = make_spec(kind, {}, {})

    known = kind in LOADERS or kind.startswith(("pipeline", "neuralNetwork"))
    assert known == ("this type is unknown" in refusal(spec))


@pytest.mark.parametrize("kind", OF_APPLE)
def test_types_of_apples_systems_are_named_with_the_reason(kind):
    """The message does not suggest a conversion that does not exist."""
    with pytest.raises(
        UnsupportedModelError, match=f"models of type {kind}: it needs .*; it runs only on a Mac"
    ) as info:
        predictor(make_spec(kind, {}, {})[0])
    assert "convert" not in str(info.value)


def test_custom_and_linked_models_are_named():
    """The class of the app, and the file that is wanted."""
    custom, part = make_spec("customModel", {}, {})
    part.className = "MyModel"
    linked, part = make_spec("linkedModel", {}, {})
    part.linkedModelFile.linkedModelFileName.defaultValue = "Other.mlmodelc"

    with pytest.raises(UnsupportedModelError, match=r"customModel: it is implemented by the class MyModel of an app"):
        predictor(custom)
    with pytest.raises(UnsupportedModelError, match=r"linkedModel: .* Other.mlmodelc; test that model directly"):
        predictor(linked)


def pipeline(*parts, inputs, outputs):
    """Return a pipeline of specifications."""
    spec, part = make_spec("pipeline", inputs, outputs)
    part.models.extend(parts)
    return spec


def test_a_pipeline_of_several_types_passes_values_of_all_types_on():
    """A string becomes a number, is scaled, encoded and weighed; the outputs of an earlier model remain."""
    to_number, mapping = make_spec("categoricalMapping", {"animal": "string"}, {"number": "int64"})
    mapping.stringToInt64Map.map.update({"cat": 1, "dog": 3})
    encode, encoder = make_spec("oneHotEncoder", {"number": "int64"}, {"vector": "dictionary int64"})
    encoder.int64Categories.vector.extend([1, 3])
    encoder.outputSparse = True
    join, vectorizer = make_spec(
        "featureVectorizer", {"vector": "dictionary int64", "weight": "double"}, {"all": "array 3"}
    )
    vectorizer.inputList.add(inputColumn="weight", inputDimensions=1)
    vectorizer.inputList.add(inputColumn="vector", inputDimensions=2)
    classify, linear = make_classifier("glmClassifier", {"all": "array 3"}, ["small", "large"])
    linear.weights.add().value.extend([1.0, -5.0, 5.0])
    linear.offset.append(0.0)
    spec = pipeline(
        to_number,
        encode,
        join,
        classify,
        inputs={"animal": "string", "weight": "double"},
        outputs={"label": "string", "share": "dictionary string", "number": "int64"},
    )
    run = predictor(spec)

    assert run(animal="cat", weight=1.0)["label"] == "small"
    result = run(animal="dog", weight=1.0)
    assert result["label"] == "large"
    assert result["number"] == 3
    assert result["share"]["large"] == pytest.approx(1 / (1 + np.exp(-6)))


def test_a_pipeline_names_what_is_refused_and_offers_the_rest():
    """All stages that cannot run are named by position, type and name; those that can, with how to take them out."""
    features, _ = make_spec("visionFeaturePrint", {"image": "double"}, {"features": "array 3"})
    scale, _ = make_spec("scaler", {"features": "array 3"}, {"scaled": "array 3"})
    custom, _ = make_spec("customModel", {"scaled": "array 3"}, {"y": "double"})
    spec = pipeline(features, scale, custom, inputs={"image": "double"}, outputs={"y": "double"})
    spec.pipeline.names.extend(["prints", "scale", "own"])

    with pytest.raises(UnsupportedModelError) as info:
        predictor(spec)

    first, second, third = str(info.value).splitlines()
    assert "model 1 of the 3 in the pipeline, 'prints': " in first
    assert "visionFeaturePrint" in first
    assert "model 3 of the 3 in the pipeline, 'own': " in second
    assert "model 2 (scaler) runs here" in third
    assert "MLModel(spec.pipeline.models[1])" in third


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("double", "1", "expected double, got str '1'"),
        ("double", np.float32(1), "expected double, got float32"),
        ("int64", 1.5, "expected int64, got float 1.5"),
        ("string", 1, "expected string, got int 1"),
        ("dictionary string", {1: 1.0, "a": 1.0}, "expected dictionary of string to double, got int 1"),
        ("dictionary string", {"a": "b"}, "expected dictionary of string to double, got str 'b'"),
        ("sequence int64", ["a"], "expected sequence of int64, got str 'a'"),
        ("array 2", [1.0, 2.0], "value type not convertible: input 'x'"),
        ("array 2", np.ones(3), r"expected the shape \[2\], got \[3\]"),
    ],
)
def test_wrong_values_are_refused(type_, value, words):
    """The message says what was expected, and what came."""
    spec, _ = make_spec("identity", {"x": type_}, {"y": type_})

    with pytest.raises(BadInputError, match=words):
        predict(spec, x=value)


def test_missing_inputs_and_outputs_are_named():
    """A required input that was left out, and an output that the type does not make."""
    spec, _ = make_spec("identity", {"x": "double"}, {"y": "double"})
    with pytest.raises(BadInputError, match=r"Feature x is required but not specified.*x: double; unknown: z"):
        predict(spec, z=1.0)

    regressor, part = make_spec("glmRegressor", {"x": "double"}, {"y": "double", "extra": "double"})
    part.weights.add().value.append(1.0)
    with pytest.raises(BadModelError, match="glmRegressor does not make the output 'extra'"):
        predict(regressor, x=1.0)


HUGE = (1 << 64) - 1


def huge_specs():
    """Yield models that declare numbers beyond all reason."""
    spec, part = make_spec("treeEnsembleRegressor", {"x": "double"}, {"y": "double"})
    part.treeEnsemble.numPredictionDimensions = HUGE
    yield spec
    spec, part = make_spec("treeEnsembleRegressor", {"x": "double"}, {"y": "double"})
    part.treeEnsemble.nodes.add(nodeId=0, branchFeatureIndex=HUGE, trueChildNodeId=1, falseChildNodeId=2)
    part.treeEnsemble.nodes.add(nodeId=1, nodeBehavior=6)
    part.treeEnsemble.nodes.add(nodeId=2, nodeBehavior=6)
    yield spec
    spec, part = make_spec("arrayFeatureExtractor", {"x": "array"}, {"y": "double"})
    part.extractIndex.append(HUGE)
    yield spec
    spec, part = make_spec("featureVectorizer", {"x": "dictionary int64"}, {"y": "array"})
    part.inputList.add(inputColumn="x", inputDimensions=HUGE)
    yield spec
    spec, part = make_spec("itemSimilarityRecommender", {"x": "sequence int64"}, {"y": "sequence int64"})
    part.itemItemSimilarities.add(itemId=HUGE)
    yield spec
    spec, part = make_spec("nonMaximumSuppression", {"c": "array", "b": "array"}, {"y": f"array {1 << 40} 4"})
    part.confidenceInputFeatureName, part.coordinatesInputFeatureName, part.confidenceOutputFeatureName = "c", "b", "y"
    yield spec


@pytest.mark.parametrize("spec", list(huge_specs()), ids=lambda spec: spec.WhichOneof("Type"))
def test_numbers_beyond_all_reason_are_errors_and_not_memory(spec):
    """A damaged file cannot make the runtime allocate what it declares."""
    with pytest.raises(BadModelError, match=r"has \d+ numbers|out of range|looks at feature"):
        predictor(spec)
