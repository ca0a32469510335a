"""States that are written where they lie, and those that must not be: the numbers are those of numpy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from one_op import load_program

from pytest_coreml.reference.execution.state import StateTensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.execution.executable import Executable

SIZE = 4
PLACE = np.array([1], np.int32)


def stateful(body: Callable[..., Any]) -> Executable:
    """Load a program with an input `x`, a place, and two states of four rows each."""
    states = [mb.StateTensorSpec((SIZE, 2), dtype=types.fp16) for _ in range(2)]

    @mb.program(
        input_specs=[mb.TensorSpec((1, 2), dtype=types.fp16), mb.TensorSpec((1,), dtype=types.int32), *states],
        opset_version=ct.target.iOS18,
    )
    def program(x, place, first, second):
        mb.read_state(input=second)  # coremltools refuses a state that nobody reads
        return body(x, place, first, second)

    options = {"minimum_deployment_target": ct.target.iOS18, "pass_pipeline": ct.PassPipeline.EMPTY}
    model = ct.convert(program, convert_to="mlprogram", skip_model_load=True, **options)
    return load_program(Path(model.package_path))


def row_written(x: Any, place: Any, state: Any) -> Any:
    """Write `x` into a row of a state, and give the state."""
    begin = mb.concat(values=[place, [0]], axis=0)
    end = mb.concat(values=[mb.add(x=place, y=[1]), [2]], axis=0)
    new = mb.slice_update(x=mb.read_state(input=state), update=x, begin=begin, end=end)
    return mb.coreml_update_state(state=state, value=new)


def doubled(value: Any) -> Any:
    """Compute something from a value."""
    return mb.mul(x=value, y=np.float16(2))


def run(function: Executable, places: tuple[int, ...] = (1, 3, 0)) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    """Run three times; give the outputs of each, and the states at last."""
    states = StateTensors(function.lowered.states).arrays
    outputs = []
    for number, place in enumerate(places, 1):
        x = np.full((1, 2), number, np.float16)
        results = function.run({"x": x, "place": np.array([place], np.int32)}, states)
        outputs.append([result.copy() for result in results.values()])
    return outputs, list(states.values())


def test_written_rows_share_the_memory_of_the_state() -> None:
    """A cache to which a row is written stays in its array; the row is there in the call, and in the next ones."""
    function = stateful(lambda x, place, first, _: doubled(row_written(x, place, first)))
    (port, _) = function.lowered.states
    states = StateTensors(function.lowered.states).arrays
    before = states["first"]

    (result,) = function.run({"x": np.ones((1, 2), np.float16), "place": PLACE}, states).values()

    assert len(port.versions) == 1
    assert states["first"] is before
    assert before.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]
    assert result.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]


def test_writes_that_wait_for_reads_share_memory() -> None:
    """Layers of one cache: each write needs what was read after the one before."""

    def body(x: Any, place: Any, first: Any, _: Any) -> Any:
        for _layer in range(3):
            seen = row_written(x, place, first)
            x = mb.mul(x=mb.matmul(x=x, y=mb.matmul(x=seen, y=seen, transpose_x=True)), y=np.float16(1 / 32))
        return x

    function = stateful(body)
    outputs, states = run(function)
    cache = np.zeros((SIZE, 2))
    for number, place in enumerate((1, 3, 0), 1):
        x = np.full((1, 2), float(number))
        for _layer in range(3):
            cache[place] = x
            x = x @ (cache.T @ cache) / 32

    assert len(function.lowered.states[0].versions) == 3
    np.testing.assert_allclose(states[0], cache, rtol=1e-6)
    np.testing.assert_allclose(outputs[-1][0], x, rtol=1e-3)


def old_is_used_later(x: Any, place: Any, first: Any, _: Any) -> Any:
    """Use what was read before the write, after it."""
    old = mb.read_state(input=first)
    new = row_written(x, place, first)
    return mb.add(x=doubled(new), y=doubled(old))


def old_is_an_output(x: Any, place: Any, first: Any, _: Any) -> Any:
    """Return what was read before the write."""
    old = mb.read_state(input=first)
    return old, row_written(x, place, first)


def view_is_used_later(x: Any, place: Any, first: Any, _: Any) -> Any:
    """Look at the old values in another shape, and use them after the write."""
    old = mb.reshape(x=mb.read_state(input=first), shape=(2, SIZE))
    new = row_written(x, place, first)
    return mb.matmul(x=new, y=old)


def other_state_gets_old(x: Any, place: Any, first: Any, second: Any) -> Any:
    """Write the old values of one state to another."""
    mb.coreml_update_state(state=second, value=mb.read_state(input=first))
    return doubled(row_written(x, place, first)), doubled(mb.read_state(input=second))


def row_comes_from_the_cache(x: Any, place: Any, first: Any, _: Any) -> Any:
    """Write a row that is itself a part of the old values."""
    row_written(x, place, first)
    last = mb.slice_by_index(x=mb.read_state(input=first), begin=[1, 0], end=[2, 2])
    return doubled(row_written(last, [0], first))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (old_is_used_later, lambda old, new: [2 * new + 2 * old]),
        (old_is_an_output, lambda old, new: [old, new]),
        (view_is_used_later, lambda old, new: [new @ old.reshape(2, SIZE)]),
        (other_state_gets_old, lambda old, new: [2 * new, 2 * old]),
    ],
)
def test_old_values_that_are_read_later_stay(
    body: Callable[..., Any], expected: Callable[[np.ndarray, np.ndarray], list[np.ndarray]]
) -> None:
    """Where a write would take the old values from a later reader, the new ones get separate memory."""
    function = stateful(body)
    outputs, states = run(function)
    new = np.zeros((SIZE, 2))
    for number, place in enumerate((1, 3, 0), 1):
        old, new = new, new.copy()
        new[place] = number

    assert function.lowered.states[0].versions == ()
    np.testing.assert_array_equal(states[0], new)
    for result, right in zip(outputs[-1], expected(old, new), strict=True):
        np.testing.assert_array_equal(result, right)


def test_rows_of_the_cache_itself_are_right() -> None:
    """A row is copied within a cache after another one was written."""
    function = stateful(row_comes_from_the_cache)
    outputs, states = run(function, (1, 3, 1))

    assert states[0].tolist() == [[3, 3], [3, 3], [0, 0], [2, 2]]
    np.testing.assert_array_equal(outputs[-1][0], 2 * states[0])


def test_written_state_that_goes_out_is_a_copy() -> None:
    """An output of a call does not change with the next call."""
    function = stateful(lambda x, place, first, _: row_written(x, place, first))
    states = StateTensors(function.lowered.states).arrays
    (result,) = function.run({"x": np.ones((1, 2), np.float16), "place": PLACE}, states).values()

    function.run({"x": np.full((1, 2), 7, np.float16), "place": PLACE}, states)

    assert len(function.lowered.states[0].versions) == 1
    assert result.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]
