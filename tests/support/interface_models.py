"""A model for each kind of interface: arrays of every type, images, labels, states, functions, pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from interfaces import convert

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = (1, 3, 2, 3)
UNLOADED = {"skip_model_load": True}


def save_interfaces(folder: Path) -> None:
    """Save Types, Words, Numbers, Pictures, Memory, Chain, Line and Many."""
    models = (types_model, words_model, numbers_model, pictures_model, memory_model, chain_model, line_model)
    for build in models:
        build().save(str(folder / f"{build.__name__.removesuffix('_model').title()}.mlpackage"))
    _save_many(folder)


def types_model() -> Any:
    """Build a model that returns its inputs, in every type of specification version 10, and a sum of rank 0."""
    of = {"half": types.fp16, "single": types.fp32, "double": types.fp32, "whole": types.int32, "byte": types.int8}

    @mb.program(input_specs=[mb.TensorSpec((2,), dtype=dtype) for dtype in of.values()], opset_version=ct.target.iOS26)
    def program(half: Any, single: Any, double: Any, whole: Any, byte: Any) -> Any:
        given = zip(of, (half, single, double, whole, byte), strict=True)
        return (*(mb.identity(x=x, name=f"same_{name}") for name, x in given), mb.reduce_sum(x=single, name="sum"))

    model = _converted(program, ct.target.iOS26)
    spec = model.get_spec()
    for feature in [*spec.description.input, *spec.description.output]:
        if "double" in feature.name:
            feature.type.multiArrayType.dataType = feature.type.multiArrayType.ArrayDataType.Value("DOUBLE")
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, **UNLOADED)


def _converted(program: Any, target: Any = ct.target.iOS17, **options: Any) -> Any:
    options = {"minimum_deployment_target": target, "compute_precision": ct.precision.FLOAT32, **UNLOADED, **options}
    return ct.convert(program, convert_to="mlprogram", **options)


def words_model() -> Any:
    """Build a classifier of the prevailing colour of an image of 3 times 2 pixels; scale and bias are the image's."""
    image = ct.ImageType(name="image", shape=IMAGE, scale=1 / 127.5, bias=[-1, -1, -1])

    @mb.program(input_specs=[mb.TensorSpec(IMAGE)], opset_version=ct.target.iOS17)
    def program(image: Any) -> Any:
        return mb.softmax(x=mb.reduce_mean(x=image, axes=[2, 3]), axis=-1, name="chances")

    labels = ct.ClassifierConfig(["red", "green", "blue"])
    return _converted(program, inputs=[image], classifier_config=labels)


def numbers_model() -> Any:
    """Build a classifier of the largest of three numbers, 7, 8 or 9, times optional weights, which default to 2."""
    twos = np.full((1, 3), 2, np.float32)
    inputs = [ct.TensorType(name="x", shape=(1, 3)), ct.TensorType(name="weights", shape=(1, 3), default_value=twos)]

    @mb.program(input_specs=[mb.TensorSpec((1, 3)), mb.TensorSpec((1, 3))], opset_version=ct.target.iOS17)
    def program(x: Any, weights: Any) -> Any:
        return mb.softmax(x=mb.mul(x=x, y=weights), axis=-1, name="chances")

    labels = ct.ClassifierConfig([7, 8, 9], predicted_feature_name="place")
    return _converted(program, inputs=inputs, classifier_config=labels)


def pictures_model() -> Any:
    """Build a model that returns its image, blue first in the program, in the four layouts."""
    image = ct.ImageType(name="image", shape=IMAGE, color_layout=ct.colorlayout.BGR)

    @mb.program(input_specs=[mb.TensorSpec(IMAGE)], opset_version=ct.target.iOS17)
    def program(image: Any) -> Any:
        blue = mb.slice_by_size(x=image, begin=[0, 0, 0, 0], size=[1, 1, 2, 3])
        return (
            mb.identity(x=image, name="bgr"),
            mb.reverse(x=image, axes=[1], name="rgb"),
            mb.identity(x=blue, name="grayscale"),
            mb.mul(x=blue, y=np.float32(2.5), name="grayscale_float16"),
        )

    model = _converted(program, inputs=[image])
    spec = model.get_spec()
    for output in spec.description.output:
        output.type.imageType.height, output.type.imageType.width = IMAGE[2:]
        output.type.imageType.colorSpace = output.type.imageType.ColorSpace.Value(output.name.upper())
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, **UNLOADED)


def memory_model() -> Any:
    """Add up what comes in, in half precision."""
    half = {"shape": (2,), "dtype": types.fp16}

    @mb.program(input_specs=[mb.TensorSpec(**half), mb.StateTensorSpec(**half)], opset_version=ct.target.iOS18)
    def program(x: Any, memory: Any) -> Any:
        total = mb.add(x=mb.read_state(input=memory), y=x)
        return mb.identity(x=mb.coreml_update_state(state=memory, value=total), name="y")

    return _converted(program, ct.target.iOS18)


def chain_model() -> Any:
    """Make a `pipelineClassifier`: numbers change their sign, then the place of the largest is told."""
    return _pipeline("pipelineClassifier", numbers_model())


def line_model() -> Any:
    """Make a `pipelineRegressor`: numbers change their sign, then one is added."""
    return _pipeline("pipelineRegressor", convert(lambda x: mb.add(x=x, y=1.0, name="y"), (1, 3), **UNLOADED))


def _pipeline(kind: str, last: Any) -> Any:
    negate = convert(lambda given: mb.mul(x=given, y=-1.0, name="x"), (1, 3), argument="given", **UNLOADED)
    chain = ct.utils.make_pipeline(negate, last)
    spec, models = chain.get_spec(), list(chain.get_spec().pipeline.models)
    getattr(spec, kind).pipeline.models.extend(models)
    spec.description.predictedFeatureName = models[1].description.predictedFeatureName or "y"
    spec.description.predictedProbabilitiesName = models[1].description.predictedProbabilitiesName
    return ct.models.MLModel(spec, weights_dir=chain.weights_dir, **UNLOADED)


def _save_many(folder: Path) -> None:
    functions = ct.utils.MultiFunctionDescriptor()
    for name, factor in (("double", 2.0), ("negate", -1.0)):
        path = str(folder / f"{name}.mlpackage")
        convert(lambda x, y=factor: mb.mul(x=x, y=y, name="y"), (1, 2), **UNLOADED).save(path)
        functions.add_function(path, "main", name)
    functions.default_function_name = "double"
    ct.utils.save_multifunction(functions, str(folder / "Many.mlpackage"))
