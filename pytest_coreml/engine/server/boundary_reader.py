"""Read the boundary of a model from its specification: by the structure of its program, never by names."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.boundary_steps import read_network, read_program
from pytest_coreml.engine.server.handed_caches import find_caches
from pytest_coreml.engine.server.weight_types import pipeline_models
from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.engine.server.boundary_steps import Flow, Step
    from pytest_coreml.facts.model_spec import Feature

_SIZES: Final = {"float64": 8, "float32": 4, "float16": 2, "int32": 4, "int8": 1}
# Bytes of a pixel: Core ML takes color images with an unused fourth channel.
_PIXELS: Final = {"RGB": 4, "BGR": 4, "grayscale": 1, "grayscaleFloat16": 2}
# The version of the specification that brought a type, and its system.
_BROUGHT_BY: Final = {"float16": (7, "iOS 16"), "grayscaleFloat16": (7, "iOS 16"), "int8": (10, "iOS 26")}
_NUMBER: Final = 8
# Operations in which the converter puts scale, bias and layout of an image.
_PREPARING: Final = ("mul", "add", "transpose")
_NETWORK: Final = "a neural network has no types: Core ML converts to those of the device, which no file shows"
_NO_PROGRAM: Final = "the program of this model cannot be read"
_OTHER: Final = "only ML Programs show conversions"


def read_boundary(
    model: Any, inputs: Sequence[Feature], outputs: Sequence[Feature], function: str | None = None
) -> Boundary:
    """Return the boundary of a `Model` message, for the *function* and the features that its description declares."""
    kind = model.WhichOneof("Type") or ""
    if kind == "mlProgram":
        name = function or model.description.defaultFunctionName or "main"
        flow = read_program(model.mlProgram, name)
        if flow is None:
            return _bare(inputs, outputs, _NO_PROGRAM)
        is_one = len(model.mlProgram.functions) == 1
        return replace(_Program(model, flow).read(inputs, outputs), function=None if is_one else name)
    if kind.startswith("pipeline"):
        return _pipeline(model, inputs, outputs)
    if kind.startswith("neuralNetwork"):
        return _network(model, inputs, outputs)
    return _bare(inputs, outputs, _OTHER)


class _Program:
    """The boundary of one function of an ML Program."""

    def __init__(self, model: Any, flow: Flow) -> None:
        self._version: int = model.specificationVersion
        self._flow = flow
        self._readers: dict[str, list[Step]] = {}
        self._makers: dict[str, Step] = {}
        self._shapes: dict[str, tuple[int | None, ...]] = {}
        self._dtypes = {name: value.dtype for name, value in flow.inputs.items()}
        for step in flow.steps:
            for name in step.reads:
                self._readers.setdefault(name, []).append(step)
            for output in step.outputs:
                self._makers[output.name] = step
                self._dtypes[output.name] = output.dtype
                self._shapes[output.name] = output.shape

    def read(self, inputs: Sequence[Feature], outputs: Sequence[Feature]) -> Boundary:
        """Return the boundary; a program's outputs are declared in their order, labels of classifiers among them."""
        of_inputs = tuple(map(self._input, inputs))
        made = {name: self._makers.get(name) for name in self._flow.outputs}
        of_outputs = tuple(self._output(feature, feature.name if feature.name in made else None) for feature in outputs)
        sizes = {crossing.name: crossing for crossing in (*of_inputs, *of_outputs)}
        named = [(feature, feature.name) for feature in outputs if feature.name in made]
        return Boundary(of_inputs, of_outputs, find_caches(self._flow, inputs, named, sizes))

    def _input(self, feature: Feature) -> Crossing:
        value = self._flow.inputs.get(feature.name)
        if value is None:
            return _crossing(feature)
        conversions, computed = list(_outside(feature, value.dtype)), value.dtype
        for readers in self._prepared(feature):
            casts = Counter(step.outputs[0].dtype for step in readers if step.operator == "cast")
            conversions += [Conversion("cast", computed, after, count) for after, count in sorted(casts.items())]
            if not casts and self._prepares(readers, feature):
                conversions.append(Conversion(readers[0].operator, computed, readers[0].outputs[0].dtype))
            if casts.total() == len(readers):
                # Of several casts the one of most parts of the program counts.
                computed = max(casts, key=lambda after: casts[after])
        return _crossing(feature, computed, conversions, self._version)

    def _prepared(self, feature: Feature) -> Iterator[list[Step]]:
        """Yield what reads the input, then what reads that of it as long as it only prepares the input."""
        seen: set[str] = set()
        name = feature.name
        while name not in seen and (readers := self._readers.get(name)):
            seen.add(name)
            yield readers
            if self._prepares(readers, feature):
                name = readers[0].outputs[0].name

    def _prepares(self, readers: Sequence[Step], feature: Feature) -> bool:
        """Return True if one operation alone reads what came of an input, and prepares it for the program.

        A cast does. Scale, bias and layout of an image do, which the converter puts before everything else.
        """
        step = readers[0]
        if len(readers) > 1 or len(step.reads) > 1 or len(step.outputs) != 1:
            return False
        return step.operator == "cast" or (feature.kind == "image" and step.operator in _PREPARING)

    def _output(self, feature: Feature, name: str | None) -> Crossing:
        if name is None:
            return _crossing(feature)
        maker = self._makers.get(name)
        computed = self._dtypes.get(name)
        if maker is not None and maker.operator == "classify":
            return self._class_output(feature, maker)
        conversions = [] if computed is None else list(_outside(feature, computed, incoming=False))
        seen: set[str] = set()
        while maker is not None and maker.operator == "cast" and maker.operands.get("x") and name not in seen:
            seen.add(name)
            source = maker.operands["x"][0]
            before = self._dtypes.get(source, "unknown")
            conversions.insert(0, Conversion("cast", before, self._dtypes[name]))
            name, computed, maker = source, before, self._makers.get(source)
        if (
            not feature.shape
            and feature.kind == "multiArray"
            and None not in (shape := self._shapes.get(feature.name, ()))
        ):
            # The description of an output often leaves out what the program knows.
            feature = replace(feature, shape=tuple(size or 0 for size in shape))
        return _crossing(feature, computed, conversions, self._version)

    def _class_output(self, feature: Feature, maker: Step) -> Crossing:
        if feature.kind != "dictionary":
            return _crossing(feature)
        names = maker.operands.get("probabilities", ())
        source = self._makers.get(names[0]) if names else None
        value = next((each for each in source.outputs if each.name == names[0]), None) if source else None
        if value is None:
            return _crossing(feature)
        known = None not in value.shape
        size = _NUMBER * math.prod(each or 1 for each in value.shape) if known else None
        # The probabilities leave as numbers of a dictionary, whatever they are computed in.
        return Crossing(feature.name, feature.kind, value.dtype, size)


def _crossing(
    feature: Feature, computed: str | None = None, conversions: Sequence[Conversion] = (), version: int = 0
) -> Crossing:
    declared = _declared(feature)
    changes = any(found.operator in ("cast", "convert") for found in conversions)
    remedy = _remedy(feature, computed, conversions, version) if changes else None
    return Crossing(feature.name, declared, computed, _size(feature), tuple(conversions), remedy)


def _declared(feature: Feature) -> str:
    if feature.kind == "image":
        return feature.color or "image"
    return feature.dtype or feature.kind if feature.kind == "multiArray" else feature.kind


def _size(feature: Feature) -> int | None:
    if feature.kind in ("double", "int64"):
        return _NUMBER
    if feature.kind == "string":
        return 0
    each = _PIXELS.get(feature.color or "") if feature.kind == "image" else _SIZES.get(feature.dtype or "")
    if each is None or not feature.shape or feature.kind not in ("image", "multiArray"):
        return None
    return each * math.prod(feature.shape)


def _outside(feature: Feature, dtype: str, *, incoming: bool = True) -> Iterator[Conversion]:
    """Return the conversion that Core ML makes around the program, whose own type is *dtype*."""
    declared = feature.dtype if feature.kind == "multiArray" else None
    if feature.kind == "image":
        declared = "float16" if feature.color == "grayscaleFloat16" else "uint8"
    if declared is not None and declared != dtype:
        pair = (declared, dtype) if incoming else (dtype, declared)
        yield Conversion("convert", *pair, in_program=False)


def _remedy(feature: Feature, computed: str | None, conversions: Sequence[Conversion], version: int) -> Remedy:
    """Return the type to declare instead, for which nothing needs to be converted."""
    declare = None
    if feature.kind == "image":
        half = "float16" in (computed, *(found.before for found in conversions), *(each.after for each in conversions))
        declare = "grayscaleFloat16" if feature.color == "grayscale" and half else None
    elif computed in ("float16", "float32", "int8") and computed != feature.dtype:
        declare = computed
    minimum, target = _BROUGHT_BY.get(declare or "", (0, ""))
    return Remedy(declare, target if version < minimum else None)


def _pipeline(model: Any, inputs: Sequence[Feature], outputs: Sequence[Feature]) -> Boundary:
    """Return the boundary of a pipeline: of the first model that takes an input, and the last that makes an output."""
    from pytest_coreml.engine.server import feature_description

    parts = []
    for part in pipeline_models(model):
        described = part.description
        taken, made = (list(map(feature_description.read, each)) for each in (described.input, described.output))
        parts.append(read_boundary(part, taken, made))
    of_inputs = {each.name: each for part in reversed(parts) for each in part.inputs}
    of_outputs = {each.name: each for part in parts for each in part.outputs}
    why = next((part.why_unknown for part in parts if part.why_unknown), None)
    return Boundary(
        tuple(of_inputs.get(feature.name) or _crossing(feature) for feature in inputs),
        tuple(of_outputs.get(feature.name) or _crossing(feature) for feature in outputs),
        why_unknown=why,
    )


def _network(model: Any, inputs: Sequence[Feature], outputs: Sequence[Feature]) -> Boundary:
    """Return the boundary of a neural network: its preprocessing of images, and states that it hands back."""
    network = getattr(model, model.WhichOneof("Type"))
    prepared = {each.featureName or None: each.WhichOneof("preprocessor") for each in network.preprocessing}
    of_inputs = tuple(_network_input(feature, prepared) for feature in inputs)
    of_outputs = tuple(_network_output(feature) for feature in outputs)
    sizes = {crossing.name: crossing for crossing in (*of_inputs, *of_outputs)}
    flow = read_network(network, tuple(feature.name for feature in outputs))
    named = [(feature, feature.name) for feature in outputs]
    return Boundary(of_inputs, of_outputs, find_caches(flow, inputs, named, sizes), _NETWORK)


def _network_input(feature: Feature, prepared: dict[str | None, str | None]) -> Crossing:
    conversions = list(_doubles(feature, incoming=True))
    if feature.kind == "image" and (kind := prepared.get(feature.name, prepared.get(None))):
        conversions.append(Conversion(kind, "uint8", "float32", in_program=False))
    return _crossing(feature, "float32" if feature.dtype == "float64" else None, conversions)


def _network_output(feature: Feature) -> Crossing:
    return _crossing(
        feature, "float32" if feature.dtype == "float64" else None, list(_doubles(feature, incoming=False))
    )


def _doubles(feature: Feature, *, incoming: bool) -> Iterator[Conversion]:
    # Networks compute in single precision at most.
    if feature.kind == "multiArray" and feature.dtype == "float64":
        pair = ("float64", "float32") if incoming else ("float32", "float64")
        yield Conversion("convert", *pair, in_program=False)


def _bare(inputs: Sequence[Feature], outputs: Sequence[Feature], why: str) -> Boundary:
    return Boundary(tuple(map(_crossing, inputs)), tuple(map(_crossing, outputs)), why_unknown=why)
