"""The item similarity recommender: the items that are most similar to those a user has rated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.feature_values import check_count
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("itemSimilarityRecommender")
def item_similarity_recommender(message: Any, _: Any, __: RuntimeOptions) -> Compute:
    """Make a recommender: score(k) = sum over rated items i of similarity(k, i) * (score(i) - adjustment(k)).

    Rated items are left out unless the exclusions are given; equal scores are in the order of the items.
    """
    items = _Items(message)
    table = _Similarities(message, len(items.names))

    def compute(values: Values) -> dict[str, Any]:
        rated = _ratings(values.given.get(message.itemInputFeatureName))
        excluded = values.given.get(message.itemExclusionInputFeatureName, rated)
        allowed = items.mask(values.given.get(message.itemRestrictionInputFeatureName), default=True)
        allowed &= ~items.mask(excluded, default=False)
        scores = table.scores(items.known(rated))
        candidates = np.flatnonzero(allowed)
        best = candidates[np.argsort(-scores[candidates], kind="stable")]
        best = best[: _count(values.given.get(message.numRecommendationsInputFeatureName))]
        names = [items.names[item] for item in best]
        return {
            message.recommendedItemListOutputFeatureName: names,
            message.recommendedItemScoreOutputFeatureName: dict(zip(names, map(float, scores[best]), strict=True)),
        }

    return compute


class _Items:
    """The items by their names: strings or numbers of the model, else their positions."""

    def __init__(self, message: Any) -> None:
        similar = message.itemItemSimilarities
        ids = [entry.itemId for entry in similar]
        ids += [other.itemId for entry in similar for other in entry.similarItemList]
        given = list(message.itemStringIds.vector) or list(message.itemInt64Ids.vector)
        if given and max(ids, default=0) >= len(given):
            raise BadModelError(f"the recommender has an item number {max(ids)} and {len(given)} names of items")
        check_count(max(ids, default=0), "the list of the recommender's items")
        self.names = given or list(range(max(ids, default=-1) + 1))
        self._positions = {name: position for position, name in enumerate(self.names)}

    def known(self, ratings: dict[Any, float]) -> dict[int, float]:
        """Return ratings by position; unknown items are left out."""
        return {self._positions[name]: score for name, score in ratings.items() if name in self._positions}

    def mask(self, names: Iterable[Any] | None, *, default: bool) -> NDArray[np.bool_]:
        """Return which items are named; all are *default* where no names are given."""
        if names is None:
            return np.full(len(self.names), default)
        mask = np.zeros(len(self.names), np.bool_)
        mask[[self._positions[name] for name in names if name in self._positions]] = True
        return mask


class _Similarities:
    """For each item, those that are similar to it."""

    def __init__(self, message: Any, count: int) -> None:
        self._similar: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}
        self._adjustments = np.zeros(count)
        for entry in message.itemItemSimilarities:
            self._adjustments[entry.itemId] = entry.itemScoreAdjustment
            similar = entry.similarItemList
            self._similar[entry.itemId] = (
                np.array([other.itemId for other in similar], np.int64),
                np.array([other.similarityScore for other in similar]),
            )

    def scores(self, ratings: dict[int, float]) -> NDArray[Any]:
        """Return the score of every item."""
        scores = np.zeros(self._adjustments.size)
        for item, rating in ratings.items():
            if item in self._similar:
                others, similarities = self._similar[item]
                np.add.at(scores, others, similarities * (rating - self._adjustments[others]))
        return scores


def _ratings(given: Any) -> dict[Any, float]:
    """Return scores by item; items of a sequence have the score 1."""
    if isinstance(given, dict):
        return given
    return dict.fromkeys(given or (), 1.0)


def _count(wanted: Any) -> int | None:
    if wanted is not None and wanted < 0:
        raise BadInputError(f"expected a number of recommendations of 0 or more, got {wanted}")
    return None if wanted is None else int(wanted)
