"""States: each is its model's own, and a model that has some can be used without a word of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import standin_models

if TYPE_CHECKING:
    from mac_project import MacProject

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "--coreml-calls=10")
TESTS = """
    import models
    import numpy as np
    import pytest

    STEP = {"step": np.ones((1, 4), np.float32)}

    def total(model, state=None):
        return model.predict(STEP, state)["total"].max()

    def test_a_prediction_without_a_state_has_an_empty_one(coreml_load):
        model = coreml_load(models.counter)
        state = model.make_state()
        assert [total(model, state), total(model), total(model), total(model, state)] == [1, 1, 1, 2]

    def test_a_state_of_another_model(coreml_load):
        model, other = coreml_load(models.counter), coreml_load(models.counter, "cpuOnly")
        state, others = model.make_state(), other.make_state()
        with pytest.raises(Exception, match=r"on cpuOnly: the state belongs to .* on all; make one with"):
            total(other, state)
        assert total(other, others) == 1

    @pytest.mark.parametrize("state", [1, {"memory": np.zeros((1, 4))}])
    def test_what_is_no_state(coreml_load, state):
        with pytest.raises(Exception, match=r"state: expected the result of make_state\\(\\), got "):
            total(coreml_load(models.counter), state)
"""
SAVE = "import models; models.counter().save('Counter.mlpackage')"

# A model that counts its position in its state, and a package of two functions over the same state.
MODELS = """
    import coremltools as ct
    import numpy as np
    from coremltools.converters.mil import Builder as mb
    from coremltools.converters.mil.mil import types

    HALF = {"dtype": types.fp16}

    def save(program, name):
        ct.convert(
            program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18, skip_model_load=True
        ).save(name)

    @mb.program(
        input_specs=[
            mb.TensorSpec(shape=(1, 4), **HALF),
            mb.StateTensorSpec(shape=(8, 4), **HALF),
            mb.StateTensorSpec(shape=(1,), **HALF),
        ],
        opset_version=ct.target.iOS18,
    )
    def program(token, cache, position):
        row = mb.cast(x=mb.read_state(input=position), dtype="int32")
        begin = mb.concat(values=[row, np.array([0], np.int32)], axis=0)
        end = mb.concat(values=[mb.add(x=row, y=np.int32(1)), np.array([4], np.int32)], axis=0)
        filled = mb.slice_update(x=mb.read_state(input=cache), update=token, begin=begin, end=end)
        mb.coreml_update_state(state=cache, value=filled)
        mb.coreml_update_state(state=position, value=mb.add(x=mb.read_state(input=position), y=np.float16(1)))
        return mb.reduce_sum(x=filled, axes=[0], name="sum")

    save(program, "Counts.mlpackage")

    pair = ct.utils.MultiFunctionDescriptor()
    for name, tokens, width in (("prefill", 4, 2), ("decode", 1, 2), ("wide", 1, 3)):

        @mb.program(
            input_specs=[mb.TensorSpec(shape=(tokens, width), **HALF), mb.StateTensorSpec(shape=(1, width), **HALF)],
            opset_version=ct.target.iOS18,
        )
        def program(x, total):
            more = mb.add(x=mb.read_state(input=total), y=mb.reduce_sum(x=x, axes=[0], keep_dims=True))
            return mb.identity(x=mb.coreml_update_state(state=total, value=more), name="y")

        save(program, f"{name}.mlpackage")
        pair.add_function(f"{name}.mlpackage", "main", name)
    pair.default_function_name = "decode"
    ct.utils.save_multifunction(pair, "Pair.mlpackage")
"""
TESTS_OF_THEM = """
    import numpy as np
    import pytest

    TOKEN = {"token": np.ones((1, 4), np.float32)}
    ONE = {"x": np.ones((1, 2), np.float32)}

    @pytest.mark.coreml_model("Counts.mlpackage")
    @pytest.mark.coreml_budget(predict_ms=1000)
    def test_eight_tokens(coreml_model):
        state = coreml_model.make_state()
        for _ in range(8):
            out = coreml_model.predict(TOKEN, state)
        assert out["sum"].max() == 8

    @pytest.mark.coreml_model("Counts.mlpackage")
    def test_without_a_sequence(coreml_model):
        assert len(coreml_model.measure(TOKEN, calls=20).native_ms) >= 20

    @pytest.mark.coreml_model("Counts.mlpackage")
    def test_past_the_end(coreml_model):
        state = coreml_model.make_state()
        for _ in range(8):
            coreml_model.predict(TOKEN, state)
        with pytest.raises(Exception, match="out of range|shape"):
            coreml_model.predict(TOKEN, state)

    def test_prefill_then_decode_and_back(coreml_load):
        prefill = coreml_load("Pair.mlpackage", function="prefill")
        decode = coreml_load("Pair.mlpackage", function="decode")
        state = prefill.make_state()
        assert prefill.predict({"x": np.ones((4, 2), np.float32)}, state)["y"].max() == 4
        assert [decode.predict(ONE, state)["y"].max() for _ in range(2)] == [5, 6]
        assert state.read_state("total").max() == 6
        assert prefill.predict({"x": np.ones((4, 2), np.float32)}, state)["y"].max() == 10

    def test_a_function_with_another_state(coreml_load):
        decode, wide = (coreml_load("Pair.mlpackage", function=name) for name in ("decode", "wide"))
        expected = r"the state of function 'decode' has total \\(1, 2\\), and that of 'wide' total \\(1, 3\\)"
        with pytest.raises(Exception, match=expected):
            wide.predict({"x": np.ones((1, 3), np.float32)}, decode.make_state())
"""


@pytest.fixture
def counting(project: pytest.Pytester) -> pytest.Pytester:
    """A project with the stateful model of the examples."""
    shutil.copy(EXAMPLES / "models.py", project.path)
    return project


@pytest.mark.slow
def test_states_of_several_models(counting: pytest.Pytester) -> None:
    """None is taken for another's, and one that is not given is made."""
    counting.makepyfile(TESTS)

    result = counting.runpytest_subprocess(*RUN)

    result.assert_outcomes(passed=4)


@pytest.mark.slow
def test_a_stateful_model_is_a_test_without_code(counting: pytest.Pytester) -> None:
    """It predicts and is measured as any other."""
    assert counting.runpython_c(SAVE).ret == 0

    result = counting.runpytest_subprocess(*RUN, "Counter.mlpackage")

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_state_that_counts_and_a_state_of_two_functions(project: pytest.Pytester) -> None:
    """A measurement goes on with a fresh state at the end of one; a state goes on with another function of its file."""
    project.makepyfile(make_models=MODELS, test_it=TESTS_OF_THEM)
    assert project.runpython(project.path / "make_models.py").ret == 0

    project.runpytest_subprocess(*RUN).assert_outcomes(passed=5)


ON_A_MAC = """
    import numpy as np

    def test_prefill_then_decode(coreml_load):
        prefill, decode = (coreml_load("Model.mlpackage", function=name) for name in ("prefill", "decode"))
        state = prefill.make_state()
        state.write_state("cache", np.full((2, 3), 7, np.float32))
        decode.predict(decode.example_inputs(), state)
        assert state.read_state("cache").tolist() == [[7, 7, 7], [7, 7, 7]]
        prefill.predict(prefill.example_inputs(), state)
        assert state.read_state("cache").max() == 7
"""


@pytest.mark.slow
def test_a_state_goes_on_with_another_function_on_a_mac(mac_project: MacProject) -> None:
    """By reading and writing its tensors, since each function has a separate engine."""
    mac_project.save(standin_models.multifunction_spec(("decode", "prefill"), state=True))
    mac_project.test(ON_A_MAC)

    mac_project.run().assert_outcomes(passed=1)
    assert len({call["pid"] for call in mac_project.journal("predict")}) == 2
