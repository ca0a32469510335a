"""From the probabilities of pairs of classes to those of the classes.

The second method of Wu, Lin and Weng (2004), "Probability estimates for multi-class classification by pairwise
coupling", which LIBSVM uses: the class probabilities p minimize the sum over pairs of (r_ji p_i - r_ij p_j)^2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def couple(pairs: NDArray[Any], classes: int) -> NDArray[Any]:
    """Return the probabilities of the *classes*; *pairs* are those of the first of each two, in order."""
    if classes == 1:
        return np.ones(1)
    rates = np.zeros((classes, classes))
    first, second = np.triu_indices(classes, 1)
    rates[first, second] = pairs
    rates[second, first] = 1 - pairs
    if classes == 2:
        return rates[[0, 1], [1, 0]]
    return _minimize(rates)


def _minimize(rates: NDArray[Any]) -> NDArray[Any]:
    """Iterate as LIBSVM does, and stop where it does: the result is compared with its."""
    classes = len(rates)
    form = -rates.T * rates
    np.fill_diagonal(form, np.square(rates).sum(axis=0))
    p = np.full(classes, 1 / classes)
    for _ in range(max(100, classes)):
        products = form @ p
        value = p @ products
        if np.abs(products - value).max() < 0.005 / classes:
            break
        for index in range(classes):
            step = (value - products[index]) / form[index, index]
            p[index] += step
            value = (value + step * (step * form[index, index] + 2 * products[index])) / (1 + step) ** 2
            products = (products + step * form[index]) / (1 + step)
            p /= 1 + step
    return p
