"""The boundary of a model is read from the structure of its program, for packages and compiled models alike."""

from __future__ import annotations

import logging

import coremltools as ct
import numpy as np
import pytest
from compiled_folders import save_compiled
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from coremltools.proto import MIL_pb2, Model_pb2
from coremltools.proto.FeatureTypes_pb2 import ArrayFeatureType

from pytest_coreml.engine.server.boundary_reader import read_boundary
from pytest_coreml.engine.server.specification import describe
from pytest_coreml.facts.model_boundary import Conversion, HandedCache, Remedy
from pytest_coreml.facts.model_spec import Feature
from pytest_coreml.reference.format.mil.grammar import parse_program

INFO = '[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-version", "3404"}})]'
NAMED = '[name = tensor<string, []>("n")];'
WEIGHT = np.ones((1000, 64), np.float32)


def array(name, dtype, *shape):
    """Describe a multi-array."""
    return Feature(name, "multiArray", dtype=dtype, shape=shape)


def boundary_of(inputs, body, outputs, declared, version=9):
    """Read the boundary of a program in text, with the features that its description declares."""
    names = ", ".join(output.name for output in declared[1])
    text = (
        f"program(1.0)\n{INFO}\n{{\n    func main<ios18>({inputs}) {{\n{body}\n        }} -> ({outputs or names});\n}}"
    )
    model = Model_pb2.Model(specificationVersion=version)
    model.mlProgram.CopyFrom(MIL_pb2.Program.FromString(parse_program(text, "model.mil").message()))
    return read_boundary(model, *declared)


def converted(target=None, dtype=None, io=types.fp32):
    """Convert a linear layer in half precision."""

    @mb.program(input_specs=[mb.TensorSpec((1, 64), dtype=io)], opset_version=target or ct.target.iOS15)
    def program(x):
        return mb.softmax(x=mb.linear(x=x, weight=WEIGHT.astype(np.float16) if io == types.fp16 else WEIGHT), name="y")

    outputs = {"outputs": [ct.TensorType(dtype=dtype)]} if dtype else {}
    return ct.convert(
        program, convert_to="mlprogram", minimum_deployment_target=target, skip_model_load=True, **outputs
    )


def saved(model, folder, name="Model"):
    """Save a model, and describe it."""
    model.save(str(folder / f"{name}.mlpackage"))
    return describe(str(folder / f"{name}.mlpackage"))


def test_casts_beside_inputs_and_outputs_are_found(tmp_path):
    """By default the converter has single precision outside, half inside; the fix names the target with the type."""
    boundary = saved(converted(), tmp_path).boundary

    (x,), (y,) = boundary.inputs, boundary.outputs
    assert (x.declared, x.computed, x.size_bytes) == ("float32", "float16", 256)
    assert (y.declared, y.computed, y.size_bytes) == ("float32", "float16", 4000)
    assert x.conversions == (Conversion("cast", "float32", "float16"),)
    assert y.conversions == (Conversion("cast", "float16", "float32"),)
    assert x.remedy == y.remedy == Remedy("float16", "iOS 16")
    assert boundary.size_bytes == 4256


def test_a_model_that_has_the_type_needs_no_other_target(tmp_path):
    """From specification 7 on there are arrays of half precision."""
    assert saved(converted(ct.target.iOS17), tmp_path).boundary.inputs[0].remedy == Remedy("float16", None)


def test_nothing_is_converted_where_the_types_are_the_same(tmp_path):
    """Half precision inside and outside."""
    boundary = saved(converted(ct.target.iOS17, np.float16, types.fp16), tmp_path).boundary

    assert [(each.declared, each.conversions, each.remedy) for each in boundary.crossings] == [
        ("float16", (), None),
        ("float16", (), None),
    ]


@pytest.mark.parametrize("target", [None, ct.target.iOS17])
def test_the_call_that_is_advised_removes_the_casts(tmp_path, target):
    """coremltools changes the model, and nothing is left to convert."""
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    half, single = ArrayFeatureType.FLOAT16, ArrayFeatureType.FLOAT32
    changed = ct.utils.change_input_output_tensor_type(
        converted(target), single, half, input_names=["x"], output_names=["y"]
    )

    boundary = saved(changed, tmp_path).boundary

    assert [(each.declared, each.casts) for each in boundary.crossings] == [("float16", 0), ("float16", 0)]


def test_a_compiled_model_has_the_boundary_of_its_package(tmp_path):
    """From its text."""
    boundary = saved(converted(), tmp_path).boundary

    compiled = save_compiled(tmp_path / "Model.mlpackage", tmp_path / "Model.mlmodelc")

    assert describe(str(compiled)).boundary == boundary


def test_names_play_no_part():
    """An operation that is called like a cast is none, and a cast by another name is one."""
    boundary = boundary_of(
        "tensor<fp32, [4]> x_to_fp16, tensor<fp32, [4]> z",
        'tensor<fp32, [4]> y_cast_fp16 = relu(x = x_to_fp16)[name = tensor<string, []>("a")];\n'
        'tensor<fp16, [4]> plain = cast(dtype = tensor<string, []>("fp16"), x = z)[name = tensor<string, []>("b")];\n'
        'tensor<fp16, [4]> y = relu(x = plain)[name = tensor<string, []>("c")];',
        "",
        (
            [array("x_to_fp16", "float32", 4), array("z", "float32", 4)],
            [array("y_cast_fp16", "float32", 4), array("y", "float16", 4)],
        ),
    )

    assert [each.casts for each in boundary.crossings] == [0, 1, 0, 0]
    assert [each.computed for each in boundary.crossings] == ["float32", "float16", "float32", "float16"]


def test_several_casts_of_an_input_are_counted():
    """Each part of the program has its own."""
    cast = 'cast(dtype = tensor<string, []>("fp16"), x = x)[name = tensor<string, []>("n")];'
    boundary = boundary_of(
        "tensor<fp32, [4]> x",
        f"tensor<fp16, [4]> a = {cast}\ntensor<fp16, [4]> b = {cast}\n"
        'tensor<fp16, [4]> y = add(x = a, y = b)[name = tensor<string, []>("y")];',
        "",
        ([array("x", "float32", 4)], [array("y", "float16", 4)]),
    )

    assert boundary.inputs[0].conversions == (Conversion("cast", "float32", "float16", 2),)
    assert boundary.inputs[0].computed == "float16"


def test_an_input_that_is_also_used_as_it_is_keeps_its_type():
    """One of two parts of the program casts it."""
    boundary = boundary_of(
        "tensor<fp32, [4]> x",
        'tensor<fp16, [4]> y = cast(dtype = tensor<string, []>("fp16"), x = x)[name = tensor<string, []>("n")];\n'
        'tensor<fp32, [4]> z = relu(x = x)[name = tensor<string, []>("z")];',
        "",
        ([array("x", "float32", 4)], [array("y", "float16", 4), array("z", "float32", 4)]),
    )

    assert (boundary.inputs[0].computed, boundary.inputs[0].casts) == ("float32", 1)


def test_a_cast_of_token_ids_stays():
    """Arrays of 16-bit integers do not exist."""
    boundary = boundary_of(
        "tensor<int32, [1, 8]> ids",
        f'tensor<uint16, [1, 8]> y = cast(dtype = tensor<string, []>("uint16"), x = ids){NAMED}\n'
        f'tensor<int32, [1, 8]> z = cast(dtype = tensor<string, []>("int32"), x = y){NAMED}',
        "",
        ([array("ids", "int32", 1, 8)], [array("z", "int32", 1, 8)]),
    )

    (ids,) = boundary.inputs
    assert (ids.casts, ids.avoidable_casts, ids.remedy) == (2, 0, Remedy(None))


def test_a_value_that_is_made_of_itself_is_no_endless_loop():
    """A file can say anything."""
    boundary = boundary_of(
        "tensor<fp32, [4]> x",
        'tensor<fp16, [4]> y = cast(dtype = tensor<string, []>("fp16"), x = y)[name = tensor<string, []>("n")];',
        "",
        ([array("x", "float32", 4)], [array("y", "float16", 4)]),
    )

    assert boundary.outputs[0].casts == 1


def image_model(layout, shape, **options):
    """Convert a network that takes an image."""

    @mb.program(input_specs=[mb.TensorSpec(shape)])
    def program(image):
        return mb.relu(x=mb.conv(x=image, weight=np.ones((2, shape[1], 3, 3), np.float32)), name="y")

    image = ct.ImageType(name="image", shape=shape, color_layout=layout, **options)
    return ct.convert(program, inputs=[image], convert_to="mlprogram", skip_model_load=True)


def test_scale_and_bias_of_an_image_are_conversions(tmp_path):
    """The pixels come as bytes, which no declaration changes; the converter's operations are found behind them."""
    model = image_model(ct.colorlayout.RGB, (1, 3, 8, 8), scale=1 / 255, bias=[-1, -1, -1])

    (image,) = saved(model, tmp_path).boundary.inputs

    assert (image.declared, image.computed, image.size_bytes) == ("RGB", "float16", 8 * 8 * 4)
    assert [(found.operator, found.before, found.after, found.in_program) for found in image.conversions] == [
        ("convert", "uint8", "float32", False),
        ("mul", "float32", "float32", True),
        ("add", "float32", "float32", True),
        ("cast", "float32", "float16", True),
    ]
    assert (image.remedy, image.avoidable_casts) == (Remedy(None), 0)


def test_a_grayscale_image_can_be_half_precision(tmp_path):
    """The only image that Core ML takes without a conversion."""
    (image,) = saved(image_model(ct.colorlayout.GRAYSCALE, (1, 1, 8, 8)), tmp_path).boundary.inputs

    assert (image.declared, image.size_bytes, image.remedy) == ("grayscale", 64, Remedy("grayscaleFloat16", "iOS 16"))


CACHE = "tensor<fp16, [1, 2, 8, 4]>"
NEW = "tensor<fp16, [1, 2, 1, 4]>"
WHERE = 'axis = tensor<int32, []>(2), interleave = tensor<bool, []>(false))[name = tensor<string, []>("n")];'


def caches_of(inputs, body, output, out_shape=(1, 2, 8, 4), shapes=((1, 2, 8, 4), (1, 2, 1, 4))):
    """Return the caches of a program that takes `cache` and `new`."""
    features = [array(name, "float16", *shape) for name, shape in zip(("cache", "new"), shapes, strict=True)]
    return boundary_of(inputs, body, output, (features, [array(output, "float16", *out_shape)])).caches


def test_a_growing_cache_is_found():
    """A new element is appended."""
    found = caches_of(
        f"{CACHE} cache, {NEW} new",
        f"tensor<fp16, [1, 2, 9, 4]> y = concat(values = (cache, new), {WHERE}",
        "y",
        (1, 2, 9, 4),
    )

    assert found == (HandedCache("cache", "y", 128 + 144),)


def test_a_cache_whose_oldest_part_is_dropped_is_found():
    """Its shape stays: the end of it with the new part behind."""
    begin = "begin = tensor<int32, [4]>([0, 0, 1, 0]), end = tensor<int32, [4]>([1, 2, 9, 4])"
    found = caches_of(
        f"{CACHE} cache, {NEW} new",
        f"tensor<fp16, [1, 2, 9, 4]> both = concat(values = (cache, new), {WHERE}\n"
        f'{CACHE} y = slice_by_index(x = both, {begin})[name = tensor<string, []>("s")];',
        "y",
    )

    assert found == (HandedCache("cache", "y", 256),)


def test_a_cache_that_is_written_in_place_is_found():
    """By an update of a slice, behind a cast."""
    begin = "begin = tensor<int32, [4]>([0, 0, 1, 0]), end = tensor<int32, [4]>([1, 2, 2, 4])"
    found = caches_of(
        f"{CACHE} cache, {NEW} new",
        f'{CACHE} y = slice_update(x = cache, update = new, {begin})[name = tensor<string, []>("s")];',
        "y",
    )

    assert found == (HandedCache("cache", "y", 256),)


RELU = f"{CACHE} a = relu(x = cache){NAMED}\n"
ZEROS = "tensor<fp16, [1, 2, 1, 4]>([[[[0, 0, 0, 0]], [[0, 0, 0, 0]]]])"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{RELU}{CACHE} y = concat(values = (a, cache), {WHERE}", id="dense"),
        pytest.param(f"{RELU}{CACHE} y = add(x = a, y = cache){NAMED}", id="residual"),
        pytest.param(f"{CACHE} y = identity(x = cache){NAMED}", id="nothing new"),
        pytest.param(f"{CACHE} y = concat(values = (cache, {ZEROS}), {WHERE}", id="padding"),
    ],
)
def test_what_a_network_makes_of_its_input_is_no_cache(body):
    """Nor is what goes through unchanged."""
    assert caches_of(f"{CACHE} cache, {NEW} new", body, "y") == ()


def token(new, number):
    """Return one of three new parts."""
    return mb.gather(x=new, indices=number, axis=0, validate_indices=False)


def written(cache, part, number):
    """Write *part* into the cache, at a place that is computed."""
    end = mb.concat(values=[1, 2, mb.add(x=number, y=1), 4], axis=0)
    return mb.slice_update(x=cache, update=part, begin=mb.concat(values=[0, 0, number, 0], axis=0), end=end)


def attention(cache):
    """Return one part that is computed from the whole cache."""
    return mb.reduce_sum(x=cache, axes=[2], keep_dims=True)


# Bodies of a loop over three tokens: from the cache, the other variable and the number of the pass to both variables.
BODIES = {
    "a token in each pass": (lambda new, n, c, h: (written(c, token(new, n), n), h), True),
    "a token computed from the one before": (lambda new, n, c, h: (written(c, h, n), mb.relu(x=attention(c))), True),
    "a branch that keeps it": (
        lambda new, n, c, h: (
            mb.cond(
                pred=mb.less(x=n, y=2),
                _true_fn=lambda: written(c, token(new, n), n),
                _false_fn=lambda: mb.identity(x=c),
            ),
            h,
        ),
        True,
    ),
    "a loop in the loop": (
        lambda new, n, c, h: (
            mb.while_loop(
                _cond=lambda m, _: mb.less(x=m, y=3),
                _body=lambda m, inner: (mb.add(x=m, y=1), written(inner, token(new, m), m)),
                loop_vars=(0, c),
            )[1],
            h,
        ),
        True,
    ),
    "computed from itself": (lambda new, n, c, h: (written(c, mb.relu(x=attention(c)), n), h), False),
    "an image that gets better": (lambda new, n, c, h: (mb.add(x=c, y=mb.relu(x=token(new, n))), h), False),
    "nothing new": (lambda new, n, c, h: (mb.identity(x=c), h), False),
    "something else": (lambda new, n, c, h: (mb.relu(x=c), h), False),
}


@pytest.mark.parametrize(("body", "is_cache"), BODIES.values(), ids=BODIES.keys())
def test_a_cache_is_followed_through_a_loop(tmp_path, body, is_cache):
    """As coremltools writes the loop: by what one pass puts into the variable that begins with the input."""
    specs = [mb.TensorSpec((1, 2, 8, 4), types.fp16), mb.TensorSpec((3, 1, 2, 1, 4), types.fp16)]

    @mb.program(input_specs=specs, opset_version=ct.target.iOS18)
    def program(cache, new):
        _, last, _ = mb.while_loop(
            _cond=lambda number, *_: mb.less(x=number, y=3),
            _body=lambda number, c, h: (mb.add(x=number, y=1), *body(new, number, c, h)),
            loop_vars=(0, cache, np.zeros((1, 2, 1, 4), np.float16)),
        )
        return mb.identity(x=last, name="cache_out")

    model = ct.convert(program, minimum_deployment_target=ct.target.iOS18, skip_model_load=True)
    caches = saved(model, tmp_path).boundary.caches

    assert caches == ((HandedCache("cache", "cache_out", 256),) if is_cache else ())


def test_a_loop_that_begins_with_what_is_computed_from_the_cache_carries_none(tmp_path):
    """A value that is new in its first pass is computed from the input, by another variable or from around the loop."""
    specs = [mb.TensorSpec((1, 2, 8, 4), types.fp16), mb.TensorSpec((3, 1, 2, 1, 4), types.fp16)]

    def loop(cache, part, variable):
        _, last, _ = mb.while_loop(
            _cond=lambda number, *_: mb.less(x=number, y=3),
            _body=lambda number, c, h: (mb.add(x=number, y=1), written(c, part or h, number), mb.identity(x=h)),
            loop_vars=(0, cache, variable),
        )
        return last

    @mb.program(input_specs=specs, opset_version=ct.target.iOS18)
    def program(cache, new):
        begun = loop(cache, None, attention(cache))
        around = loop(cache, attention(cache), token(new, 0))
        return mb.identity(x=begun, name="begun"), mb.identity(x=around, name="around")

    model = ct.convert(program, minimum_deployment_target=ct.target.iOS18, skip_model_load=True)

    assert saved(model, tmp_path).boundary.caches == ()


def test_of_two_inputs_that_may_be_meant_none_is():
    """A program that joins two inputs of one size hands back neither."""
    found = caches_of(
        f"{NEW} cache, {NEW} new",
        f"tensor<fp16, [1, 2, 2, 4]> y = concat(values = (cache, new), {WHERE}",
        "y",
        (1, 2, 2, 4),
        ((1, 2, 1, 4), (1, 2, 1, 4)),
    )

    assert found == ()


def test_states_of_a_recurrent_layer_are_handed_back(tmp_path):
    """Of one that coremltools converted, in half precision."""
    hidden = np.ones((16, 4), np.float32)

    @mb.program(input_specs=[mb.TensorSpec((3, 1, 5)), mb.TensorSpec((1, 4)), mb.TensorSpec((1, 4))])
    def program(x, h, c):
        weights = {"weight_ih": np.ones((16, 5), np.float32), "weight_hh": hidden}
        y, last, cell = mb.lstm(x=x, initial_h=h, initial_c=c, **weights)
        return y, mb.identity(x=last, name="h_out"), mb.identity(x=cell, name="c_out")

    boundary = saved(ct.convert(program, convert_to="mlprogram", skip_model_load=True), tmp_path).boundary

    assert [(cache.input, cache.output) for cache in boundary.caches] == [("h", "h_out"), ("c", "c_out")]


def test_doubles_of_a_neural_network_are_converted(tmp_path):
    """Other conversions depend on the device."""
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [("x", ct.models.datatypes.Array(4))], [("y", ct.models.datatypes.Array(4))]
    )
    builder.add_activation("act", "RELU", "x", "y")
    builder.spec.description.input[0].type.multiArrayType.dataType = ArrayFeatureType.DOUBLE
    ct.utils.save_spec(builder.spec, str(tmp_path / "Net.mlmodel"))

    boundary = describe(str(tmp_path / "Net.mlmodel")).boundary

    assert boundary.inputs[0].conversions == (Conversion("convert", "float64", "float32", in_program=False),)
    assert boundary.inputs[0].remedy == Remedy("float32")
    assert boundary.why_unknown is not None
