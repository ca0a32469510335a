"""The measures of agreement are those of their definitions, of scikit-learn and scipy, and of coremltools where it
defines the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from coremltools.models.ml_program.experimental.debugging_utils import compute_snr_and_psnr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, max_error, mean_squared_error
from sklearn.metrics.pairwise import cosine_similarity

from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.verdict import output_measures
from pytest_coreml.verdict.output_measures import InputMeasures, compare, compare_text, measure, worst_of

ROWS = frozenset(("kl", "top1"))


def pair(shape: tuple[int, ...], noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a reference and a candidate that differs from it by *noise*."""
    random = np.random.default_rng(seed)
    reference = random.standard_normal(shape).astype(np.float32)
    return reference, (reference + noise * random.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(10,), (1, 1000), (2, 3, 64, 64)])
def test_measures_of_elements_follow_their_definitions(shape: tuple[int, ...]) -> None:
    """The expected values are written from the definitions, in double precision."""
    reference, candidate = pair(shape)
    x, y = reference.astype(np.float64).ravel(), candidate.astype(np.float64).ravel()
    error = np.sqrt(np.mean((y - x) ** 2))

    values = measure(reference, candidate, Comparing()).values

    assert values == pytest.approx(
        {
            "psnr": 20 * np.log10(np.abs(x).max() / error),
            "snr": 10 * np.log10(np.mean(x**2) / np.mean((y - x) ** 2)),
            "cosine": x @ y / np.sqrt((x @ x) * (y @ y)),
            "max_abs": np.abs(y - x).max(),
            "relative_l2": np.linalg.norm(y - x) / np.linalg.norm(x),
        }
    )


def test_measures_are_those_of_scikit_learn() -> None:
    """Error, greatest error and cosine are in scikit-learn too."""
    reference, candidate = pair((500,))
    x, y = reference.astype(np.float64), candidate.astype(np.float64)

    values = measure(reference, candidate, Comparing()).values

    psnr = 10 * math.log10(np.abs(x).max() ** 2 / mean_squared_error(x, y))
    assert values["psnr"] == pytest.approx(psnr)
    assert values["max_abs"] == pytest.approx(max_error(x, y))
    assert values["cosine"] == pytest.approx(cosine_similarity(x[None], y[None])[0, 0])


def test_psnr_and_snr_are_those_of_coremltools_for_a_vector() -> None:
    """Its two small constants change the ninth digit."""
    reference, candidate = pair((4096,))

    values = measure(reference, candidate, Comparing()).values
    snr, psnr = compute_snr_and_psnr(candidate.astype(np.float64), reference.astype(np.float64))

    assert (values["snr"], values["psnr"]) == pytest.approx((snr, psnr), abs=1e-4)


def test_coremltools_divides_by_the_first_axis_only() -> None:
    """As the documentation says: its PSNR of a (1, N) output is 10 log10(N) dB lower, and its SNR is ours."""
    reference, candidate = pair((1, 1000))

    values = measure(reference, candidate, Comparing()).values
    snr, psnr = compute_snr_and_psnr(candidate.astype(np.float64), reference.astype(np.float64))

    assert values["psnr"] - 10 * math.log10(1000) == pytest.approx(psnr, abs=1e-4)
    assert values["snr"] == pytest.approx(snr, abs=1e-4)


def test_divergence_of_logits_is_that_of_scipy() -> None:
    """The mean over the rows, in nats."""
    reference, candidate = pair((7, 50), noise=1.0)
    p, q = (np.exp(logits.astype(np.float64)) for logits in (reference, candidate))

    values = measure(reference, candidate, Comparing(ROWS)).values

    assert values["kl"] == pytest.approx(entropy(p, q, axis=1).mean())


def test_divergence_of_distant_logits_is_finite() -> None:
    """A probability of exp(-2000) is not zero."""
    assert measure(np.array([0.0, 0.0]), np.array([0.0, -2000.0]), Comparing(ROWS)).values["kl"] == pytest.approx(
        1000 - math.log(2)
    )


def divergence(reference: object, *candidates: object) -> float | None:
    """Return the divergence of several outputs, one for each input, from the same *reference*."""
    found = [measure(np.asarray(reference), np.asarray(each), Comparing(ROWS)) for each in candidates]
    return worst_of("y", found).kl


def test_divergence_of_probabilities_is_that_of_scipy() -> None:
    """Probabilities are not softmaxed again; one that the reference excludes adds nothing."""
    p, q = np.array([[0.5, 0.5, 0.0]]), np.array([[0.4, 0.5, 0.1]])

    assert divergence(p, q) == pytest.approx(entropy(p[0], q[0]), abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_wrong_classifier_diverges_whether_it_gives_logits_or_probabilities(dtype: type[np.floating[Any]]) -> None:
    """A second softmax of probabilities in (0, 1) is nearly flat, and would hide that every decision is wrong."""
    logits = 8 * np.random.default_rng(0).standard_normal((20, 1000))
    probabilities = softmax(logits, axis=1).astype(dtype)

    of_logits = divergence(logits, logits[:, ::-1])
    of_probabilities = divergence(probabilities, probabilities[:, ::-1])

    assert of_logits is not None
    assert of_logits > 5
    # Floored at the least float16, a probability of zero costs at most ln(2**24), which is 16.6.
    assert of_probabilities == pytest.approx(of_logits, rel=0.5)
    assert entropy(softmax(probabilities, axis=1), softmax(probabilities[:, ::-1], axis=1), axis=1).mean() < 0.01


def test_probabilities_that_are_zero_in_half_precision_only_diverge_little() -> None:
    """A right model in float16 has zeros where the reference in float32 has 1e-9."""
    reference = softmax(np.linspace(0, -40, 1000))

    assert (reference.astype(np.float16) == 0).any()
    assert divergence(reference, reference.astype(np.float16)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("candidate", [[2.0, 0.75, 0.05], [-1.0, 1.0, 1.0], [0.2, 0.2, 0.2]])
def test_what_is_not_probabilities_diverges_infinitely_from_probabilities(candidate: list[float]) -> None:
    """As that of a model which lost its softmax, even if it is proportional to the reference."""
    assert divergence([0.7, 0.26, 0.04], candidate) == math.inf


def test_one_row_that_is_not_probabilities_makes_all_rows_logits() -> None:
    """A row of logits may have the sum 1 by chance; the rule is the same for every row and every input."""
    by_chance, logits, other = np.array([0.7, 0.3]), np.array([0.7, 3.0]), np.array([0.4, 0.6])
    expected = entropy(np.exp(by_chance), np.exp(other))

    found = [measure(reference, other, Comparing(ROWS)) for reference in (by_chance, logits)]

    assert found[0].values["kl"] == pytest.approx(expected)
    assert worst_of("y", found).kl == found[1].values["kl"]
    assert measure(np.array([by_chance, logits]), np.array([other, other]), Comparing(ROWS)).kl_of_probabilities is None


def test_a_row_of_one_element_is_not_probabilities() -> None:
    """A sigmoid that is saturated gives 1, which is the sum of its row."""
    assert divergence([[1.0]], [[0.5]]) == 0


def test_top1_is_the_accuracy_of_scikit_learn() -> None:
    """A decision is the greatest element of a row."""
    reference, candidate = pair((200, 5), noise=1.0)

    found = measure(reference, candidate, Comparing(ROWS))

    assert found.values["top1"] == accuracy_score(reference.argmax(1), candidate.argmax(1))
    assert found.values["top1"] < 1
    assert (found.decisions, found.agreeing) == (200, round(found.values["top1"] * 200))


@pytest.mark.parametrize(("margin", "top1"), [(0.0, 0.0), (0.1, 0.0), (0.2, 1.0)])
def test_a_near_tie_of_the_reference_is_no_disagreement(margin: float, top1: float) -> None:
    """The reference leads by 0.125; the choice agrees if that is less than the margin."""
    reference, candidate = np.array([1.0, 0.875, -5.0]), np.array([0.875, 1.0, -5.0])

    assert measure(reference, candidate, Comparing(ROWS, margin)).values["top1"] == top1


def test_a_choice_that_the_reference_holds_low_disagrees_in_spite_of_a_near_tie() -> None:
    """The lead over the candidate's choice counts, not that over the second."""
    reference, candidate = np.array([1.0, 0.99, -5.0]), np.array([0.0, 0.0, 5.0])

    assert measure(reference, candidate, Comparing(ROWS, 0.1)).values["top1"] == 0


def test_equal_outputs_agree_without_limit() -> None:
    """Their ratios are infinite, and they are called identical."""
    reference, _ = pair((3, 4))

    agreement = compare({"y": reference}, {"y": reference.copy()})["y"]

    assert agreement.identical
    assert (agreement.psnr, agreement.snr, agreement.cosine) == (math.inf, math.inf, 1.0)
    assert (agreement.max_abs, agreement.relative_l2, agreement.kl, agreement.top1) == (0, 0, 0, 1)


def test_outputs_of_zeros() -> None:
    """A reference of zeros has no signal; two outputs of zeros are equal."""
    zeros, ones = np.zeros(4), np.ones(4)

    against_zeros = measure(zeros, ones, Comparing()).values
    of_zeros = measure(ones, zeros, Comparing()).values

    assert (against_zeros["psnr"], against_zeros["relative_l2"], against_zeros["cosine"]) == (-math.inf, math.inf, 0)
    assert (of_zeros["cosine"], of_zeros["relative_l2"]) == (0, 1)
    assert measure(zeros, zeros, Comparing()).values["cosine"] == 1


def test_the_peak_of_an_8_bit_image_is_255() -> None:
    """As everybody computes the PSNR of images; the reference's own peak is 200."""
    reference = np.full((8, 8), 200, np.uint8)

    values = measure(reference, reference - np.uint8(1), Comparing(peak=255)).values

    assert values["psnr"] == pytest.approx(20 * math.log10(255))


def test_not_a_number_is_found_where_nothing_can_be_computed() -> None:
    """The index is that of the first in C order."""
    reference = np.ones((2, 3))
    candidate = reference.copy()
    candidate[1, 0] = np.nan
    candidate[1, 2] = np.inf

    agreement = worst_of("y", [measure(reference, reference, Comparing()), measure(reference, candidate, Comparing())])

    bad = agreement.candidate_non_finite
    assert bad is not None
    assert (bad.input, bad.index, bad.value) == (1, (1, 0), "nan")
    assert agreement.reference_non_finite is None
    assert agreement.psnr is None


def test_what_is_infinite_on_both_sides_is_left_out() -> None:
    """Masked logits are infinite by design."""
    reference, candidate = np.array([-np.inf, 1.0, 2.0]), np.array([-np.inf, 1.0, 2.5])

    values = measure(reference, candidate, Comparing(ROWS)).values

    assert values["max_abs"] == 0.5
    assert values["top1"] == 1
    assert values["kl"] == pytest.approx(entropy(np.exp([1.0, 2.0]), np.exp([1.0, 2.5])))


def test_each_measure_is_that_of_its_worst_input() -> None:
    """The least of ratios and the greatest of differences; decisions are counted over all inputs."""
    found = [
        InputMeasures({"psnr": 40.0, "max_abs": 0.5, "top1": 1.0}, decisions=1, agreeing=1),
        InputMeasures({"psnr": 30.0, "max_abs": 0.1, "top1": 0.0}, decisions=1),
        InputMeasures({"psnr": 50.0, "max_abs": 0.2, "top1": 1.0}, decisions=2, agreeing=2),
    ]

    agreement = worst_of("y", found)

    assert (agreement.psnr, agreement.max_abs, agreement.top1) == (30.0, 0.5, 0.75)
    assert agreement.worst == {"psnr": 1, "max_abs": 0, "top1": 1}


def test_labels_agree_or_not() -> None:
    """Strings have no distance."""
    assert compare_text(np.array("cat"), np.array("cat")).values == {"top1": 1.0}
    assert compare_text(np.array("cat"), np.array("dog")).values == {"top1": 0.0}


def test_other_shapes_cannot_be_compared() -> None:
    """The message names both."""
    with pytest.raises(ValueError, match=r"expected the shape \(1, 10\), got \(10,\)"):
        measure(np.ones((1, 10)), np.ones(10), Comparing())


def test_an_output_without_elements_agrees() -> None:
    """As the boxes of a detector that has found nothing."""
    assert measure(np.empty((0, 4)), np.empty((0, 4)), Comparing(ROWS)).values["max_abs"] == 0


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 64), st.integers(0, 9))
def test_the_size_of_blocks_does_not_matter(rows: int, width: int, block: int, seed: int) -> None:
    """Blocks end at the end of a row."""
    reference, candidate = pair((rows, width), noise=1.0, seed=seed)
    whole = measure(reference, candidate, Comparing(ROWS))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output_measures, "_BLOCK", block)
        in_blocks = measure(reference, candidate, Comparing(ROWS))

    assert in_blocks.values == pytest.approx(whole.values)
    assert in_blocks.agreeing == whole.agreeing
