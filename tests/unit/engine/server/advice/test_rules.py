"""The rules about the Neural Engine, over programs of coremltools' own builder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import one_op
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses

from pytest_coreml.engine.server.advice.reader import read_advice
from pytest_coreml.facts.model_spec import Feature

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.advice import Advice

FLOATS = np.ones((1, 4, 8, 8), np.float16)
MATRIX = np.ones((2, 8), np.float16)
TALL = np.ones((8 * 4097, 1), np.float16)
INDEX = np.zeros((3,), np.int32)


def advice_on(body: Callable[..., Any], *inputs: Any, opset: str = "iOS18") -> list[Advice]:
    """Return the advice on a program with this *body*."""
    model = one_op.build(body, [np.asarray(value) for value in inputs], opset, None)
    return list(read_advice(model.get_spec(), (), 0))


def kernel(height: int, width: int) -> Any:
    """Return a body with a convolution."""
    weight = np.ones((2, 4, height, width), np.float16)
    return lambda x: mb.conv(x=x, weight=weight, pad_type="same")


@pytest.mark.parametrize(
    ("rule", "body", "inputs"),
    [
        ("gather-index", lambda x, i: mb.gather(x=x, indices=i, axis=0, validate_indices=False), (FLOATS[0], INDEX)),
        ("missing-operation", lambda x: mb.cumsum(x=x, axis=1), (FLOATS,)),
        ("int32-result", lambda x: mb.cast(x=mb.reduce_argmax(x=x, axis=1), dtype="fp16"), (FLOATS,)),
        ("run-time-slice", lambda x, i: mb.slice_by_size(x=x, begin=i, size=[1, 2, 2]), (FLOATS[0], INDEX)),
        ("large-dimension", lambda x: mb.relu(x=mb.tile(x=x, reps=[1, 8193])), (MATRIX,)),
        ("conv-kernel", kernel(1, 17), (FLOATS,)),
        ("conv-kernel", kernel(33, 1), (FLOATS,)),
        ("pool-kernel", lambda x: mb.max_pool(x=x, kernel_sizes=[1, 9], pad_type="same"), (FLOATS,)),
        ("pool-kernel", lambda x: mb.avg_pool(x=x, kernel_sizes=[1, 15], pad_type="same"), (FLOATS,)),
        ("tile-bool", lambda x: mb.cast(x=mb.tile(x=mb.cast(x=x, dtype="bool"), reps=[2, 1]), dtype="fp16"), (MATRIX,)),
        (
            "slice-update",
            lambda x: mb.relu(x=mb.slice_update(x=x, update=MATRIX[:1], begin=[0, 0], end=[1, 8])),
            (MATRIX,),
        ),
        ("matmul-inner", lambda x: mb.matmul(x=mb.tile(x=x, reps=[1, 4097]), y=TALL), (MATRIX,)),
        ("int32", lambda x: mb.add(x=x, y=np.int32([1, 2, 3])), (INDEX,)),
        ("float32", lambda x: mb.relu(x=x), (FLOATS.astype(np.float32),)),
        ("topk", lambda x: mb.cast(x=mb.topk(x=x, k=2, output_indices_dtype="uint16")[0], dtype="fp16"), (FLOATS,)),
    ],
)
def test_a_rule_applies(rule: str, body: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Each rule on the smallest program that it is about; of several rules, an operation is counted by the first."""
    assert rule in [advice.rule for advice in advice_on(body, *inputs)]


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        (lambda x: mb.gather(x=x, indices=INDEX, axis=0, validate_indices=False), (FLOATS[0],)),
        (lambda x: mb.slice_by_size(x=x, begin=[0, 0, 0], size=[1, 2, 2]), (FLOATS[0],)),
        (kernel(3, 3), (FLOATS,)),
        (kernel(16, 16), (FLOATS,)),
        (kernel(31, 15), (FLOATS,)),
        (lambda x: mb.max_pool(x=x, kernel_sizes=[8, 8], pad_type="same"), (FLOATS,)),
        (lambda x: mb.max_pool(x=x, kernel_sizes=[1, 32], pad_type="same"), (FLOATS,)),
        (lambda x: mb.avg_pool(x=x, kernel_sizes=[14, 14], pad_type="same"), (FLOATS,)),
        (lambda x: mb.relu(x=mb.expand_dims(x=x, axes=[0])), (FLOATS,)),
    ],
    ids=["gather of constants", "slice", "3x3", "16x16", "31x15", "max 8", "max 32", "avg 14", "rank 5"],
)
def test_what_the_neural_engine_takes_gets_no_advice(body: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """The same operations within their limits."""
    assert advice_on(body, *inputs) == []


def test_what_prepares_the_index_of_a_gather_goes_with_it() -> None:
    """The converter's guard for negative indices is not reported separately."""

    def guarded(x: Any, index: Any) -> Any:
        positive = mb.select(cond=mb.greater_equal(x=index, y=0), a=index, b=mb.add(x=index, y=4))
        return mb.gather(x=x, indices=positive, axis=0, validate_indices=False)

    found = {advice.rule: advice.operators for advice in advice_on(guarded, FLOATS[0], INDEX)}

    assert found["gather-index"] == {"gather": 1}
    assert "int32" not in found
    assert {"select", "add", "greater_equal"} <= set(found["gather-guard"])


def test_each_missing_operation_has_its_own_remedy() -> None:
    """Operations with the same one go together."""

    def body(x: Any) -> Any:
        product = mb.reduce_prod(x=mb.cumsum(x=mb.cumsum(x=x, axis=1), axis=2), axes=[2], keep_dims=True)
        return mb.add(x=mb.sinh(x=product), y=mb.cosh(x=product))

    found = [advice for advice in advice_on(body, FLOATS) if advice.rule == "missing-operation"]

    assert [(advice.operators, advice.cure.partition(" ")[0]) for advice in found] == [
        ({"cumsum": 2}, "multiply"),
        ({"reduce_prod": 1}, "multiply"),
        ({"sinh": 1, "cosh": 1}, "write"),
    ]
    assert len({advice.cure for advice in found}) == 3


def test_operations_are_counted_and_the_first_are_named() -> None:
    """At most five names."""

    def seven(x: Any) -> Any:
        for number in range(7):
            x = mb.cumsum(x=x, axis=1, name=f"sum_{number}")
        return x

    (advice,) = advice_on(seven, FLOATS)

    assert advice.operators == {"cumsum": 7}
    assert advice.places == ("sum_0", "sum_1", "sum_2", "sum_3", "sum_4")


def test_inputs_and_weights_are_looked_at_too() -> None:
    """A range of shapes, and weights that are too many for a phone; enumerated shapes are fine."""
    model = one_op.build(lambda x: mb.relu(x=x), [FLOATS], "iOS18", None)
    ranged = Feature("audio", "multiArray", "float16", (1, 8), ((1, 1), (1, 64)))
    listed = Feature("image", "multiArray", "float16", (1, 8), shapes=((1, 8), (1, 16)))

    found = read_advice(model.get_spec(), (listed, ranged), 1_000_000_001)

    assert [(advice.rule, advice.places) for advice in found] == [("shape-range", ("audio",)), ("large-weights", ())]
    assert read_advice(model.get_spec(), (listed,), 1_000_000_000) == ()


def test_a_state_that_is_not_aligned_is_named() -> None:
    """Its last axis has 33 numbers."""
    import coremltools as ct
    from coremltools.converters.mil.mil import types

    @mb.program(
        input_specs=[mb.TensorSpec((1, 33), dtype=types.fp16), mb.StateTensorSpec((1, 33), dtype=types.fp16)],
        opset_version=ct.target.iOS18,
    )
    def counting(x: Any, total: Any) -> Any:
        return mb.coreml_update_state(state=total, value=mb.add(x=mb.read_state(input=total), y=x))

    model = ct.convert(
        counting, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18, skip_model_load=True
    )

    (advice,) = read_advice(model.get_spec(), (), 0)

    assert (advice.rule, advice.effect, advice.places) == ("state-alignment", "load fails", ("total",))
