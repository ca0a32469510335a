"""Choice and repetition, with captured values, lists, states, and blocks in blocks."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

X = np.array([1, 2, 3], np.float32)


def _scalar(x):
    return mb.squeeze(x=x, axes=[0])


def _count(n):
    return np.array([n], np.int32)


def test_select_takes_each_element_from_one_of_two():
    """With all three broadcast against each other."""
    pick = np.array([[True], [False]])
    a, b = np.array([1.0, 2.0], np.float32), np.array([[-1.0, -2.0], [-3.0, -4.0]], np.float32)

    (result,) = run_op(lambda c, a, b: mb.select(cond=c, a=a, b=b), pick, a, b)

    assert result.tolist() == [[1, 2], [-3, -4]]


def test_select_of_truth_values():
    """Truth values are a separate numeric type."""
    pick = np.array([True, False, True])

    (result,) = run_op(lambda c, a, b: mb.select(cond=c, a=a, b=b), pick, pick, ~pick)

    assert result.tolist() == [1, 1, 1]


@pytest.mark.operation("cond")
@pytest.mark.parametrize(("number", "expected"), [(1, ([2, 3, 4], [2, 4, 6])), (0, ([0, 1, 2], [1, 2, 3]))])
def test_cond_runs_one_of_two_blocks(number, expected):
    """Both see the values outside; an output may be one of these as it is."""

    def body(x, n):
        return mb.cond(
            pred=mb.greater(x=_scalar(n), y=0),
            _true_fn=lambda: (mb.add(x=x, y=1.0), mb.mul(x=x, y=2.0)),
            _false_fn=lambda: (mb.sub(x=x, y=1.0), x),
        )

    results = run_op(body, X, _count(number))

    assert tuple(result.tolist() for result in results) == expected


@pytest.mark.parametrize(("pred", "expected"), [(True, [2, 4, 6]), (False, [1, 2, 3])])
def test_cond_on_a_constant_is_the_block_itself(pred, expected):
    """Nothing is left to choose."""

    def body(x):
        return mb.cond(pred=pred, _true_fn=lambda: mb.mul(x=x, y=2.0), _false_fn=lambda: mb.mul(x=x, y=1.0))

    assert run_op(body, X)[0].tolist() == expected


def test_cond_may_give_a_constant():
    """Of the block, or from outside."""

    def body(x, n):
        outside = mb.const(val=np.float32(5))
        chosen = mb.cond(
            pred=mb.greater(x=_scalar(n), y=0), _true_fn=lambda: mb.const(val=np.float32(7)), _false_fn=lambda: outside
        )
        return mb.add(x=x, y=chosen)

    results = [run_op(body, X, _count(n))[0].tolist() for n in (0, 1)]

    assert results == [[6, 7, 8], [8, 9, 10]]


@pytest.mark.operation("while_loop")
@pytest.mark.parametrize("turns", [0, 1, 5])
def test_while_loop_runs_as_long_as_its_condition_holds(turns):
    """No turn at all is possible; a variable that never changes comes out as it went in."""

    def body(x, n):
        return mb.while_loop(
            _cond=lambda i, y, z: mb.less(x=i, y=_scalar(n)),
            _body=lambda i, y, z: (mb.add(x=i, y=1), mb.mul(x=mb.add(x=y, y=z), y=x), z),
            loop_vars=(0, x, mb.identity(x=x)),
        )

    count, y, z = run_op(body, X, _count(turns))

    expected = X
    for _ in range(turns):
        expected = (expected + X) * X
    assert count == turns
    assert y.tolist() == expected.tolist()
    assert z.tolist() == X.tolist()


def test_while_loop_may_exchange_its_variables():
    """Each turn takes all old values before it gives new ones: Fibonacci."""

    def body(n, first, second):
        return mb.while_loop(
            _cond=lambda i, a, b: mb.less(x=i, y=_scalar(n)),
            _body=lambda i, a, b: (mb.add(x=i, y=1), b, mb.add(x=a, y=b)),
            loop_vars=(0, first, second),
        )[1]

    assert [int(run_op(body, _count(n), _count(0), _count(1))[0]) for n in (0, 1, 10)] == [0, 1, 55]


def test_a_condition_may_have_dimensions():
    """Of one element, as comparing two vectors of one gives it; MIL's own examples do so."""

    def body(x):
        return mb.while_loop(
            _cond=lambda y: mb.less(x=y, y=np.array([20], np.float32)),
            _body=lambda y: (mb.mul(x=y, y=3.0),),
            loop_vars=(mb.slice_by_size(x=x, begin=[0], size=[1]),),
        )

    assert run_op(body, X)[0].tolist() == [27]


def test_while_loops_nest():
    """The inner one sees the variables of the outer one and the values outside both: `sum(i * j)`."""

    def body(n, zero):
        limit = _scalar(n)

        def outer(i, total):
            inner = mb.while_loop(
                _cond=lambda j, _: mb.less(x=j, y=limit),
                _body=lambda j, part: (mb.add(x=j, y=1), mb.add(x=part, y=mb.mul(x=i, y=j))),
                loop_vars=(0, total),
            )
            return mb.add(x=i, y=1), inner[1]

        return mb.while_loop(_cond=lambda i, _: mb.less(x=i, y=limit), _body=outer, loop_vars=(0, _scalar(zero)))[1]

    assert run_op(body, _count(4), _count(0))[0] == sum(i * j for i in range(4) for j in range(4))


def test_while_loop_in_a_condition():
    """The condition is a block like another one: it may hold a loop."""

    def body(n):
        def condition(i):
            square = mb.while_loop(
                _cond=lambda j, _: mb.less(x=j, y=i),
                _body=lambda j, total: (mb.add(x=j, y=1), mb.add(x=total, y=i)),
                loop_vars=(0, 0),
            )[1]
            return mb.less(x=square, y=_scalar(n))

        return mb.while_loop(_cond=condition, _body=lambda i: mb.add(x=i, y=1), loop_vars=(1,))

    assert run_op(body, _count(50))[0] == 8


def test_cond_in_a_while_loop():
    """Collatz: 6 needs eight steps."""

    def body(n):
        def turn(i, x):
            odd = mb.equal(x=mb.mod(x=x, y=2), y=1)
            following = mb.cond(
                pred=odd,
                _true_fn=lambda: mb.add(x=mb.mul(x=x, y=3), y=1),
                _false_fn=lambda: mb.floor_div(x=x, y=2),
            )
            return mb.add(x=i, y=1), following

        return mb.while_loop(_cond=lambda i, x: mb.greater(x=x, y=1), _body=turn, loop_vars=(0, _scalar(n)))[0]

    assert run_op(body, _count(6))[0] == 8


@pytest.mark.parametrize("is_dynamic", [False, True])
def test_a_list_is_carried_through_a_loop(is_dynamic):
    """A row is read from one list outside, and written to one that is a variable."""
    rows = np.arange(8, dtype=np.float32).reshape(4, 2)

    def body(x):
        length = 1 if is_dynamic else 4
        source = mb.list_scatter(ls=mb.make_list(init_length=4, elem_shape=(2,)), indices=[0, 1, 2, 3], value=x)
        target = mb.make_list(init_length=length, elem_shape=(2,), dynamic_length=is_dynamic)

        def turn(i, ls):
            return mb.add(x=i, y=1), mb.list_write(
                ls=ls, index=i, value=mb.mul(x=mb.list_read(ls=source, index=i), y=2.0)
            )

        _, filled = mb.while_loop(_cond=lambda i, ls: mb.less(x=i, y=4), _body=turn, loop_vars=(0, target))
        return mb.list_gather(ls=filled, indices=[0, 1, 2, 3]), mb.list_length(ls=filled)

    stack, length = run_op(body, rows)

    assert stack.tolist() == (rows * 2).tolist()
    assert length == 4


def test_a_list_may_come_out_of_either_branch():
    """The lengths differ here."""

    def body(x, n):
        made = mb.make_list(init_length=1, elem_shape=(3,))
        chosen = mb.cond(
            pred=mb.greater(x=_scalar(n), y=0),
            _true_fn=lambda: mb.list_write(ls=made, index=2, value=x),
            _false_fn=lambda: mb.list_write(ls=made, index=0, value=x),
        )
        return mb.list_length(ls=chosen)

    assert [int(run_op(body, X, _count(n))[0]) for n in (0, 1)] == [1, 3]


def test_a_loop_takes_tensors_whose_shape_is_not_known():
    """A variable may even change its shape from turn to turn."""

    def body(x):
        return mb.while_loop(
            _cond=lambda i, y: mb.less(x=i, y=3),
            _body=lambda i, y: (mb.add(x=i, y=1), mb.concat(values=[y, y], axis=0)),
            loop_vars=(0, x),
        )[1]

    (result,) = run_op(body, X, shapes=[(get_new_symbol(),)])

    assert result.tolist() == [1, 2, 3] * 8


def test_strict_precision_rounds_within_a_loop():
    """2048 + 1 is 2048 in half precision, however often it is done."""

    def body(x):
        return mb.while_loop(
            _cond=lambda i, y: mb.less(x=i, y=4),
            _body=lambda i, y: (mb.add(x=i, y=1), mb.add(x=y, y=np.float16(1))),
            loop_vars=(0, x),
        )[1]

    fast, strict = (run_op(body, np.array([2048], np.float16), precision=p)[0] for p in ("fast", "strict"))

    assert (fast, strict) == (2052, 2048)
