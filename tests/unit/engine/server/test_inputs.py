"""The values given to `predict` become those that the native module takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_examples import SPEC

from pytest_coreml.engine.server.inputs import prepare, prepare_batch
from pytest_coreml.errors import InputError
from pytest_coreml.facts.model_spec import Feature

X = Feature("x", "multiArray", dtype="float16", shape=(2, 3))
WORDS = Feature("words", "dictionary", dtype="string")


@pytest.mark.parametrize(
    "given",
    [
        np.ones((3, 2), np.float16).T,
        np.broadcast_to(np.float64(1), (2, 3)),
        np.ones((4, 3), np.int64)[::2],
        np.frombuffer(np.ones((2, 3), np.float32).tobytes(), np.float32).reshape(2, 3),
        [[1, 1, 1], [True, 1.0, 1]],
    ],
    ids=["transposed", "broadcast", "strided", "read-only", "nested list"],
)
def test_an_array_is_contiguous_writeable_and_of_the_declared_type(given: object) -> None:
    """Half precision as single, which is how it is handed over; never the caller's memory."""
    (prepared,) = prepare({"x": given}, [X], "Model").values()

    assert (prepared.dtype, prepared.shape, prepared.tolist()) == (np.float32, (2, 3), [[1.0] * 3] * 2)
    assert prepared.flags.c_contiguous
    assert prepared.flags.writeable
    assert not np.shares_memory(prepared, np.asarray(given))


def test_a_stateful_model_has_no_batches() -> None:
    """The error contains the reason, and what to do instead."""
    spec = replace(SPEC, inputs=(X,), states=(X,))

    with pytest.raises(InputError, match=r"the batch API of Core ML takes no state; predict once for each"):
        prepare_batch([{"x": np.ones((2, 3))}], spec)


def test_a_dictionary_has_one_type_of_keys_and_of_numbers() -> None:
    """The native module takes those of the first item for all, and refuses numpy.float32."""
    prepared = prepare({"words": {"a": 1, "b": np.float32(0.5)}}, [WORDS], "Model")["words"]

    assert prepared == {"a": 1.0, "b": 0.5}
    assert {type(number) for number in prepared.values()} == {float}


def test_a_sequence_cannot_be_handed_over() -> None:
    """It would vanish, and Core ML would miss it."""
    with pytest.raises(InputError, match="Model: input 'ids' expects sequence, got list; coremltools cannot pass"):
        prepare({"ids": [1, 2]}, [Feature("ids", "sequence")], "Model")
