"""Compiled folders, assets, plans and operations: who owns what."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import standin_models as models
from standin.scenario import Failure


def folders(mac):
    """Return the compiled folders in the temporary directory."""
    return list((mac.folder / "tmp").glob("*.mlmodelc"))


def test_a_folder_made_by_the_constructor_goes_with_the_object(mac):
    """The path is good only while the model lives."""
    from coremltools.models import MLModel

    model = MLModel(mac.package(models.program_spec()))
    path = Path(model.get_compiled_model_path())
    assert path.is_dir()
    del model
    gc.collect()

    assert not path.exists()


def test_a_compiled_path_is_never_deleted(mac, load):
    """The folder belongs to its creator."""
    model = load(models.program_spec())
    path = Path(model._proxy.get_compiled_model_path())
    del model
    gc.collect()

    assert path.is_dir()


def test_compile_model_leaves_its_folder(mac):
    """Without a destination the result stays in the temporary directory."""
    from coremltools.models.utils import compile_model

    path = compile_model(mac.package(models.program_spec()))

    assert folders(mac) == [Path(path)]


def test_a_failed_load_leaks_its_folder(mac):
    """The destructor of an object that never came to be does not run; the error is a warning and no proxy."""
    from coremltools.models import MLModel

    mac.become(failures=(Failure("load", "error", "no"),))
    with pytest.warns(RuntimeWarning, match="You will not be able to run predict"):
        model = MLModel(mac.package(models.program_spec()))
    gc.collect()

    assert len(folders(mac)) == 1
    with pytest.raises(RuntimeError, match="NSLocalizedDescription = no;"):
        model.predict({"x": np.ones((1, 4), np.float32)})


def test_compile_errors_are_dressed_by_where_they_happen(mac):
    """The constructor has its own words; compileModel prints the userInfo."""
    from coremltools.models import MLModel
    from coremltools.models.utils import compile_model

    mac.become(failures=(Failure("compile", "error", "no good"),))
    path = mac.package(models.program_spec())

    with pytest.warns(RuntimeWarning, match='Error compiling model: "no good"'):
        MLModel(path)
    with pytest.raises(RuntimeError, match=r'NSLocalizedDescription = "no good";'):
        compile_model(path)


def test_missing_weights_fail_the_load(mac, load):
    """The framework names the blob file."""
    spec = models.program_spec()
    constant = spec.mlProgram.functions["main"].block_specializations["CoreML8"].operations[0]
    constant.attributes["val"].blobFileValue.fileName = "@model_path/weights/weight.bin"

    with pytest.raises(RuntimeError, match=r"Could not open .*/weights/weight\.bin"):
        load(spec)


def test_models_load_from_memory(mac):
    """An asset needs no path."""
    from coremltools.models import CompiledMLModel
    from coremltools.models.model import MLModelAsset

    asset = MLModelAsset.from_memory(models.program_spec().SerializeToString(), {"weights/weight.bin": b"1"})
    model = CompiledMLModel.from_asset(asset)

    assert model.predict({"x": np.ones((1, 4), np.float32)})["y"].shape == (1, 4)


def test_functions_load_by_name(load):
    """An unknown name is an error of the framework."""
    spec = models.multifunction_spec()

    assert load(spec, function_name="other").function_name == "other"


def test_an_unknown_function_is_an_error(load):
    """It names the function."""
    with pytest.raises(RuntimeError, match="'third' was not found"):
        load(models.multifunction_spec(), function_name="third")


def test_operations_die_with_their_plan(mac):
    """Once the plan is gone, its operations give None on any plan; dataclasses stay readable."""
    from coremltools.models.compute_plan import MLComputePlan

    path = mac.compiled(models.program_spec(1))
    plan = MLComputePlan.load_from_path(path)
    operation = plan.model_structure.program.functions["main"].block.operations[-1]
    assert plan.get_estimated_cost_for_mlprogram_operation(operation).weight == 1.0
    del plan
    other = MLComputePlan.load_from_path(path)

    assert other.get_estimated_cost_for_mlprogram_operation(operation) is None
    assert other.get_compute_device_usage_for_mlprogram_operation(operation) is None
    assert operation.operator_name == "ios18.relu"


def test_operations_of_a_bare_structure_are_unknown_to_every_plan(mac):
    """A structure that stands alone owns nothing."""
    from coremltools.models.compute_plan import MLComputePlan, MLModelStructure

    path = mac.compiled(models.program_spec(1))
    structure = MLModelStructure.load_from_path(path)
    plan = MLComputePlan.load_from_path(path)
    operation = structure.program.functions["main"].block.operations[-1]

    assert plan.get_compute_device_usage_for_mlprogram_operation(operation) is None
