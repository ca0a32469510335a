"""Values that a model tells apart, by its inputs: keys, categories, and numbers about the thresholds of trees.

Example inputs are made of them, so that these take the ways through a model that real values take.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_coreml.facts.model_spec import Feature

# For each input; they travel with the specification.
_MAX_VALUES: Final = 64
_MAPS: Final = {
    "dictVectorizer": "Map",
    "oneHotEncoder": "CategoryType",
    "categoricalMapping": "MappingType",
}


def with_known_values(model: Any, features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the inputs of a `Model` message, with the values that it knows."""
    known = dict(_known(model))
    return tuple(
        dataclasses.replace(feature, known=known[feature.name])
        if feature.name in known and feature.kind not in ("multiArray", "image")
        else feature
        for feature in features
    )


def _known(model: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield pairs of input and values; in a pipeline, those of all models, by the names that they have there."""
    columns: dict[str, list[str]] = {}
    for part in _parts(model):
        kind = part.WhichOneof("Type")
        if not part.description.input:
            continue
        if kind in _MAPS:
            yield part.description.input[0].name, _keys(getattr(part, kind), _MAPS[kind])
        elif kind == "itemSimilarityRecommender":
            recommender = part.itemSimilarityRecommender
            items = list(recommender.itemStringIds.vector) or list(recommender.itemInt64Ids.vector)
            yield recommender.itemInputFeatureName, _few(items)
        elif kind == "featureVectorizer":
            columns[part.description.output[0].name] = _columns(part.featureVectorizer)
        elif kind.startswith("treeEnsemble"):
            yield from _thresholds(part, kind, columns)


def _parts(model: Any) -> Iterator[Any]:
    kind = model.WhichOneof("Type")
    if kind is None or not kind.startswith("pipeline"):
        yield model
        return
    pipeline = model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline
    for part in pipeline.models:
        yield from _parts(part)


def _keys(message: Any, field: str) -> tuple[Any, ...]:
    values = getattr(message, message.WhichOneof(field) or "", None)
    if values is None:
        return ()
    return _few(list(values.vector) if hasattr(values, "vector") else sorted(values.map))


def _columns(vectorizer: Any) -> list[str]:
    return [column.inputColumn for column in vectorizer.inputList for _ in range(column.inputDimensions)]


def _thresholds(part: Any, kind: str, columns: dict[str, list[str]]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the thresholds of each input that is a number, directly or through a vectorizer before the trees."""
    inputs = [feature.name for feature in part.description.input]
    names = columns.get(inputs[0], inputs) if len(inputs) == 1 else inputs
    thresholds: dict[str, set[float]] = {}
    for node in getattr(part, kind).treeEnsemble.nodes:
        if node.nodeBehavior != node.LeafNode and node.branchFeatureIndex < len(names):
            thresholds.setdefault(names[node.branchFeatureIndex], set()).add(node.branchFeatureValue)
    for name, values in thresholds.items():
        yield name, _few(sorted(values))


def _few(values: list[Any]) -> tuple[Any, ...]:
    """Return at most `_MAX_VALUES` of these, spread over all."""
    step = -(-len(values) // _MAX_VALUES) or 1
    return tuple(values[::step])
