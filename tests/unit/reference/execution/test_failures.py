"""An error of ONNX Runtime is reduced to the operation and the problem."""

from __future__ import annotations

import pytest

from pytest_coreml.reference.execution.failures import reason

NODE = "Non-zero status code returned while running Some node. Name:'{}' "
SOURCE = "/onnxruntime_src/onnxruntime/core/some.cc:15 "


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("k argument [7] should not be greater", "k argument [7] should not be greater"),
        ("idx=4294967295 must be within the inclusive range [-2,1]", "the index -1 is out of range for an axis of 2"),
        ("invalid indice found, indice = 7", "the index 7 is out of range"),
        ("Invalid sequence index (4294967293) specified for sequence of size (2)", "the index -3 is out of range"),
        ("matmul_helper.h:59 Compute MatMul dimension mismatch", "MatMul dimension mismatch"),
        (f"{SOURCE}void f(const Tensor*, a::b*) [with T = int; U = int] Some: (5)", "Some: (5)"),
        (f"{SOURCE}void f(T*) [with T = int] Out of range value in index tensor", "an index is out of range"),
        ("[ONNXRuntimeError] : 1 : FAIL : tensor.cc:57 Size Tensor shape.Size() < 0", "Tensor shape.Size() < 0"),
    ],
)
def test_what_went_wrong(message, expected):
    """Without places in another project's source, and with indices as the model has them."""
    error = RuntimeError(
        f"[ONNXRuntimeError] : 2 : FAIL : {NODE.format('gather:the_op/Gather#12')}Status Message: {message}"
    )

    assert reason(error) == f"operation gather 'the_op' failed: {expected}"


def test_a_node_that_is_there_to_fail_says_why():
    """In its name."""
    error = RuntimeError(NODE.format("mod:q/division by zero/Gather#3") + "Status Message: idx=1 must be within")

    assert reason(error) == "operation mod 'q' failed: division by zero"


def test_a_node_in_a_block():
    """The innermost one is meant."""
    error = RuntimeError(NODE.format("cond:a/If#3") + NODE.format("add:b/Add#4") + "Status Message: no")

    assert reason(error) == "operation add 'b' failed: no"


def test_an_error_without_a_node_is_given_as_it_is():
    """The message names no operation."""
    assert reason(RuntimeError("out of memory")) == "out of memory"
