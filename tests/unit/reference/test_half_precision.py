"""Conversions between half and single precision give what numpy gives."""

from __future__ import annotations

import numpy as np
import pytest
import reference_runtime  # noqa: F401 - skips where there is none

from pytest_coreml.reference.half_precision import to_half, to_single

RANDOM = np.random.default_rng(0)
# Rounded down and up, to even, subnormal, too large, and not numbers
SPECIAL = [0.1, 1 / 3, 2049.0, 2051.0, 1e-7, -1e-9, 65519.0, 65520.0, -1e30, np.inf, -np.inf, np.nan, -0.0]


@pytest.mark.parametrize("repeats", [1, 1000], ids=["small", "large"])
def test_half_precision_is_rounded_as_by_numpy(repeats):
    """Both ways of converting give the same bits, for small and large arrays, and keep the shape."""
    values = np.concatenate([np.array(SPECIAL, np.float32), RANDOM.standard_normal(51).astype(np.float32)])
    single = np.tile(values, repeats).reshape(repeats, 8, 8)
    with np.errstate(over="ignore"):
        expected = single.astype(np.float16)

    half = to_half(single)

    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, expected)
    np.testing.assert_array_equal(to_single(half), expected.astype(np.float32))


def test_an_array_that_needs_no_conversion_is_not_copied():
    """Half stays half, and single stays single."""
    half, single = np.ones(5000, np.float16), np.ones(5000, np.float32)

    assert to_half(half) is half
    assert to_single(single) is single


def test_other_types_and_strides_are_converted_too():
    """Double precision, and every second element of an array."""
    assert to_half(np.full(5000, 0.1)).dtype == np.float16
    np.testing.assert_array_equal(to_half(np.arange(10_000, dtype=np.float32)[::2])[:3], [0, 2, 4])
