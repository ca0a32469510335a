"""Support vector machines against scikit-learn, which has LIBSVM inside."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_classifier, make_spec, predictor
from sklearn.svm import SVC, SVR

from pytest_coreml.reference.classic.pairwise import couple
from pytest_coreml.reference.errors import BadModelError

DATA = np.random.default_rng(0).standard_normal((60, 3))
CLASSES = np.digitize(DATA[:, 0] * DATA[:, 1] + DATA[:, 2], [-0.5, 0.5])
KERNELS = ["linear", "rbf", "poly", "sigmoid"]


def fill(part, model, *, sparse):
    """Write the kernel and the support vectors of a model of scikit-learn."""
    kernel = getattr(part.kernel, f"{model.kernel}Kernel")
    kernel.SetInParent()
    fields = {"gamma": model._gamma, "degree": model.degree, "c": model.coef0}
    for name, value in fields.items():
        if name in {field.name for field in kernel.DESCRIPTOR.fields}:
            setattr(kernel, name, value)
    for row in model.support_vectors_:
        if sparse:
            vector = part.sparseSupportVectors.vectors.add()
            for index, value in enumerate(row):
                vector.nodes.add(index=index + 1, value=value)
        else:
            part.denseSupportVectors.vectors.add().values.extend(row)


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_regressor_predicts_as_scikit_learn(kernel, sparse):
    """Every kernel, and both forms of the vectors."""
    model = SVR(kernel=kernel, coef0=0.3).fit(DATA, DATA @ [1, -2, 3])
    spec, part = make_spec("supportVectorRegressor", {"x": "array 3"}, {"y": "double"})
    fill(part, model, sparse=sparse)
    part.coefficients.alpha.extend(model.dual_coef_[0])
    part.rho = -model.intercept_[0]
    run = predictor(spec)

    assert [run(x=row)["y"] for row in DATA] == pytest.approx(model.predict(DATA))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_votes_as_scikit_learn(kernel, classes):
    """Without probabilities, the class that wins the most pairs is the label."""
    labels = CLASSES % classes
    model = SVC(kernel=kernel, coef0=0.3, decision_function_shape="ovo").fit(DATA, labels)
    spec, part = make_classifier("supportVectorClassifier", {"x": "array 3"}, list(range(classes)))
    fill(part, model, sparse=True)
    part.numberOfSupportVectorsPerClass.extend(model.n_support_)
    for row in model.dual_coef_:
        # scikit-learn turns the sign for two classes
        part.coefficients.add().alpha.extend(-row if classes == 2 else row)
    part.rho.extend(model.intercept_ if classes == 2 else -model.intercept_)
    run = predictor(spec)

    assert [run(x=row)["label"] for row in DATA] == model.predict(DATA).tolist()


def test_probabilities_of_two_classes():
    """The probability of the first class is the sigmoid of the decision by probA and probB."""
    spec, part = make_classifier("supportVectorClassifier", {"x": "double"}, ["a", "b"])
    part.kernel.linearKernel.SetInParent()
    part.denseSupportVectors.vectors.add().values.append(2.0)
    part.denseSupportVectors.vectors.add().values.append(-1.0)
    part.numberOfSupportVectorsPerClass.extend([1, 1])
    part.coefficients.add().alpha.extend([0.5, -0.25])
    part.rho.append(0.125)
    part.probA.append(-1.5)
    part.probB.append(0.25)
    decision = 0.5 * 2 * 3 - 0.25 * -1 * 3 - 0.125
    expected = 1 / (1 + np.exp(-1.5 * decision + 0.25))

    result = predictor(spec)(x=3.0)

    assert result["share"] == pytest.approx({"a": expected, "b": 1 - expected})
    assert result["label"] == "a"

    # LibSVM trains this where the kernel is constant, and gives these numbers for it.
    part.rho[0] = np.nan
    assert predictor(spec)(x=3.0)["share"] == pytest.approx({"a": 1e-7, "b": 1 - 1e-7})


def test_coupling_minimizes_the_disagreement_of_the_pairs():
    """The probabilities of four classes are those that contradict the pairs least, in the square."""
    pairs = np.random.default_rng(1).uniform(0.1, 0.9, 6)
    rates = np.zeros((4, 4))
    rates[np.triu_indices(4, 1)] = pairs
    rates += np.tril(1 - rates.T, -1)
    equations = []
    for i in range(4):
        for j in range(i):
            row = np.zeros(4)
            row[i], row[j] = rates[j, i], -rates[i, j]
            equations.append(row)
    # The sum of the squares, with a multiplier for the sum of 1
    form = np.block([[2 * np.transpose(equations) @ equations, np.ones((4, 1))], [np.ones((1, 4)), np.zeros((1, 1))]])
    expected = np.linalg.solve(form, [0, 0, 0, 0, 1])[:4]

    np.testing.assert_allclose(couple(pairs, 4), expected, atol=2e-3)


def test_an_index_beyond_the_inputs_is_named():
    """Indices are counted from 1, and no vector has more numbers than the model has inputs."""
    for index in (0, 4):
        spec, part = make_spec("supportVectorRegressor", {"x": "array 3"}, {"y": "double"})
        part.kernel.linearKernel.SetInParent()
        part.sparseSupportVectors.vectors.add().nodes.add(index=index, value=1.0)
        part.coefficients.alpha.append(1.0)
        with pytest.raises(BadModelError, match=f"the index {index}"):
            predictor(spec)
