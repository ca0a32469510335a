"""Trees and feature engineering as models under test, from the file to the report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from classic_models import make_classifier, make_spec

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-calls=10")
TESTS = """
    import coremltools as ct
    import pytest

    @pytest.mark.coreml_model("Animal.mlmodel")
    @pytest.mark.coreml_budget(size_mb=1, predict_ms=500)
    def test_label(coreml_model):
        assert coreml_model.predict({"animal": "dog", "weight": 30})["label"] == "large"
        assert coreml_model.predict({"animal": "cat", "weight": 30.0})["share"]["small"] > 0.9
        assert coreml_model.predict(coreml_model.example_inputs())["label"] in ("small", "large")
"""
WITH_COREMLTOOLS = """
    import coremltools as ct

    def test_label():
        model = ct.models.MLModel("Animal.mlmodel")
        results = model.predict([{"animal": name, "weight": 30.0} for name in ("dog", "cat")])
        assert [result["label"] for result in results] == ["large", "small"]
"""


def animals() -> Any:
    """Return a pipeline that takes a string and a number: encoder, vectorizer, a tree of one branch."""
    encode, encoder = make_spec("oneHotEncoder", {"animal": "string"}, {"code": "array 2"})
    encoder.stringCategories.vector.extend(["cat", "dog"])
    join, vectorizer = make_spec("featureVectorizer", {"code": "array 2", "weight": "double"}, {"all": "array 3"})
    vectorizer.inputList.add(inputColumn="code", inputDimensions=2)
    vectorizer.inputList.add(inputColumn="weight", inputDimensions=1)
    classify, trees = make_classifier("treeEnsembleClassifier", {"all": "array 3"}, ["small", "large"])
    trees.treeEnsemble.numPredictionDimensions = 1
    trees.treeEnsemble.basePredictionValue.append(0.0)
    nodes = trees.treeEnsemble.nodes
    nodes.add(nodeId=0, branchFeatureIndex=1, branchFeatureValue=0.5, trueChildNodeId=1, falseChildNodeId=2)
    nodes.add(nodeId=1, nodeBehavior=6).evaluationInfo.add(evaluationValue=0.05)
    nodes.add(nodeId=2, nodeBehavior=6).evaluationInfo.add(evaluationValue=0.95)
    spec, part = make_spec(
        "pipelineClassifier",
        {"animal": "string", "weight": "double"},
        {"label": "string", "share": "dictionary string"},
    )
    spec.description.predictedFeatureName, spec.description.predictedProbabilitiesName = "label", "share"
    part.pipeline.models.extend([encode, join, classify])
    return spec


@pytest.mark.slow
def test_a_pipeline_of_trees_is_measured_and_reported(project: pytest.Pytester) -> None:
    """It predicts and is judged as any other model, and its report has the types of its models."""
    (project.path / "Animal.mlmodel").write_bytes(animals().SerializeToString())
    project.makepyfile(TESTS)

    result = project.runpytest_subprocess(*RUN, "--coreml-report=report.json")

    result.assert_outcomes(passed=1)
    [model] = json.loads((project.path / "report.json").read_text())["models"].values()
    assert model["operations"] == {"featureVectorizer": 1, "oneHotEncoder": 1, "treeEnsembleClassifier": 1}
    assert [entry["kind"] for entry in model["inputs"]] == ["string", "double"]


@pytest.mark.slow
def test_a_pipeline_of_trees_predicts_through_coremltools(project: pytest.Pytester) -> None:
    """With the drop-in, a batch of dictionaries gives labels."""
    (project.path / "Animal.mlmodel").write_bytes(animals().SerializeToString())
    project.makepyfile(WITH_COREMLTOOLS)

    project.runpytest_subprocess("-o", "coreml_dropin=true").assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_stage_that_only_a_mac_runs_is_named_with_those_that_run_here(project: pytest.Pytester) -> None:
    """The failure names the stage, and how to take the others out of the pipeline."""
    spec = animals()
    spec.pipelineClassifier.pipeline.models[0].visionFeaturePrint.SetInParent()
    (project.path / "Animal.mlmodel").write_bytes(spec.SerializeToString())

    result = project.runpytest_subprocess(*RUN, "Animal.mlmodel")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*model 1 of the 3 in the pipeline: *visionFeaturePrint*runs only on a Mac*",
            "*model 3 (treeEnsembleClassifier) runs here*MLModel(spec.pipelineClassifier.pipeline.models[[]2])*",
        ]
    )
