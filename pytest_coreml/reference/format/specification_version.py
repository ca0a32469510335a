"""The oldest specification version that a model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.format.pipeline import pipeline_message

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of an ML Program, by the opset of its functions (MIL's opsets and Core ML's versions are counted alike).
_OF_OPSETS: Final = {"CoreML5": 6, "CoreML6": 7, "CoreML7": 8, "CoreML8": 9, "CoreML9": 10}
_STATEFUL: Final = 9
_FLOAT16: Final = 7
_INT8: Final = 10
_FLOAT16_ARRAY, _INT8_ARRAY, _FLOAT16_IMAGE = 65552, 131080, 40


def oldest_version(spec: Any) -> int:
    """Return the oldest version for an ML Program or a pipeline; for other models, their declared version."""
    pipeline = pipeline_message(spec)
    if pipeline is not None:
        return max([4, *map(oldest_version, pipeline.models)])
    if spec.WhichOneof("Type") != "mlProgram":
        return int(spec.specificationVersion)
    opsets = [function.opset for function in spec.mlProgram.functions.values()]
    known = [_OF_OPSETS.get(opset, int(spec.specificationVersion)) for opset in opsets]
    return max([6, *known, *_of_features(spec.description)])


def _of_features(description: Any) -> Iterator[int]:
    if description.functions or description.state:
        yield _STATEFUL
    for part in (description, *description.functions):
        for feature in (*part.input, *part.output):
            array, image = feature.type.multiArrayType, feature.type.imageType
            if array.dataType == _INT8_ARRAY:
                yield _INT8
            if array.dataType == _FLOAT16_ARRAY or image.colorSpace == _FLOAT16_IMAGE:
                yield _FLOAT16
