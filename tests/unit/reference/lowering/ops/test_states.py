"""States: read and written, within one prediction and from one to the next."""

from __future__ import annotations

from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from one_op import load_program


def _load(body, precision="fast"):
    half = {"shape": (2,), "dtype": types.fp16}

    @mb.program(input_specs=[mb.TensorSpec(**half), mb.StateTensorSpec(**half)], opset_version=ct.target.iOS18)
    def program(x, memory):
        return body(x, memory)

    model = ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS18,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
    )
    return load_program(Path(model.package_path), precision)


def _run(function, x, states):
    return [result.tolist() for result in function.run({"x": np.array(x, np.float16)}, states).values()]


@pytest.mark.operation("read_state", "write_state")
def test_a_state_is_what_was_written_last():
    """A value that was read before a write stays the old one; the next prediction begins with the last one."""

    def body(x, memory):
        before = mb.identity(x=mb.read_state(input=memory))
        between = mb.coreml_update_state(state=memory, value=mb.add(x=before, y=x))
        after = mb.coreml_update_state(state=memory, value=mb.mul(x=between, y=np.float16(10)))
        return before, between, after

    function, states = _load(body), {"memory": np.array([1, 2], np.float32)}

    assert _run(function, [3, -2], states) == [[1, 2], [4, 0], [40, 0]]
    assert _run(function, [1, 1], states) == [[40, 0], [41, 1], [410, 10]]
    assert states["memory"].tolist() == [410, 10]


def test_a_branch_may_write_a_state():
    """The one that is not taken leaves it alone."""

    def body(x, memory):
        def write():
            return mb.coreml_update_state(state=memory, value=x)

        chosen = mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=x), y=np.float16(0)),
            _true_fn=write,
            _false_fn=lambda: mb.mul(x=x, y=np.float16(2)),
        )
        return chosen, mb.identity(x=mb.read_state(input=memory))

    function, states = _load(body), {"memory": np.zeros(2, np.float32)}

    assert _run(function, [5, 6], states) == [[5, 6], [5, 6]]
    assert _run(function, [-5, -6], states) == [[-10, -12], [5, 6]]


@pytest.mark.parametrize(("precision", "expected"), [("strict", [0, 2048]), ("fast", [1, 2049])])
def test_strict_precision_rounds_what_is_written(precision, expected):
    """2049 does not exist in half precision: 2048 comes back from the state in strict precision."""

    def body(x, memory):
        kept = mb.coreml_update_state(state=memory, value=mb.add(x=x, y=np.float16(1)))
        return mb.sub(x=kept, y=np.float16(2048))

    function, states = _load(body, precision), {"memory": np.zeros(2, np.float32)}

    assert _run(function, [2048, 2048], states) == [[expected[0]] * 2]
    assert states["memory"].tolist() == [expected[1]] * 2
