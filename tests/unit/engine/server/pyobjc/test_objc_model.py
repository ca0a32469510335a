"""Models that PyObjC loads: loads, predictions, states, plans, and what goes wrong with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
import pytest
import standin_models
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from interface_models import pictures_model
from PIL import Image
from standin.scenario import Failure, ObjC, Op

from pytest_coreml.engine.protocol import Load
from pytest_coreml.engine.server.load import load
from pytest_coreml.engine.server.pyobjc.frameworks import check_pyobjc
from pytest_coreml.engine.server.pyobjc.objc_loading import PYOBJC
from pytest_coreml.engine.server.pyobjc.plan import read_objc_plan
from pytest_coreml.errors import EngineError, InputError, ModelError
from pytest_coreml.facts.load_options import LoadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits

X = np.array([[-1, 2, -3, 4]], np.float16)
RELU = [[0, 2, 0, 4]]


def load_model(objc_mac: Any, spec: Any = None, units: ComputeUnits = "all", **options: Any) -> Any:
    """Load a model, by default a small ML Program in half precision."""
    path = objc_mac.mac.package(spec if spec is not None else standin_models.program_spec())
    request = Load(path, units, LoadOptions(**options))
    return load(request, objc_mac.mac.folder / "engine", lambda _: None, api=PYOBJC)[0]


def test_padded_outputs_are_read_by_their_strides(objc_mac: Any) -> None:
    """Core ML pads rows; half precision comes back as float32, as with coremltools."""
    objc_mac.become(ObjC("12.2.2", padding=28))
    call = load_model(objc_mac).prepare({"x": X})

    native_ms, wall_ms = call(None)

    assert 0 < native_ms <= wall_ms
    assert call.outputs()["y"].dtype == np.float32
    np.testing.assert_array_equal(call.outputs()["y"], RELU)


@pytest.mark.parametrize("ignored", [(), ("y",)])
def test_an_array_is_the_output_only_if_core_ml_has_used_it(objc_mac: Any, ignored: tuple[str, ...]) -> None:
    """An ignored array stays as it was, and the output is another one."""
    objc_mac.become(ObjC("11.0", ignored_backings=ignored))
    mine = np.full((1, 4), 7, np.float16)
    call = load_model(objc_mac).prepare({"x": X}, {"y": mine})

    call(None)

    assert (call.outputs()["y"] is mine) == (not ignored)
    np.testing.assert_array_equal(call.outputs()["y"], RELU)
    np.testing.assert_array_equal(mine, [[7, 7, 7, 7]] if ignored else RELU)


def test_a_batch_is_one_call(objc_mac: Any) -> None:
    """The batch API returns a provider for each set of inputs."""
    call = load_model(objc_mac).prepare([{"x": X}, {"x": -X}])

    call(None)

    assert [outputs["y"].tolist() for outputs in call.outputs()] == [RELU, [[1, 0, 3, 0]]]


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ({"failures": (Failure("predict", "error", "the ANE is busy"),)}, "the prediction failed: the ANE is busy$"),
        ({"failures": (Failure("predict", "none"),)}, "failed: Core ML returned neither a result nor an error$"),
    ],
    ids=["NSError", "nothing"],
)
@pytest.mark.parametrize("in_flight", [False, True])
def test_a_failed_prediction_has_the_description_of_core_ml(
    objc_mac: Any, scenario: dict[str, Any], text: str, in_flight: bool
) -> None:
    """The error names model and compute units."""
    objc_mac.become(**scenario)
    call = load_model(objc_mac).prepare({"x": X}, {}, in_flight=in_flight)

    with pytest.raises(ModelError, match=rf"^Model\.mlpackage on all: .*{text}"):
        call(None)


def test_a_handler_that_is_called_twice_is_an_error_of_the_next_prediction(objc_mac: Any) -> None:
    """A late second answer is not taken for that to the next prediction."""
    objc_mac.become(ObjC("12.2.2", answers=2, late_ms=10))
    call = load_model(objc_mac).prepare({"x": X}, {}, in_flight=True)

    native_ms, _ = call(None)
    while call._last.calls < 2:
        pass

    assert native_ms >= 10
    with pytest.raises(ModelError, match=r"Model\.mlpackage on all: Core ML answered a prediction 2 times"):
        call(None)


def test_predictions_in_flight_need_the_asynchronous_api(objc_mac: Any) -> None:
    """It is of macOS 14, and for states of a later one: PyObjC has no such attributes before."""
    objc_mac.become(macos=(13, 6))
    model = load_model(objc_mac, standin_models.program_spec(version=8))

    with pytest.raises(InputError, match="on all: predictions in flight need macOS 14 or later"):
        model.prepare({"x": X}, {}, in_flight=True)


def test_images_go_in_and_out_as_pixel_buffers(objc_mac: Any) -> None:
    """The model returns its image in four layouts; rows of buffers are padded."""
    path = objc_mac.mac.folder / "Pictures.mlpackage"
    pictures_model().save(str(path))
    model, _ = load(Load(str(path), "all"), objc_mac.mac.folder / "engine", lambda _: None, api=PYOBJC)
    values = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    call = model.prepare({"image": Image.fromarray(values, "RGB")})

    call(None)

    outputs = call.outputs()
    modes = {"rgb": "RGBA", "bgr": "RGBA", "grayscale": "L", "grayscale_float16": "F"}
    assert {name: image.mode for name, image in outputs.items()} == modes
    for name in ("rgb", "bgr"):
        np.testing.assert_array_equal(np.asarray(outputs[name])[..., :3], values)
    np.testing.assert_array_equal(np.asarray(outputs["grayscale"]), values[..., 2])
    np.testing.assert_array_equal(np.asarray(outputs["grayscale_float16"]), values[..., 2] * 2.5)


def test_images_need_quartz(objc_mac: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is separate."""
    model = load_model(objc_mac)
    monkeypatch.setitem(sys.modules, "Quartz", None)

    with pytest.raises(InputError, match="need pyobjc-framework-Quartz: pip install"):
        model.prepare({"x": Image.new("L", (4, 1))})


def save_counter(path: Path) -> None:
    """Save y = s + x, which becomes the next s, in half precision."""

    @mb.program(
        input_specs=[mb.TensorSpec((1, 4), dtype=types.fp16), mb.StateTensorSpec((1, 4), dtype=types.fp16)],
        opset_version=ct.target.iOS18,
    )
    def program(x: Any, s: Any) -> Any:
        total = mb.add(x=mb.read_state(input=s), y=x, name="y")
        mb.coreml_update_state(state=s, value=total)
        return total

    ct.convert(program, skip_model_load=True, minimum_deployment_target=ct.target.iOS18).save(str(path))


def test_a_state_is_read_and_written_in_the_memory_of_core_ml(objc_mac: Any) -> None:
    """Single precision goes in and comes out, whatever the state holds."""
    path = objc_mac.mac.folder / "Counter.mlpackage"
    save_counter(path)
    model, _ = load(Load(str(path), "all"), objc_mac.mac.folder / "engine", lambda _: None, api=PYOBJC)
    call, state = model.prepare({"x": X}), model.make_state()
    values = np.array([[1, 2, 3, 4]], np.float32)

    state.write_state("s", values)
    call(state)

    np.testing.assert_array_equal(call.outputs()["y"], values + X)
    np.testing.assert_array_equal(state.read_state("s"), values + X)
    assert state.read_state("s").dtype == np.float32
    with pytest.raises(RuntimeError, match="the model has no state 't'; it has s"):
        state.read_state("t")
    with pytest.raises(RuntimeError, match=r"expected the shape \(1, 4\), got \(7,\)"):
        state.write_state("s", np.zeros(7, np.float32))
    with pytest.raises(InputError, match="this macOS keeps no predictions with a state in flight"):
        model.prepare({"x": X}, {}, in_flight=True)(state)


def test_function_units_and_hints_reach_the_load_and_the_plan(objc_mac: Any) -> None:
    """Unlike coremltools' plan, this one is of the function, which has two operations and not one."""
    objc_mac.become(ops={"y": Op("neuralEngine")})
    options = LoadOptions("other", (("allowLowPrecisionAccumulationOnGPU", True), ("reshapeFrequency", "Infrequent")))
    model = load_model(
        objc_mac, standin_models.multifunction_spec(), "cpuAndNeuralEngine", function="other", hints=options.hints
    )

    placement = read_objc_plan(str(model.subject.compiled), "cpuAndNeuralEngine", "other", options)

    loaded = objc_mac.journal("load")[0]
    assert (loaded["function"], loaded["units"]) == ("other", "CPU_AND_NE")
    assert loaded["hints"] == {"allowLowPrecisionAccumulationOnGPU": True, "reshapeFrequency": 1}
    assert objc_mac.journal("plan")[0]["function"] == "other"
    assert [(op.name, op.preferred, op.supported, op.cost) for op in placement.ops] == [
        ("relu_0", "cpu", ("cpu", "neuralEngine"), 0.5),
        ("y", "neuralEngine", ("cpu", "neuralEngine"), 0.5),
    ]


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ({"failures": (Failure("plan", "error", "no plan"),)}, "Core ML returned no compute plan: no plan"),
        ({"failures": (Failure("plan", "none"),)}, "Core ML returned neither a compute plan nor an error"),
        ({"macos": (14, 1)}, "Core ML returned no compute plan: "),
    ],
    ids=["NSError", "nothing", "macOS 14.1"],
)
def test_without_a_plan_the_placement_is_unknown(objc_mac: Any, scenario: dict[str, Any], reason: str) -> None:
    """The reason is Core ML's, or what this macOS lacks."""
    compiled = load_model(objc_mac, standin_models.program_spec(version=8)).subject.compiled
    objc_mac.become(**scenario)

    placement = read_objc_plan(str(compiled), "all", "main", LoadOptions())

    assert placement.ops == ()
    assert str(placement.reason).startswith(reason)


def test_the_plans_of_networks_and_pipelines_are_read(objc_mac: Any) -> None:
    """Layers have a device and no cost; parts of a pipeline are named."""
    networks = [
        objc_mac.mac.compiled(standin_models.network_spec()),
        objc_mac.mac.compiled(standin_models.pipeline_spec(), "P"),
    ]

    network, pipeline = (read_objc_plan(path, "all", "main", LoadOptions()) for path in networks)

    assert [(op.name, op.operator, op.cost) for op in network.ops] == [
        ("relu", "activation", None),
        ("sum", "elementwise", None),
    ]
    assert [op.block for op in pipeline.ops] == ["first/layers", "first/layers", "second/main", "second/main"]


def test_a_model_is_loaded_from_memory(objc_mac: Any) -> None:
    """Weights are found by their relative URLs."""
    call = load_model(objc_mac, from_memory=True).prepare({"x": X})

    call(None)

    assert objc_mac.journal("load")[0]["asset"]
    np.testing.assert_array_equal(call.outputs()["y"], RELU)


def test_a_failed_load_names_the_hints(objc_mac: Any) -> None:
    """A hint can make a load fail that works without it."""
    objc_mac.become(failures=(Failure("load", "error", "E5RT -14"),))
    hints = (("specializationStrategy", "FastPrediction"),)

    with pytest.raises(
        ModelError,
        match=r"on all: cannot be loaded: E5RT -14 \(with the hints special.*=FastPrediction\)$",
    ):
        load_model(objc_mac, hints=hints)


def test_a_failed_compile_names_the_file(objc_mac: Any) -> None:
    """The description is Core ML's."""
    objc_mac.become(failures=(Failure("compile", "error", "unable to parse"),))

    with pytest.raises(ModelError, match=r"Model\.mlpackage: cannot be compiled: unable to parse$"):
        load_model(objc_mac)


def test_hints_on_an_older_macos_are_an_error(objc_mac: Any) -> None:
    """The class of hints is of macOS 14.4, their strategy of macOS 15."""
    objc_mac.become(macos=(14, 5))

    with pytest.raises(ModelError, match=r"this macOS or this PyObjC lacks it: .*setSpecializationStrategy_"):
        load_model(
            objc_mac, standin_models.program_spec(version=8), hints=(("specializationStrategy", "FastPrediction"),)
        )


def test_pyobjc_is_new_enough(objc_mac: Any) -> None:
    """The version is that of the wheel; 11.0 is the first with metadata for states."""
    objc_mac.become(ObjC("11.0"))
    assert check_pyobjc() == "11.0"
    objc_mac.become(ObjC("10.3.2"))
    with pytest.raises(EngineError, match=r"needs pyobjc-framework-CoreML 11\.0 or later, found 10\.3\.2: pip install"):
        check_pyobjc()


@pytest.mark.parametrize(
    ("system", "text"),
    [
        ("Darwin", r"pyobjc-framework-CoreML is not installed: pip install 'pytest-coreml\[pyobjc\]'"),
        ("Linux", "PyObjC calls Core ML, which exists on macOS only"),
    ],
)
def test_without_pyobjc_the_error_says_what_to_do(system: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Mac it can be installed."""
    monkeypatch.setattr("platform.system", lambda: system)

    with pytest.raises(EngineError, match=text):
        check_pyobjc()
