"""Attention against its formula in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

RANDOM = np.random.default_rng(0)
QUERY = RANDOM.standard_normal((2, 3, 4, 8)).astype(np.float32)
KEY = RANDOM.standard_normal((2, 3, 5, 8)).astype(np.float32)
VALUE = RANDOM.standard_normal((2, 3, 5, 6)).astype(np.float32)


def _attention(query, key, value, mask=0.0):
    scores = query @ np.swapaxes(key, -1, -2) / np.sqrt(query.shape[-1]) + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ value


def _run(*inputs, **options):
    (result,) = run_op(
        lambda q, k, v, *mask: mb.scaled_dot_product_attention(
            query=q, key=k, value=v, **({"attn_mask": mask[0]} if mask else {})
        ),
        *inputs,
        opset="iOS18",
        **options,
    )
    return result


@pytest.mark.operation("scaled_dot_product_attention")
def test_attention_without_a_mask():
    """Scores are divided by the square root of the embedding's size."""
    expected = _attention(QUERY, KEY, VALUE)

    assert _run(QUERY, KEY, VALUE) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (3, 1, 5), (2, 3, 4, 5)])
def test_float_mask_is_added(shape):
    """A mask of any rank broadcasts with the scores."""
    mask = RANDOM.standard_normal(shape).astype(np.float32)
    expected = _attention(QUERY, KEY, VALUE, mask)

    assert _run(QUERY, KEY, VALUE, mask) == pytest.approx(expected, abs=1e-5)


def test_mask_of_truth_values_says_what_takes_part():
    """True lets an element take part."""
    mask = np.tri(4, 5, 1, dtype=bool)
    expected = _attention(QUERY, KEY, VALUE, np.where(mask, 0, -np.inf))

    assert _run(QUERY, KEY, VALUE, mask) == pytest.approx(expected, abs=1e-5)


def test_sizes_known_only_when_the_model_runs():
    """The scale is computed from the size at hand."""
    query, key, value = QUERY[0], KEY[0], VALUE[0]
    symbols = [(3, get_new_symbol(), get_new_symbol()) for _ in range(3)]
    expected = _attention(query, key, value)

    assert _run(query, key, value, shapes=symbols) == pytest.approx(expected, abs=1e-5)
