"""Writes an ML Program as text, in either dialect; reading it again gives the same program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.format.dtypes import PROTO_DTYPES, DType
from pytest_coreml.reference.format.mil.grammar import OPSETS
from pytest_coreml.reference.format.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# From this version on scalars have scalar types.
_SCALARS_SINCE: Final = (1, 3)
_WORDS: Final = {opset: word for word, opset in OPSETS.items()}
_NAME: Final = re.compile(r"[A-Za-z_][\w.@/]*")
_ESCAPED: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"})


def print_program(program: Any, version: tuple[int, int] = (1, 0)) -> str:
    """Return the text of a `MILSpec.Program` in the dialect of *version*.

    Raises `UnsupportedModelError` for what the text has no form for here: blocks inside operations, and names that are
    no names.
    """
    return "\n".join(_Printer(version).lines(program)) + "\n"


class _Printer:
    def __init__(self, version: tuple[int, int]) -> None:
        self._version = ".".join(map(str, version))
        self._has_scalars = version >= _SCALARS_SINCE

    def lines(self, program: Any) -> Iterator[str]:
        yield f"program({self._version})"
        attributes = self._attributes(program.attributes)
        if attributes:
            yield attributes
        yield "{"
        for name, function in program.functions.items():
            inputs = ", ".join(self._declarations(function.inputs))
            attributes = self._attributes(function.attributes)
            head = f"    func {_name(name)}<{_WORDS[function.opset]}>({inputs})"
            block = function.block_specializations[function.opset]
            yield f"{head} {attributes} {{" if attributes else f"{head} {{"
            yield from (f"            {self._operation(operation)};" for operation in block.operations)
            yield f"        }} -> ({', '.join(map(_name, block.outputs))});"
        yield "}"

    def _declarations(self, protos: Iterable[Any]) -> list[str]:
        return [f"{self._type(proto.type)} {_name(proto.name)}" for proto in protos]

    def _operation(self, proto: Any) -> str:
        if proto.blocks:
            raise UnsupportedModelError(f"the operation {proto.type} has blocks inside, whose text form is not known")
        opset, _, type_ = proto.type.rpartition(".")
        inputs = ", ".join(f"{_name(key)} = {self._argument(proto.inputs[key])}" for key in sorted(proto.inputs))
        call = f"{_name(type_)}<{opset}>({inputs})" if opset else f"{_name(type_)}({inputs})"
        outputs = ", ".join(self._declarations(proto.outputs))
        return f"{outputs} = {call}{self._attributes(proto.attributes)}" if outputs else call

    def _attributes(self, attributes: Any) -> str:
        pairs = [f"{_name(key)} = {self._value(attributes[key])}" for key in sorted(attributes)]
        return f"[{', '.join(pairs)}]" if pairs else ""

    def _argument(self, proto: Any) -> str:
        bindings = [
            _name(binding.name) if binding.WhichOneof("binding") == "name" else self._value(binding.value)
            for binding in proto.arguments
        ]
        return bindings[0] if len(bindings) == 1 else f"({', '.join(bindings)})"

    def _value(self, proto: Any) -> str:
        if proto.WhichOneof("value") == "blobFileValue":
            word, number = ("string", "uint64") if self._has_scalars else ("tensor<string, []>", "tensor<uint64, []>")
            blob = proto.blobFileValue
            literal = f"BLOBFILE(path = {word}({_text(blob.fileName)}), offset = {number}({blob.offset}))"
        else:
            literal = self._literal(proto)
        return f"{self._type(proto.type)}({literal})"

    def _literal(self, proto: Any) -> str:
        immediate = proto.immediateValue
        kind = immediate.WhichOneof("value")
        if kind in ("tensor", None):
            return _tensor(immediate.tensor, proto.type.tensorType)
        if kind == "dictionary":
            pairs = [f"{{{self._literal(p.key)}, {self._literal(p.value)}}}" for p in immediate.dictionary.values]
            return f"{{{', '.join(pairs)}}}"
        values = [self._literal(value) for value in getattr(immediate, kind).values]
        if kind == "list":
            return f"[{', '.join(values)}]"
        return values[0] if len(values) == 1 else f"({', '.join(values)})"

    def _type(self, proto: Any) -> str:
        kind = proto.WhichOneof("type")
        if kind == "tensorType":
            dtype = PROTO_DTYPES[proto.tensorType.dataType].value
            sizes = ", ".join(map(_size, proto.tensorType.dimensions))
            return f"tensor<{dtype}, [{sizes}]>" if sizes or not self._has_scalars else dtype
        if kind == "listType":
            return f"list<{self._type(proto.listType.type)}, {_size(proto.listType.length)}>"
        if kind == "stateType":
            return f"state<{self._type(proto.stateType.wrappedType)}>"
        if kind == "dictionaryType":
            return f"dict<{self._type(proto.dictionaryType.keyType)}, {self._type(proto.dictionaryType.valueType)}>"
        return f"tuple<{', '.join(map(self._type, proto.tupleType.types))}>"


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UnsupportedModelError(f"the name {name!r} has no form in the text of an ML Program")
    return name


def _size(dimension: Any) -> str:
    return str(dimension.constant.size) if dimension.HasField("constant") else "?"


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"'


def _tensor(proto: Any, type_: Any) -> str:
    dtype = PROTO_DTYPES[type_.dataType]
    shape = tuple(int(dimension.constant.size) for dimension in type_.dimensions)
    kind = proto.WhichOneof("value")
    if kind == "bytes":
        flat = unpack(np.frombuffer(proto.bytes.values, np.uint8), dtype, (-1,) if dtype.bits >= 8 else shape)
        elements = flat.reshape(-1).tolist()
    else:
        elements = list(getattr(proto, kind).values) if kind else []
    return _nested([_element(element, dtype) for element in elements], shape)


def _nested(elements: Sequence[str], shape: tuple[int, ...]) -> str:
    if not shape:
        return elements[0]
    step = len(elements) // shape[0] if shape[0] else 0
    rows = [_nested(elements[index * step : (index + 1) * step], shape[1:]) for index in range(shape[0])]
    return f"[{', '.join(rows)}]"


def _element(element: Any, dtype: DType) -> str:
    if dtype is DType.STRING:
        return _text(element)
    if dtype is DType.BOOL:
        return "true" if element else "false"
    if dtype.is_float:
        return float(element).hex()
    return str(int(element))
