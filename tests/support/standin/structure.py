"""The structure of a model, from its specification, as the runtime words it."""

from __future__ import annotations

import random
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from standin.native import Unmade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class _MLModelStructureProgramOperationProxy(Unmade):
    __slots__ = ("native",)


class _MLModelStructureNeuralNetworkLayerProxy(Unmade):
    __slots__ = ("native",)


@dataclass(frozen=True)
class NativeItem:
    """An operation or a layer: the framework's object, which its plan owns and proxies only watch.

    *planned* False: a constant, or part of a function that is not the default one.
    """

    name: str
    operator: str
    planned: bool


@dataclass(frozen=True)
class _Style:
    """The properties that all operations of a function share: the opset's prefix, and if the plan covers them."""

    prefix: str
    planned: bool


# Operators spelled without opset prefix even in newer programs, since they never changed after iOS 15.
_UNCHANGED = {"const", "cond", "identity", "select", "shape", "split", "stack", "tile", "while_loop"}
_PREFIXES = {"CoreML6": "ios16.", "CoreML7": "ios17.", "CoreML8": "ios18.", "CoreML9": "ios26."}
_OLDER = {"reduce_mean": "ios16.reduce_mean", "pixel_unshuffle": "ios16.pixel_unshuffle"}

_LAYER_TYPES = {"add": "elementwise", "addBroadcastable": "elementwise", "multiply": "elementwise"}


class StructureBuilder:
    """Build coremltools' dataclasses for a specification.

    *own* is given every framework object; a plan keeps them, a structure that stands alone drops them, so that its
    proxies are dead from the start.
    """

    def __init__(self, own: Callable[[NativeItem], None]) -> None:
        from coremltools.models import compute_plan

        self.words = compute_plan
        self.own = own

    def build(self, spec: Any) -> Any:
        """Return the structure; all three parts are None for trees, linear models and the like."""
        kind = spec.WhichOneof("Type") or ""
        network = program = pipeline = None
        if kind.startswith("neuralNetwork"):
            network = self._network(getattr(spec, kind))
        elif kind == "mlProgram":
            program = self._program(spec.mlProgram, spec.description.defaultFunctionName or "main")
        elif kind.startswith("pipeline"):
            parts = getattr(spec, kind) if kind == "pipeline" else getattr(spec, kind).pipeline
            pipeline = self._pipeline(parts)
        return self.words.MLModelStructure(network, program, pipeline)

    def _pipeline(self, parts: Any) -> Any:
        names = list(parts.names) or [f"model{i}" for i in range(len(parts.models))]
        models = [(name, self.build(model)) for name, model in zip(names, parts.models, strict=True)]
        return self.words.MLModelStructurePipeline(models)

    def _network(self, network: Any) -> Any:
        return self.words.MLModelStructureNeuralNetwork([self._layer(layer) for layer in network.layers])

    def _layer(self, layer: Any) -> Any:
        kind = layer.WhichOneof("layer")
        item = NativeItem(layer.name, _LAYER_TYPES.get(kind, kind), planned=True)
        proxy = self._proxy(_MLModelStructureNeuralNetworkLayerProxy, item)
        return self.words.MLModelStructureNeuralNetworkLayer(
            layer.name, item.operator, list(layer.input), list(layer.output), proxy
        )

    def _program(self, program: Any, default: str) -> Any:
        # Neither functions nor inputs come in an order.
        names = _shuffled(program.functions)
        functions = {name: self._function(program.functions[name], name == default) for name in names}
        return self.words.MLModelStructureProgram(functions)

    def _function(self, function: Any, planned: bool) -> Any:
        style = _Style(_PREFIXES.get(function.opset, ""), planned)
        block = self._block(function.block_specializations[function.opset], style)
        return self.words.MLModelStructureProgramFunction(self._named(function.inputs), block)

    def _block(self, block: Any, style: _Style) -> Any:
        operations = [self._operation(operation, style) for operation in block.operations]
        return self.words.MLModelStructureProgramBlock(self._named(block.inputs), operations, list(block.outputs))

    def _operation(self, operation: Any, style: _Style) -> Any:
        bare = operation.type
        constant = bare == "const" or bare.startswith("constexpr_")
        outputs = self._named(operation.outputs)
        item = NativeItem(outputs[0].name if outputs else "", bare, planned=style.planned and not constant)
        return self.words.MLModelStructureProgramOperation(
            {name: self._argument(operation.inputs[name]) for name in _shuffled(operation.inputs)},
            _spell(bare, style.prefix),
            outputs,
            [self._block(block, style) for block in operation.blocks],
            self._proxy(_MLModelStructureProgramOperationProxy, item),
        )

    def _argument(self, argument: Any) -> Any:
        bindings = [
            self.words.MLModelStructureProgramBinding(b.name, None)
            if b.WhichOneof("binding") == "name"
            else self.words.MLModelStructureProgramBinding(None, self.words.MLModelStructureProgramValue())
            for b in argument.arguments
        ]
        return self.words.MLModelStructureProgramArgument(bindings)

    def _named(self, values: Any) -> list[Any]:
        kind = self.words.MLModelStructureProgramValueType()
        return [self.words.MLModelStructureProgramNamedValueType(value.name, kind) for value in values]

    def _proxy(self, kind: type, item: NativeItem) -> Any:
        self.own(item)
        proxy = kind.__new__(kind)
        proxy.native = weakref.ref(item)
        return proxy


def _shuffled(names: Iterable[str]) -> list[str]:
    found = list(names)
    random.shuffle(found)
    return found


def _spell(operator: str, prefix: str) -> str:
    if not prefix or operator in _UNCHANGED:
        return operator
    return _OLDER.get(operator, prefix + operator)
