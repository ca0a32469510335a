"""Functions that turn sums into probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ERF = np.frompyfunc(math.erf, 1, 1)


def logistic(sums: NDArray[Any]) -> NDArray[Any]:
    """Return 1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(sums))
    return np.where(sums >= 0, 1 / (1 + small), small / (1 + small))


def normal_cdf(sums: NDArray[Any]) -> NDArray[Any]:
    """Return the cumulative distribution of the normal distribution, the link of probit models."""
    return (1 + np.asarray(_ERF(sums / math.sqrt(2)), np.float64)) / 2


def softmax(sums: NDArray[Any]) -> NDArray[Any]:
    """Return exp(x) / sum(exp(x)) over the last axis."""
    powers = np.exp(sums - sums.max())
    result: NDArray[Any] = powers / powers.sum()
    return result


def softmax_with_reference(sums: NDArray[Any]) -> NDArray[Any]:
    """Return the softmax of a zero, for the reference class, followed by *sums*."""
    return softmax(np.concatenate([[0.0], sums]))


def two_classes(second: Any) -> NDArray[Any]:
    """Return the probabilities of both classes, given that of the *second*."""
    return np.array([1 - second, second], np.float64)
