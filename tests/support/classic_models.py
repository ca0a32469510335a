"""Specifications of models that are not networks, and predictions with them, below coremltools."""

from __future__ import annotations

from typing import Any

from coremltools.proto import FeatureTypes_pb2, Model_pb2

from pytest_coreml.reference.execution.loaded_model import load_model
from pytest_coreml.reference.format.package import MemoryPackage
from pytest_coreml.reference.options import RuntimeOptions

_KEYS = {"string": "stringKeyType", "int64": "int64KeyType"}
_ELEMENTS = {"string": "stringType", "int64": "int64Type"}
_DTYPES = {
    "float64": FeatureTypes_pb2.ArrayFeatureType.DOUBLE,
    "float32": FeatureTypes_pb2.ArrayFeatureType.FLOAT32,
    "int32": FeatureTypes_pb2.ArrayFeatureType.INT32,
}


def feature_type(words: str) -> Any:
    """Return a type for words such as `double`, `dictionary string`, `array 3`, `array 2 3 float32`, `double?`."""
    type_ = FeatureTypes_pb2.FeatureType(isOptional=words.endswith("?"))
    kind, *rest = words.rstrip("?").split()
    if kind == "dictionary":
        getattr(type_.dictionaryType, _KEYS[rest[0]]).SetInParent()
    elif kind == "sequence":
        getattr(type_.sequenceType, _ELEMENTS[rest[0]]).SetInParent()
    elif kind == "array":
        type_.multiArrayType.dataType = _DTYPES[rest.pop() if rest and rest[-1] in _DTYPES else "float64"]
        type_.multiArrayType.shape.extend(map(int, rest))
    else:
        getattr(type_, f"{kind}Type").SetInParent()
    return type_


def make_spec(kind: str, inputs: dict[str, str], outputs: dict[str, str]) -> tuple[Any, Any]:
    """Return a `Model` message of a type, and its part of that type to fill in."""
    spec = Model_pb2.Model(specificationVersion=4)
    for features, types in ((spec.description.input, inputs), (spec.description.output, outputs)):
        for name, words in types.items():
            features.add(name=name).type.CopyFrom(feature_type(words))
    part = getattr(spec, kind)
    part.SetInParent()
    return spec, part


def make_classifier(kind: str, inputs: dict[str, str], labels: list[Any]) -> tuple[Any, Any]:
    """Return a classifier with the outputs `label` and `share`."""
    word = "string" if isinstance(labels[0], str) else "int64"
    spec, part = make_spec(kind, inputs, {"label": word, "share": f"dictionary {word}"})
    spec.description.predictedFeatureName, spec.description.predictedProbabilitiesName = "label", "share"
    getattr(part, f"{word}ClassLabels").vector.extend(labels)
    return spec, part


def predictor(spec: Any) -> Any:
    """Load a model; return a function from inputs to outputs."""
    model = load_model(MemoryPackage(b"", {}), spec, "", RuntimeOptions())
    return lambda **inputs: model.predict(inputs, None)[0]


def predict(spec: Any, **inputs: Any) -> dict[str, Any]:
    """Load a model and predict once."""
    return predictor(spec)(**inputs)
