"""The storage types of a model's weights."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# For each compression operation the operand with the stored numbers, and our name of the compression
# (coremltools.optimize.coreml writes these operations).
_COMPRESSED = {
    "constexpr_affine_dequantize": ("quantized_data", "linear"),
    "constexpr_blockwise_shift_scale": ("data", "linear"),
    "constexpr_lut_to_dense": ("indices", "palettized"),
    "constexpr_sparse_to_dense": ("nonzero_data", "sparse"),
    "constexpr_lut_to_sparse": ("indices_nonzero_data", "palettized sparse"),
    "constexpr_sparse_blockwise_shift_scale": ("nonzero_data", "linear sparse"),
    "constexpr_cast": ("source_val", "cast"),
}
# The operand with the lookup table of palettized weights. In an attribute, as up to iOS 17, it is a list of the
# entries; from iOS 18 the entries are on the last axis but one, and the last has the components of each entry.
_TABLES = {"constexpr_lut_to_dense": "lut", "constexpr_lut_to_sparse": "lut"}


def precision(model: Any) -> tuple[str, ...]:
    """Return the storage types of the weights of a `Model` message, the type of most bytes first."""
    sizes: Counter[str] = Counter()
    for kind, size in _stored(model):
        sizes[kind] += size
    return tuple(kind for kind, _ in sizes.most_common())


def network_bytes(model: Any) -> int:
    """Return the size of the weights that a `Model` message itself contains, as neural networks do."""
    kind = model.WhichOneof("Type") or ""
    if kind.startswith("neuralNetwork"):
        return sum(size for _, size in _stored(model))
    return sum(map(network_bytes, pipeline_models(model))) if kind.startswith("pipeline") else 0


def weight_files(model: Any) -> set[str]:
    """Return the names by which the programs of a `Model` message refer to weight files."""
    kind = model.WhichOneof("Type") or ""
    if kind.startswith("pipeline"):
        return set().union(*map(weight_files, pipeline_models(model)))
    if kind != "mlProgram":
        return set()
    blocks = [block for it in model.mlProgram.functions.values() for block in it.block_specializations.values()]
    return {value.blobFileValue.fileName for block in blocks for value in _block_blobs(block)}


def _block_blobs(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        for value in operation.attributes.values():
            if value.WhichOneof("value") == "blobFileValue":
                yield value
        for nested in operation.blocks:
            yield from _block_blobs(nested)


def pipeline_models(model: Any) -> Iterator[Any]:
    """Iterate over the models of a pipeline, pipeline classifier or pipeline regressor."""
    kind = model.WhichOneof("Type")
    yield from (model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline).models


def _stored(model: Any) -> Iterator[tuple[str, int]]:
    kind = model.WhichOneof("Type") or ""
    if kind == "mlProgram":
        for function in model.mlProgram.functions.values():
            for block in function.block_specializations.values():
                yield from _block_weights(block)
    elif kind.startswith("neuralNetwork"):
        for layer in getattr(model, kind).layers:
            yield from _message_weights(layer)
    elif kind.startswith("pipeline"):
        for part in pipeline_models(model):
            yield from _stored(part)


def _block_weights(block: Any) -> Iterator[tuple[str, int]]:
    constants = {
        operation.outputs[0].name: operation.attributes["val"]
        for operation in block.operations
        if operation.type == "const" and operation.outputs
    }
    compressed: set[str] = set()
    for operation in block.operations:
        operator = operation.type.rsplit(".", 1)[-1]
        if operator in _COMPRESSED:
            operand, word = _COMPRESSED[operator]
            width = _index_bits(operation, operator, constants)
            for value in _operand(operation, operand, constants, compressed):
                bits, size = _storage(value)
                yield f"{f'{width}-bit' if width else bits} {word}", size
        for nested in operation.blocks:
            yield from _block_weights(nested)
    for name, value in constants.items():
        if name not in compressed and value.WhichOneof("value") == "blobFileValue":
            yield _storage(value)


def _index_bits(operation: Any, operator: str, constants: dict[str, Any]) -> int | None:
    """Return the width of the indices into a lookup table; None if the operation has no table of a known size.

    Up to iOS 17 the type of the indices does not say it: they are packed into bytes.
    """
    name = _TABLES.get(operator)
    table = next(_operand(operation, name, constants, set()), None) if name is not None else None
    if table is None:
        return None
    sizes = [dimension.constant.size for dimension in table.type.tensorType.dimensions]
    entries = sizes[-2] if len(sizes) > 1 else sum(sizes)
    return max(1, (entries - 1).bit_length()) if entries > 0 else None


def _operand(operation: Any, name: str, constants: dict[str, Any], seen: set[str]) -> Iterator[Any]:
    # Up to iOS 17 the data are attributes; from iOS 18 inputs, in place or by a const operation.
    if name in operation.attributes:
        yield operation.attributes[name]
    for binding in operation.inputs[name].arguments if name in operation.inputs else ():
        if binding.WhichOneof("binding") == "value":
            yield binding.value
        elif binding.name in constants:
            seen.add(binding.name)
            yield constants[binding.name]


def _storage(value: Any) -> tuple[str, int]:
    tensor = value.type.tensorType
    types = type(tensor).DESCRIPTOR.fields_by_name["dataType"].enum_type.values_by_number
    if tensor.dataType not in types:  # of a newer Core ML
        return "unknown", 1
    word = _type_word(types[tensor.dataType].name)
    count = math.prod(dimension.constant.size for dimension in tensor.dimensions)
    return word, max(1, count * _bits(word) // 8)


def _type_word(name: str) -> str:
    word = name.lower()
    for kind in ("uint", "int"):
        digits = word.removeprefix(kind)
        if digits.isdigit() and int(digits) < 16:
            return f"{digits}-bit"
    return word


def _bits(word: str) -> int:
    digits = "".join(character for character in word if character.isdigit())
    return int(digits) if digits else 8


def _message_weights(message: Any) -> Iterator[tuple[str, int]]:
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        repeated = not hasattr(value, "ListFields")
        for part in value if repeated and not hasattr(value, "items") else (() if repeated else (value,)):
            if type(part).__name__ == "WeightParams":
                yield from _layer_weights(part)
            else:
                yield from _message_weights(part)


def _layer_weights(weights: Any) -> Iterator[tuple[str, int]]:
    if weights.floatValue:
        yield "float32", 4 * len(weights.floatValue)
    if weights.float16Value:
        yield "float16", len(weights.float16Value)
    if weights.rawValue:
        bits = weights.quantization.numberOfBits or 8
        word = "palettized" if weights.quantization.HasField("lookupTableQuantization") else "linear"
        yield f"{bits}-bit {word}", len(weights.rawValue)
    if weights.int8RawValue:
        yield "8-bit linear", len(weights.int8RawValue)
