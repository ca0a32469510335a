"""Inputs and outputs have the types of Apple's binding: arrays, labels, functions, pipelines, assets."""

from __future__ import annotations

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from interface_models import memory_model
from interfaces import convert, identity

from pytest_coreml import reference

pytestmark = pytest.mark.usefixtures("dropin")

X = np.array([[-1.5, 2.0]], np.float32)


def native(model):
    """Return the model as the binding has it, without the conversions of coremltools' Python."""
    return ct.models.CompiledMLModel(model.get_compiled_model_path())


@pytest.fixture
def doubler():
    """Build y = 2 x, for x of shape (1, 2)."""
    return convert(lambda x: mb.mul(x=x, y=2.0, name="y"), (1, 2))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_arrays_are_cast_to_the_declared_type(doubler, dtype):
    """Arrays of the three types that the binding takes; outputs are fresh arrays of the declared type."""
    outputs, others = (native(doubler).predict({"x": X.astype(dtype)})["y"] for _ in range(2))

    np.testing.assert_array_equal(outputs, 2 * X.astype(dtype).astype(np.float32))
    assert (outputs.dtype, outputs.flags.writeable) == (np.float32, True)
    assert not np.shares_memory(outputs, others)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (X.astype(np.int64), "value type not convertible.*int64"),
        (X > 0, "value type not convertible.*bool"),
        (np.broadcast_to(X, (1, 2)), "value type not convertible.*read-only"),
        (np.array(1.0, np.float32), "value type not convertible.*rank 0"),
        (1.0, "value type not convertible.*float"),
        ([[1.0, 2.0]], "Feature x is required but not specified. The model takes x: fp32"),
        (np.zeros((2, 2), np.float32), r"expected the shape \[1, 2\], got \[2, 2\]"),
    ],
)
def test_what_the_binding_refuses(doubler, value, message):
    """Other types, read-only memory, rank 0 and other shapes are errors; lists vanish."""
    with pytest.raises(RuntimeError, match=message):
        native(doubler).predict({"x": value})


def test_a_wrong_name_is_told_with_the_right_ones(doubler):
    """The error for a missing input names what the model takes, and what was not known."""
    with pytest.raises(RuntimeError, match=r"Feature x is required.*takes x: fp32 .1, 2.; unknown: z"):
        native(doubler).predict({"z": X})


def test_half_precision_comes_back_as_single():
    """An output declared as float16 is rounded to it, and given as float32."""
    model = convert(identity, (1, 2), precision="FLOAT16")
    model = _with_type(model, "FLOAT16")
    third = np.full((1, 2), 1 / 3, np.float32)

    y = model.predict({"x": third})["y"]

    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, third.astype(np.float16).astype(np.float32))


def test_int8_where_the_model_declares_it(doubler):
    """An int8 input takes int8 arrays, and an int8 output gives them."""
    model = _with_type(doubler, "INT8", also_input=True)

    y = native(model).predict({"x": np.array([[-3, 50]], np.int8)})["y"]

    assert y.dtype == np.int8
    assert y.tolist() == [[-6, 100]]


def _with_type(model, name, *, also_input=False):
    spec = model.get_spec()
    for feature in [*spec.description.output, *(spec.description.input if also_input else [])]:
        feature.type.multiArrayType.dataType = feature.type.multiArrayType.ArrayDataType.Value(name)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir)


def test_an_optional_input_takes_its_default():
    """An input that is left out has the value that the model declares for it, in the default shape."""
    given = ct.TensorType(name="x", shape=(1, 2), default_value=np.full((1, 2), 3.0, np.float32))
    model = convert(lambda x: mb.mul(x=x, y=2.0, name="y"), (1, 2), inputs=[given])

    assert model.predict({})["y"].tolist() == [[6, 6]]
    assert model.predict({"x": X})["y"].tolist() == [[-3, 4]]


@pytest.mark.parametrize("labels", [["cat", "dog", "cow"], [7, 8, 9]])
def test_a_classifier_gives_label_and_probabilities(labels):
    """The most probable label, and a dictionary of float for every label, whatever their type."""
    model = convert(lambda x: mb.softmax(x=x, axis=-1, name="p"), (1, 3), classifier_config=ct.ClassifierConfig(labels))
    x = np.array([[1.0, 3.0, 2.0]], np.float32)
    expected = np.exp(x[0]) / np.exp(x[0]).sum()

    outputs = model.predict({"x": x})

    assert outputs["classLabel"] == labels[1]
    probabilities = outputs[next(name for name in outputs if name != "classLabel")]
    assert list(probabilities) == labels
    np.testing.assert_allclose(list(probabilities.values()), expected, rtol=1e-5)
    assert all(type(value) is float for value in probabilities.values())


def test_a_batch_is_predicted_in_order_and_timed_as_a_whole(doubler):
    """A list of inputs gives a list of outputs; a failed call leaves the former duration."""
    outputs = doubler.predict([{"x": X}, {"x": X + 1}])
    duration = doubler.last_predict_duration_in_nano_seconds

    assert [output["y"].tolist() for output in outputs] == [(2 * X).tolist(), (2 * X + 2).tolist()]
    with pytest.raises(RuntimeError, match="expected the shape"):
        doubler.predict({"x": np.zeros((3, 3), np.float32)})
    assert doubler.last_predict_duration_in_nano_seconds == duration > 0


@pytest.fixture
def many(doubler, tmp_path):
    """Save a package of two functions: `double`, the default, and `negate`."""
    convert(lambda x: mb.mul(x=x, y=-1.0, name="y"), (1, 2)).save(str(tmp_path / "negate.mlpackage"))
    doubler.save(str(tmp_path / "double.mlpackage"))
    functions = ct.utils.MultiFunctionDescriptor()
    for name in ("double", "negate"):
        functions.add_function(str(tmp_path / f"{name}.mlpackage"), "main", name)
    functions.default_function_name = "double"
    ct.utils.save_multifunction(functions, str(tmp_path / "many.mlpackage"))
    return str(tmp_path / "many.mlpackage")


def test_functions_are_chosen_by_name(many):
    """The default function, another one, and an error that names those there are."""
    assert ct.models.MLModel(many).predict({"x": X})["y"].tolist() == [[-3, 4]]
    assert ct.models.MLModel(many, function_name="negate").predict({"x": X})["y"].tolist() == [[1.5, -2]]
    compiled = ct.models.utils.compile_model(many)
    with pytest.raises(RuntimeError, match="no function 'third'; it has double, negate"):
        ct.models.CompiledMLModel(compiled, function_name="third")


def test_a_pipeline_passes_features_on(doubler):
    """Models run one after the other; the structure names each."""
    second = convert(lambda y: mb.add(x=y, y=1.0, name="z"), (1, 2), argument="y")
    pipeline = ct.utils.make_pipeline(doubler, second)

    assert pipeline.predict({"x": X})["z"].tolist() == [[-2, 5]]
    structure = ct.models.compute_plan.MLModelStructure.load_from_path(pipeline.get_compiled_model_path())
    assert len(structure.pipeline.sub_models) == 2
    assert structure.pipeline.sub_models[1][1].program is not None


def test_a_part_of_a_pipeline_that_cannot_run_is_named(doubler, tmp_path):
    """A pipeline with a model of another type says which model, and which type."""
    second = convert(lambda y: mb.add(x=y, y=1.0, name="z"), (1, 2), argument="y")
    spec = ct.utils.make_pipeline(doubler, second).get_spec()
    spec.pipeline.models[1].wordTagger.SetInParent()
    ct.models.utils.save_spec(spec, str(tmp_path / "p.mlmodel"))

    with pytest.raises(RuntimeError, match=r"model 2 of the 2 in the pipeline: .*models of type wordTagger"):
        ct.models.CompiledMLModel(str(tmp_path / "p.mlmodel"))


WEIGHT = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)


def test_assets_from_a_path_and_from_memory():
    """A model is loaded from a compiled folder, and from bytes with its weights, with the same outputs."""
    model = convert(lambda x: mb.linear(x=x, weight=WEIGHT, name="y"), (1, 64))
    x = np.random.default_rng(1).standard_normal((1, 64)).astype(np.float32)
    weights = {"weights/weight.bin": Path(model.weights_dir, "weight.bin").read_bytes()}
    content = model.get_spec().SerializeToString()
    assets = [
        ct.models.model.MLModelAsset.from_path(model.get_compiled_model_path()),
        ct.models.model.MLModelAsset.from_memory(content, weights),
    ]

    for asset in assets:
        y = ct.models.CompiledMLModel.from_asset(asset).predict({"x": x})["y"]
        np.testing.assert_allclose(y, x @ WEIGHT.T, rtol=1e-4, atol=1e-5)

    with pytest.raises(RuntimeError, match=r"'weights/weight.bin' is missing; the weight files are: none"):
        ct.models.CompiledMLModel.from_asset(ct.models.model.MLModelAsset.from_memory(content, {}))


def test_wrong_arguments_are_type_errors(doubler):
    """As from pybind11: other types or counts are a TypeError that says what is taken."""
    proxy = native(doubler)._proxy

    with pytest.raises(TypeError, match=r"predict.*incompatible function arguments.*\n.*arg1: _State . None"):
        proxy.predict({"x": X})
    with pytest.raises(TypeError, match="incompatible constructor arguments"):
        type(proxy)(5, "ALL", "", {})
    with pytest.raises(IndexError):
        type(proxy)("a", "ALL", "", {})
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.deepcopy(proxy)


def test_compile_errors_are_dressed_as_apples(doubler, tmp_path):
    """An error of compiling says so; compiling alone raises the plain error."""
    (tmp_path / "Text.mlmodel").write_text("this is no model")

    with pytest.raises(RuntimeError, match=r'^Error compiling model: ".*not a Core ML model'):
        ct.models.CompiledMLModel(str(tmp_path / "Text.mlmodel"))
    with pytest.raises(RuntimeError, match=r"^.*Text.mlmodel: not a Core ML model"):
        ct.models.utils.compile_model(str(tmp_path / "Text.mlmodel"))


def test_the_compiled_folder_goes_with_the_model(doubler):
    """The folder that a constructor made is there as long as its model."""
    path = Path(doubler.get_compiled_model_path())
    there = path.is_dir()
    doubler.__proxy__ = None

    assert there
    assert not path.exists()


def test_plans_name_the_one_cpu_and_nothing_for_constants(doubler):
    """Every operation but constants is on the CPU at no known cost; operations of a structure alone have no plan."""
    path = doubler.get_compiled_model_path()
    plan = ct.models.compute_plan.MLComputePlan.load_from_path(path)
    operations = plan.model_structure.program.functions["main"].block.operations
    usages = {op.operator_name.rpartition(".")[2]: op for op in operations}

    assert plan.get_compute_device_usage_for_mlprogram_operation(usages["const"]) is None
    usage = plan.get_compute_device_usage_for_mlprogram_operation(usages["mul"])
    assert type(usage.preferred_compute_device).__name__ == "MLCPUComputeDevice"
    assert plan.get_estimated_cost_for_mlprogram_operation(usages["mul"]) is None
    structure = ct.models.compute_plan.MLModelStructure.load_from_path(path)
    alone = structure.program.functions["main"].block.operations[-1]
    assert plan.get_compute_device_usage_for_mlprogram_operation(alone) is None


def test_the_specification_version_is_lowered_to_what_is_needed(doubler):
    """A program of iOS 17 needs version 8, whatever it says."""
    from coremltools.libcoremlpython import _MLModelProxy

    spec = doubler.get_spec()
    spec.specificationVersion = 10
    lowered = ct.proto.Model_pb2.Model()
    lowered.ParseFromString(_MLModelProxy.auto_set_specification_version(spec.SerializeToString()))

    assert lowered.specificationVersion == 8


@pytest.fixture
def memory(tmp_path):
    """Load a model that adds up what comes in."""
    memory_model().save(str(tmp_path / "m.mlpackage"))
    return ct.models.MLModel(str(tmp_path / "m.mlpackage"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(2, np.float16), "value type not convertible: state 'memory'.*float16"),
        (np.zeros(2, np.int64), "value type not convertible: state 'memory'.*int64"),
        (np.broadcast_to(np.float32(1), (2,)), "value type not convertible: state 'memory'"),
        ([0.0, 0.0], "^Failed to write state, only multi-array value is supported$"),
        (1.0, "^Failed to write state, only multi-array value is supported$"),
        (np.zeros(3, np.float32), r"state 'memory': expected the shape \[2\], got \[3\]"),
    ],
)
def test_what_a_state_does_not_take(memory, value, message):
    """Values are checked like those of an input; one that is not an array has a separate text; all are RuntimeError."""
    state = memory.make_state()

    with pytest.raises(RuntimeError, match=message):
        state.write_state("memory", value)
    assert state.read_state("memory").tolist() == [0, 0]


def test_states_by_name(memory):
    """Reading gives a copy in single precision; another name is an error that says which there are."""
    state = memory.make_state()
    state.write_state("memory", np.array([1, 70000.0]))
    kept = state.read_state("memory")
    kept[0] = 5

    assert (kept.dtype, state.read_state("memory").tolist()) == (np.float32, [1, math.inf])
    for use in (lambda: state.read_state("other"), lambda: state.write_state("other", kept)):
        with pytest.raises(RuntimeError, match="no state 'other'; the states are: memory"):
            use()


def test_a_stateful_model_wants_a_state(memory):
    """In the words of Core ML."""
    with pytest.raises(RuntimeError, match=r"^The input feature for memory must be an MLState, but it was not\.$"):
        memory.predict({"x": np.zeros(2, np.float32)})


def test_the_state_of_another_model(memory, doubler):
    """A state of another model is refused; a model without states takes any, and leaves it alone."""
    with pytest.raises(RuntimeError, match=r"for memory must be an MLState of this model, fp16 \[2\]; .* has none"):
        memory.predict({"x": np.zeros(2, np.float32)}, doubler.make_state())

    state = memory.make_state()
    assert doubler.predict({"x": X}, state)["y"].tolist() == (2 * X).tolist()
    assert state.read_state("memory").tolist() == [0, 0]


def test_threads_predict_at_the_same_time(doubler):
    """Each gets what belongs to its own input."""
    inputs = [np.full((1, 2), number, np.float32) for number in range(200)]

    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda x: doubler.predict({"x": x})["y"], inputs))

    assert [output.tolist() for output in outputs] == [(2 * x).tolist() for x in inputs]


def test_an_operation_that_is_not_known(doubler):
    """Loading warns, and predicting is a RuntimeError; both name the operation, wherever it comes from."""
    spec = doubler.get_spec()
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            next(op for op in block.operations if op.type == "mul").type = "my_layer"

    with pytest.warns(RuntimeWarning, match="my_layer"):
        model = ct.models.MLModel(spec, weights_dir=doubler.weights_dir)

    with pytest.raises(RuntimeError, match=r"my_layer x1 \(first: 'y'\): is not implemented"):
        model.predict({"x": X})


def test_the_precision_is_chosen_when_the_drop_in_is_installed():
    """2049 does not exist in half precision; a later load uses the last choice."""
    results = []
    for precision in ("strict", "fast"):
        reference.install(precision)
        model = convert(lambda x: mb.sub(x=mb.add(x=x, y=1.0), y=2048.0, name="y"), (1, 2), "FLOAT16")
        results.append(model.predict({"x": np.full((1, 2), 2048, np.float32)})["y"].tolist())

    assert results == [[[0, 0]], [[1, 1]]]
