"""Values across the boundary."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import standin_models as models
from standin.session import read_journal

X = np.ones((1, 4), np.float32)


def test_half_precision_outputs_come_back_as_float32(mac, load):
    """A float16 output is widened by the binding."""
    out = load(models.program_spec()).predict({"x": X})

    assert out["y"].dtype == np.float32


def test_scripted_outputs_are_rounded_to_the_declared_type(mac, load):
    """A float16 output has float16's precision, though its type is float32."""
    mac.become(outputs={"y": [[0.1, 1, 2, 3]]})

    out = load(models.program_spec()).predict({"x": X})

    assert np.float32(np.float16(0.1)) == out["y"][0, 0]


@pytest.mark.parametrize(
    "value",
    [X.astype(np.int64), X.astype(np.uint8), X.astype(bool), np.array(1.0), np.broadcast_to(np.float32(1), (1, 4))],
    ids=["int64", "uint8", "bool", "zero-dimensional", "read-only"],
)
def test_arrays_that_the_framework_cannot_take_are_refused(load, capsys, value):
    """A refusal prints two lines to stdout and loses the reason."""
    model = load(models.program_spec())

    with pytest.raises(RuntimeError, match="value type not convertible"):
        model.predict({"x": value})

    assert capsys.readouterr().out.startswith("value type not convertible")


def test_half_precision_is_refused_below_python(load):
    """coremltools widens float16 inputs; the binding itself would refuse them."""
    model = load(models.program_spec())

    assert "y" in model.predict({"x": X.astype(np.float16)})
    with pytest.raises(RuntimeError, match="not convertible"):
        model._proxy.predict({"x": X.astype(np.float16)}, None)


def test_lists_vanish(load):
    """A list is dropped, so the feature is missing for the framework."""
    with pytest.raises(RuntimeError, match="Feature x is required but not specified"):
        load(models.program_spec()).predict({"x": [[1.0, 1.0, 1.0, 1.0]]})


def test_a_dictionary_follows_its_first_item(load):
    """An int after a float is fine, a float after an int is refused."""
    proxy = load(models.program_spec())._proxy

    assert "y" in proxy.predict({"x": X, "d": {"a": 1.0, "b": 2}}, None)
    with pytest.raises(RuntimeError, match="not convertible"):
        proxy.predict({"x": X, "d": {"a": 1, "b": 2.0}}, None)


def test_a_wrong_shape_is_an_error_of_the_framework(load):
    """The text is the printed userInfo."""
    with pytest.raises(RuntimeError, match=r'^\{\n    NSLocalizedDescription = "MultiArray shape \(2 x 4\)'):
        load(models.program_spec()).predict({"x": np.ones((2, 4), np.float32)})


def test_the_state_argument_is_required(load):
    """No default value crosses the boundary."""
    with pytest.raises(TypeError, match="incompatible function arguments"):
        load(models.program_spec())._proxy.predict({"x": X})


def test_the_order_of_results_is_that_of_a_set(load):
    """Over some predictions every output comes first once."""
    spec = models.program_spec()
    spec.description.output.add(name="z").type.CopyFrom(spec.description.output[0].type)
    model = load(spec)

    assert {next(iter(model.predict({"x": X}))) for _ in range(64)} == {"y", "z"}


def test_objects_take_no_attributes_and_no_copies(load):
    """They are native objects."""
    model = load(models.program_spec())

    with pytest.raises(AttributeError):
        model._proxy.anything = 1
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.deepcopy(model)
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(model._proxy)


def test_the_journal_tells_which_arrays_were_released_too_early(mac, load):
    """The framework may touch an input long after the call."""
    model = load(models.program_spec())
    kept = X.copy()
    model.predict({"x": kept})
    model._proxy.predict({"x": X.copy()}, None)

    journal = read_journal(mac.path)

    assert [kept.ctypes.data] != [e["address"] for e in journal if e["stage"] == "input released"]
    assert len([e for e in journal if e["stage"] == "input released"]) == 1


def test_states_are_half_precision_inside_and_float32_outside(mac, load):
    """A value that is written comes back rounded to float16, as float32; a state is fresh each time."""
    model = load(models.program_spec(state=True))
    state = model.make_state()
    state.write_state("cache", np.full((2, 3), 0.1, np.float32))

    assert np.full((2, 3), np.float16(0.1)).astype(np.float32) == pytest.approx(state.read_state("cache"), abs=0)
    assert state.read_state("cache").dtype == np.float32
    assert not model.make_state().read_state("cache").any()


def test_what_a_state_refuses(load):
    """Unknown names and wrong shapes are plain reasons; half precision is not convertible."""
    state = load(models.program_spec(state=True)).make_state()

    with pytest.raises(RuntimeError, match="^The model has no state named other"):  # noqa: RUF043
        state.read_state("other")
    with pytest.raises(RuntimeError, match="only multi-array value is supported"):
        state.write_state("cache", [1.0])
    with pytest.raises(RuntimeError, match="not convertible"):
        state.write_state("cache", np.zeros((2, 3), np.float16))
    with pytest.raises(RuntimeError, match="does not match"):
        state.write_state("cache", np.zeros((3, 2), np.float32))


def test_a_stateful_model_wants_its_state(load):
    """Without one the framework says so in its own words."""
    with pytest.raises(RuntimeError, match="The input feature for cache must be an MLState, but it was not"):
        load(models.program_spec(state=True)).predict({"x": X})
