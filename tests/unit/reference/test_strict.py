"""Strict precision rounds to half precision after each operation: the same bits as numpy's float16; fast does not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from interface_models import memory_model
from one_op import load_program, run_op

# Functions whose result, computed in single precision and rounded, is the one that half precision asks for
STEPS = {
    "add": (lambda x, y: mb.add(x=x, y=y), np.add),
    "sub": (lambda x, y: mb.sub(x=y, y=x), lambda x, y: y - x),
    "mul": (lambda x, y: mb.mul(x=x, y=y), np.multiply),
    "real_div": (lambda x, y: mb.real_div(x=x, y=y), np.divide),
    "sqrt": (lambda x, y: mb.sqrt(x=mb.abs(x=x)), lambda x, y: np.sqrt(np.abs(x))),
    "square": (lambda x, y: mb.square(x=x), lambda x, y: np.square(x)),
    "maximum": (lambda x, y: mb.maximum(x=x, y=y), np.maximum),
    "relu": (lambda x, y: mb.relu(x=x), lambda x, y: np.maximum(x, 0)),
    "transpose": (lambda x, y: mb.transpose(x=x, perm=[1, 0]), lambda x, y: x.T),
    "linear": (
        lambda x, y: mb.linear(x=x, weight=EYE, bias=EYE[0]),
        lambda x, y: (x.astype(np.float32) @ EYE.T.astype(np.float32) + EYE[0].astype(np.float32)).astype(np.float16),
    ),
}
EYE = np.eye(4, dtype=np.float16) * np.float16(1.1)
X = np.random.default_rng(0).uniform(0.5, 40, (4, 4)).astype(np.float16)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def _bits(array):
    return np.asarray(array, np.float32).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_chains_of_operations(seed):
    """Twelve in a row, drawn by lot, with overflow to infinity where half precision has it."""
    names = random.Random(seed).choices(list(STEPS), k=12)
    y = np.float16(1 / 3)

    def body(x):
        values = [x]
        for name in names:
            values.append(STEPS[name][0](values[-1], y))
        return values[1:]

    expected = [X]
    for name in names:
        expected.append(STEPS[name][1](expected[-1], y).astype(np.float16))
    results = run_op(body, X, precision="strict")
    # Where nothing between can be seen, there is more to simplify
    (last,) = run_op(lambda x: body(x)[-1], X, precision="strict")

    for name, result, numbers in zip([*names, "last"], [*results, last], [*expected[1:], expected[-1]], strict=True):
        np.testing.assert_array_equal(result, numbers.astype(np.float32), err_msg=name)


WEIGHTS = {
    "table": lambda: mb.constexpr_lut_to_dense(
        indices=np.array([[0, 1, 2, 3]] * 4, types.np_uint2_dtype),
        lut=np.array([0.1, 1 / 3, 7.7, -3.3], np.float16).reshape(1, 1, 4, 1),
    ),
    "scale": lambda: mb.constexpr_blockwise_shift_scale(
        data=np.array([[-8, 7, 3, 1]] * 4, types.np_int4_dtype), scale=np.full((4, 1), 1 / 3, np.float16)
    ),
    "zeros": lambda: mb.constexpr_sparse_to_dense(
        nonzero_data=np.array([0.1, 1 / 3, 7.7, -3.3], np.float16),
        mask=np.eye(4, dtype=np.int8).astype(types.np_uint1_dtype),
    ),
}
DECODED = {
    "table": np.array([[0.1, 1 / 3, 7.7, -3.3]] * 4, np.float16),
    "scale": np.array([[-8, 7, 3, 1]] * 4, np.float16) * np.float16(1 / 3),
    "zeros": np.diag(np.array([0.1, 1 / 3, 7.7, -3.3], np.float16)),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_compressed_weights(kind):
    """They are decoded to half precision, and what is computed with them is rounded."""
    third = np.float16(1 / 3)

    (result,) = run_op(
        lambda x: mb.add(x=mb.mul(x=x, y=WEIGHTS[kind]()), y=third), X, precision="strict", opset="iOS18"
    )

    np.testing.assert_array_equal(result, (X * DECODED[kind] + third).astype(np.float32))


def test_loops_and_branches():
    """Each turn rounds: a tenth is added thirty times, and every other time multiplied."""
    tenth, more = np.float16(0.1), np.float16(1.01)

    def body(x):
        def turn(i, x):
            odd = mb.equal(x=mb.mod(x=i, y=2), y=1)
            added = mb.add(x=x, y=tenth)
            return mb.add(x=i, y=1), mb.cond(
                pred=odd, _true_fn=lambda: mb.mul(x=added, y=more), _false_fn=lambda: added
            )

        return mb.while_loop(_cond=lambda i, _: mb.less(x=i, y=30), _body=turn, loop_vars=(0, x))[1]

    expected = X
    for i in range(30):
        expected = (expected + tenth) * more if i % 2 else expected + tenth
    strict, fast = (run_op(body, X, precision=precision)[0] for precision in ("strict", "fast"))

    np.testing.assert_array_equal(strict, expected.astype(np.float32))
    assert _bits(fast) != _bits(expected)


def test_states(tmp_path):
    """From one prediction to the next, a sum of tenths is that of half precision."""
    memory_model().save(str(tmp_path / "m.mlpackage"))
    sums = {}
    for precision in ("strict", "fast"):
        function, states = load_program(tmp_path / "m.mlpackage", precision), {"memory": np.zeros(2, np.float32)}
        for _ in range(50):
            (result,) = function.run({"x": np.array([0.1, 0.3], np.float16)}, states).values()
        sums[precision] = _bits(result)

    expected = np.zeros(2, np.float16)
    for _ in range(50):
        expected = expected + np.array([0.1, 0.3], np.float16)
    assert sums["strict"] == _bits(expected)
    assert sums["fast"] != sums["strict"]
