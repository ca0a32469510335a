"""The recommender against the formula of its proto, as a matrix."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict

NAMES = ["apple", "bread", "cheese", "dates"]
SIMILARITY = np.array([[0, 0.5, 0.2, 0], [0.5, 0, 0.9, 0], [0.2, 0.9, 0, 0.1], [0, 0, 0.1, 0]])
SHIFT = np.array([0.0, 0.1, 0.2, 0.0])


def recommender(items="dictionary string"):
    """Return a recommender of four items."""
    inputs = {"items": items, "count": "int64?", "only": "sequence string?", "not": "sequence string?"}
    spec, part = make_spec(
        "itemSimilarityRecommender", inputs, {"list": "sequence string", "scores": "dictionary string"}
    )
    for item, row in enumerate(SIMILARITY):
        entry = part.itemItemSimilarities.add(itemId=item, itemScoreAdjustment=SHIFT[item])
        for other in np.flatnonzero(row):
            entry.similarItemList.add(itemId=other, similarityScore=row[other])
    part.itemStringIds.vector.extend(NAMES)
    part.itemInputFeatureName, part.numRecommendationsInputFeatureName = "items", "count"
    part.itemRestrictionInputFeatureName, part.itemExclusionInputFeatureName = "only", "not"
    part.recommendedItemListOutputFeatureName, part.recommendedItemScoreOutputFeatureName = "list", "scores"
    return spec


def test_scores_are_those_of_the_formula():
    """The rated items are left out; the best comes first."""
    ratings = np.array([0, 2.0, 0, 1.0])
    scores = [sum(SIMILARITY[k, i] * (ratings[i] - SHIFT[k]) for i in (1, 3)) for k in range(4)]

    result = predict(recommender(), items={"bread": 2.0, "dates": 1.0, "unknown": 5.0})

    assert result["list"] == sorted(["apple", "cheese"], key=lambda name: -scores[NAMES.index(name)])
    assert result["scores"] == pytest.approx({"apple": scores[0], "cheese": scores[2]})


def test_number_restriction_and_exclusion():
    """Inputs choose how many, and among which."""
    run = recommender("sequence string")

    assert predict(run, items=["bread"], count=1)["list"] == ["cheese"]
    assert predict(run, items=["bread"], only=["apple", "dates"])["list"] == ["apple", "dates"]
    assert predict(run, items=["bread"], **{"not": ["cheese"]})["list"] == ["apple", "bread", "dates"]
