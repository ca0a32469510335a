"""Further facts about the native module hold, point by point."""

from __future__ import annotations

import gc
import signal
import sys

import numpy as np
import pytest
import standin_models as models
from PIL import Image
from standin.install import environment
from standin.scenario import Failure, Op, Scenario
from standin.values import take_features, take_value

X = np.ones((1, 4), np.float32)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (True, 1),
        (np.int16(3), 3),
        (np.float64(0.5), 0.5),
        (b"word", "word"),
        ({}, {}),
        ({1: 2.0, 2: 3}, {1: 2.0, 2: 3}),
    ],
    ids=["bool", "numpy.int16", "numpy.float64", "bytes", "empty dictionary", "dictionary"],
)
def test_values_that_are_taken(mac, value, taken):
    """Booleans and numpy's integers are integers, bytes are text, an empty dictionary is fine."""
    assert take_value(value) == taken


@pytest.mark.parametrize(
    "value",
    [np.float32(0.5), 2**63, {"a": np.float32(1)}, None, X.astype(np.int8), memoryview(b"1234"), object()],
    ids=["numpy.float32", "beyond 64 bits", "dictionary of numpy.float32", "None", "int8", "a buffer", "an object"],
)
def test_values_that_are_refused(mac, value):
    """Each with the same words, that lose the reason."""
    with pytest.raises(RuntimeError, match=r"^value type not convertible$"):
        take_value(value)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "F"])
def test_images_are_copied(mac, mode):
    """A later change of the caller's array has no effect."""
    image = Image.new(mode, (2, 2))

    assert take_value(image) is not image


def test_other_images_are_refused_by_their_mode(mac):
    """The text names three modes, though four are taken."""
    with pytest.raises(RuntimeError, match=r"Unsupported image type CMYK\. Supported types are: RGB, RGBA, L\."):
        take_value(Image.new("CMYK", (2, 2)))


def test_arrays_of_any_strides_are_shared(mac):
    """Nothing is copied: who changes the array changes what the framework sees."""
    array = np.ones((4, 6))[::2, ::3]

    assert take_features({"x": array})["x"] is array


@pytest.mark.parametrize(
    ("macos", "call", "text"),
    [
        ((12, 6), "asset", r"MLModelAsset is only available on macOS >= 13\.0"),
        ((14, 6), "asset of a path", r"Creating an MLModelAsset from a file path is only available on macOS >= 15\.0"),
        ((14, 6), "hint", r"Setting 'reshapeFrequency' is only available on macOS >= 15\.0"),
        ((12, 6), "plan", r"MLComputeUnitsCPUAndNeuralEngine is only available|MLComputePlan is only available"),
        ((13, 6), "cores", r"MLComputeDevice is only available on macOS >= 14\.0"),
    ],
)
def test_more_gates_of_the_native_code(mac, macos, call, text):
    """The native module is asked below coremltools, which has separate checks for some."""
    from coremltools import libcoremlpython as native

    path = mac.compiled(models.program_spec())
    proxy = native._MLModelProxy
    calls = {
        "asset": lambda: proxy.create_model_asset_from_memory(b"", {}),
        "asset of a path": lambda: proxy.create_model_asset_from_path(path),
        "hint": lambda: proxy(path, "ALL", "", {"reshapeFrequency": "Frequent"}),
        "plan": lambda: proxy.get_compute_plan(path, "CPU_AND_NE"),
        "cores": native._MLNeuralEngineComputeDeviceProxy().get_total_core_count,
    }
    mac.become(macos=macos)

    with pytest.raises(RuntimeError, match=text):
        calls[call]()


def test_states_of_an_older_system(mac, load):
    """A state cannot be made there, and one that there is cannot be used."""
    model = load(models.program_spec(state=True))
    state = model.make_state()
    mac.become(macos=(14, 6))

    with pytest.raises(RuntimeError, match=r"Stateful predictions using MLState are only supported on macOS >= 15\.0"):
        model.predict({"x": X}, state)
    with pytest.raises(RuntimeError, match=r"Reading state is only available on macOS >= 15\.0"):
        state.read_state("cache")
    with pytest.raises(RuntimeError, match=r"Writing state is only available on macOS >= 15\.0"):
        state.write_state("cache", np.zeros((2, 3), np.float32))


def test_a_model_without_states_gives_an_empty_one(load):
    """Nothing can be read of it."""
    with pytest.raises(RuntimeError, match="no state named"):
        load(models.program_spec()).make_state().read_state("cache")


def test_text_may_be_bytes_and_unknown_units_are_all(mac):
    """As in release builds."""
    from coremltools import libcoremlpython as native

    path = mac.compiled(models.program_spec()).encode()

    assert "y" in native._MLModelProxy(path, b"ANYTHING", b"", {}).predict({"x": X}, None)
    assert native._MLModelProxy.get_compute_plan(path, "ANYTHING") is not None


def test_unknown_hints_are_ignored(mac):
    """coremltools checks them, the native code does not."""
    from coremltools import libcoremlpython as native

    assert native._MLModelProxy(mac.compiled(models.program_spec()), "ALL", "", {"anything": "x"}) is not None


def test_a_refused_configuration_leaks_the_compiled_folder(mac):
    """It comes after the compile."""
    from coremltools.models import MLModel

    package = mac.package(models.multifunction_spec())
    mac.become(macos=(14, 6))
    with pytest.warns(RuntimeWarning, match="functionName"):
        MLModel(package, function_name="other")
    gc.collect()

    assert len(list((mac.folder / "tmp").glob("*.mlmodelc"))) == 1


def test_stdout_is_silent_in_the_constructor_only(mac, capfd):
    """`compileModel` silences nothing, and nothing else silences stderr."""
    from coremltools.models import MLModel
    from coremltools.models.utils import compile_model

    mac.become(failures=(Failure("compile", "stdout", "out\n"), Failure("compile", "stderr", "err\n")))
    package = mac.package(models.program_spec())
    MLModel(package)
    in_constructor = capfd.readouterr()
    compile_model(package)

    assert (in_constructor.out, in_constructor.err) == ("", "err\n")
    assert capfd.readouterr() == ("out\n", "err\n")


def test_functions_have_no_order(mac):
    """Over some plans each comes first once."""
    from coremltools.models.compute_plan import MLModelStructure

    path = mac.compiled(models.multifunction_spec())
    first = {next(iter(MLModelStructure.load_from_path(path).program.functions)) for _ in range(64)}

    assert first == {"main", "other"}


def test_labels_and_sequences(mac, load):
    """Probabilities are always float; a sequence of integers comes out empty, one of words does not."""
    spec = models.program_spec()
    spec.description.output.add(name="p").type.dictionaryType.int64KeyType.SetInParent()
    spec.description.output.add(name="ids").type.sequenceType.int64Type.SetInParent()
    spec.description.output.add(name="words").type.sequenceType.stringType.SetInParent()
    mac.become(outputs={"p": {"1": 1}, "ids": [1, 2], "words": ["a"]})

    out = load(spec).predict({"x": X})

    assert (out["p"], type(out["p"][1])) == ({1: 1.0}, float)
    assert (out["ids"], out["words"]) == ([], ["a"])


def test_queries_of_what_is_no_operation(mac):
    """An object without a proxy is an error of Python's."""
    from coremltools.models.compute_plan import MLComputePlan

    mac.become(default=Op("gpu"))
    plan = MLComputePlan.load_from_path(mac.compiled(models.program_spec()))

    with pytest.raises(AttributeError):
        plan.get_compute_device_usage_for_mlprogram_operation(object())


def test_a_missing_path_is_an_error_of_the_plan(mac):
    """Unlike a path to something else, which ends the process."""
    from coremltools.models.compute_plan import MLComputePlan, MLModelStructure

    for load_from_path in (MLComputePlan.load_from_path, MLModelStructure.load_from_path):
        with pytest.raises(RuntimeError, match=r"coremldata\.bin is not there"):
            load_from_path(str(mac.folder / "Missing.mlmodelc"))


FATAL = """
import sys
from coremltools import libcoremlpython as native
from coremltools.models import CompiledMLModel
from coremltools.models.model import MLModelAsset
path, call = sys.argv[1:]
if call == "plan":
    native._MLModelProxy.get_compute_plan(path, "ALL")
elif call == "structure":
    native._MLModelProxy.get_model_structure(path)
else:
    specification = open(path + "/Data/com.apple.CoreML/model.mlmodel", "rb").read()
    CompiledMLModel.from_asset(MLModelAsset.from_memory(specification, {}))._proxy.get_compiled_model_path()
"""


@pytest.mark.parametrize(
    ("call", "number"), [("plan", signal.SIGABRT), ("structure", signal.SIGABRT), ("path of an asset", signal.SIGSEGV)]
)
def test_what_ends_the_process(tmp_path, call, number):
    """The plan and the structure of a package, and asking a model from memory for its compiled path."""
    import subprocess

    package = models.save(models.program_spec(), tmp_path / "Model.mlpackage")
    Scenario().save(tmp_path / "scenario.json")
    words = [sys.executable, "-c", FATAL, str(package), call]

    done = subprocess.run(
        words, env=environment(tmp_path / "scenario.json"), capture_output=True, timeout=60, check=False
    )

    assert done.returncode == -number
