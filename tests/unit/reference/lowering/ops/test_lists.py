"""Lists: made, read, written, grown, gathered, scattered, and what is refused or fails by name."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

A, B = np.array([1, 3], np.float32), np.array([2, 4], np.float32)


def _stack(list_, count):
    return mb.list_gather(ls=list_, indices=list(range(count)))


@pytest.mark.parametrize("is_dynamic", [False, True])
def test_a_new_list_holds_zeros(is_dynamic):
    """So many elements as asked for, all of zeros."""

    def body(x):
        made = mb.make_list(init_length=3, elem_shape=(2,), dynamic_length=is_dynamic)
        return mb.add(x=_stack(made, 3), y=x), mb.list_length(ls=made)

    total, length = run_op(body, A)

    assert total.tolist() == [[1, 3]] * 3
    assert length == 3


@pytest.mark.operation("make_list", "list_write", "list_read")
@pytest.mark.parametrize("is_dynamic", [False, True])
def test_a_written_element_is_read_where_it_was_written(is_dynamic):
    """Other elements stay, and so does the list before the write."""

    def body(x, y, index):
        made = mb.make_list(init_length=2, elem_shape=(2,), dynamic_length=is_dynamic)
        place = mb.squeeze(x=index, axes=[0])
        first = mb.list_write(ls=made, index=0, value=x)
        second = mb.list_write(ls=first, index=place, value=y)
        return _stack(second, 2), mb.list_read(ls=second, index=place), mb.list_read(ls=first, index=1)

    stack, read, before = run_op(body, A, B, np.array([1], np.int32))

    assert stack.tolist() == [[1, 3], [2, 4]]
    assert read.tolist() == [2, 4]
    assert before.tolist() == [0, 0]


@pytest.mark.operation("list_length")
def test_a_dynamic_list_grows_up_to_the_written_position():
    """The gap between the old end and the position is filled with zeros."""

    def body(x, y):
        made = mb.make_list(init_length=1, elem_shape=(2,))
        grown = mb.list_write(ls=mb.list_write(ls=made, index=1, value=x), index=4, value=y)
        return _stack(grown, 5), mb.list_length(ls=grown)

    stack, length = run_op(body, A, B)

    assert stack.tolist() == [[0, 0], [1, 3], [0, 0], [0, 0], [2, 4]]
    assert length == 5


def test_the_length_may_be_computed():
    """`init_length` is an input of the model here, 0 included; elements are then appended."""

    def body(x, count):
        made = mb.make_list(init_length=mb.squeeze(x=count, axes=[0]), elem_shape=(2,))
        before = mb.list_length(ls=made)
        written = mb.list_write(ls=made, index=before, value=x)
        return before, mb.list_length(ls=written), mb.list_read(ls=written, index=before)

    results = [run_op(body, A, np.array([count], np.int32)) for count in (0, 3)]

    assert [(before, after, read.tolist()) for before, after, read in results] == [(0, 1, [1, 3]), (3, 4, [1, 3])]


def test_elements_may_be_of_a_size_that_only_the_first_write_tells():
    """`elem_shape` names a dimension instead of giving it."""

    def body(x):
        made = mb.make_list(init_length=2, elem_shape=("rows", 2), dynamic_length=False)
        one = mb.list_write(ls=made, index=0, value=x)
        return _stack(mb.list_write(ls=one, index=1, value=mb.mul(x=x, y=2.0)), 2)

    (stack,) = run_op(body, np.array([A, B, A]))

    assert stack.tolist() == [[[1, 3], [2, 4], [1, 3]], [[2, 6], [4, 8], [2, 6]]]


@pytest.mark.parametrize(
    ("dtype", "mil"), [(np.float32, types.fp32), (np.int32, types.int32), (np.float16, types.fp16), (bool, types.bool)]
)
def test_elements_may_be_of_each_type(dtype, mil):
    """The types that MIL allows."""

    def body(x):
        made = mb.make_list(init_length=1, elem_shape=(1,), dtype=types.builtin_to_string(mil))
        return _stack(mb.list_write(ls=made, index=1, value=x), 2)

    (stack,) = run_op(body, np.array([1], dtype))

    assert stack.tolist() == [[0], [1]]


@pytest.mark.operation("list_scatter")
@pytest.mark.parametrize("is_dynamic", [False, True])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
@pytest.mark.parametrize("length", [3, 4])
def test_scatter_writes_each_row_to_its_index(is_dynamic, order, length):
    """In order over the whole list, which takes a short way, and in any other case."""
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)

    def constant(x):
        made = mb.make_list(init_length=length, elem_shape=(2,), dynamic_length=is_dynamic)
        return _stack(mb.list_scatter(ls=made, indices=order, value=x), length)

    def computed(x, indices):
        made = mb.make_list(init_length=length, elem_shape=(2,), dynamic_length=is_dynamic)
        return _stack(mb.list_scatter(ls=made, indices=indices, value=x), length)

    expected = np.zeros((length, 2), np.float32)
    expected[order] = rows

    assert run_op(constant, rows)[0].tolist() == expected.tolist()
    assert run_op(computed, rows, np.array(order, np.int32))[0].tolist() == expected.tolist()


def test_scatter_lets_a_dynamic_list_grow():
    """Beyond its end, in order or not."""
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)

    def body(x, indices):
        made = mb.make_list(init_length=1, elem_shape=(2,))
        grown = mb.list_scatter(ls=made, indices=indices, value=x)
        return mb.list_length(ls=grown), mb.list_read(ls=grown, index=2)

    in_order = run_op(body, rows, np.array([0, 1, 2], np.int32))
    with_gap = run_op(body, rows, np.array([4, 2, 1], np.int32))

    assert (in_order[0], in_order[1].tolist()) == (3, [4, 5])
    assert (with_gap[0], with_gap[1].tolist()) == (5, [2, 3])


@pytest.mark.operation("list_gather")
def test_gather_takes_elements_in_any_order_and_more_than_once():
    """As the indices say."""

    def body(x, indices):
        made = mb.list_scatter(ls=mb.make_list(init_length=2, elem_shape=(2,)), indices=[0, 1], value=x)
        return mb.list_gather(ls=made, indices=indices)

    (stack,) = run_op(body, np.array([A, B]), np.array([1, 1, 0], np.int32))

    assert stack.tolist() == [[2, 4], [2, 4], [1, 3]]


@pytest.mark.parametrize("index", [2, -1])
@pytest.mark.parametrize("operation", ["list_read", "list_write", "list_gather", "list_scatter"])
def test_an_index_out_of_range_fails_with_the_name_of_the_operation(operation, index):
    """Negative ones too, which ONNX would count from the end."""

    def body(x, index):
        made = mb.make_list(init_length=2, elem_shape=(2,), dynamic_length=False)
        place = mb.squeeze(x=index, axes=[0])
        if operation == "list_read":
            return mb.list_read(ls=made, index=place, name="the_culprit")
        if operation == "list_gather":
            return mb.list_gather(ls=made, indices=index, name="the_culprit")
        if operation == "list_scatter":
            row = mb.expand_dims(x=x, axes=[0])
            return _stack(mb.list_scatter(ls=made, indices=index, value=row, name="the_culprit"), 2)
        return _stack(mb.list_write(ls=made, index=place, value=x, name="the_culprit"), 2)

    with pytest.raises(ExecutionError, match="the_culprit"):
        run_op(body, A, np.array([index], np.int32))


def test_a_dynamic_list_does_not_take_a_negative_position():
    """It grows at its end only."""

    def body(x, index):
        made = mb.make_list(init_length=2, elem_shape=(2,))
        return _stack(mb.list_write(ls=made, index=mb.squeeze(x=index, axes=[0]), value=x, name="the_culprit"), 2)

    with pytest.raises(ExecutionError, match="the_culprit"):
        run_op(body, A, np.array([-1], np.int32))


def test_a_list_may_get_another_name():
    """By `identity`, which takes a tensor or a list."""

    def body(x):
        made = mb.list_write(ls=mb.make_list(init_length=2, elem_shape=(2,)), index=1, value=x)
        return _stack(mb.identity(x=made), 2)

    (result,) = run_op(body, A)

    assert result.tolist() == [[0, 0], [1, 3]]
