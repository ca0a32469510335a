"""Texts of ML Programs, in both dialects: what is read, and what is refused with line, column and expectation."""

from __future__ import annotations

import time

import numpy as np
import pytest
from coremltools.proto import MIL_pb2

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.mil.grammar import parse_program
from pytest_coreml.reference.format.program import read_function

INFO = '[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-version", "3404"}})]'


def function_of(text):
    """Read the function main of a text that names no weights."""
    program = MIL_pb2.Program.FromString(parse_program(text, "model.mil").message())
    return read_function(program, "main", None)


def text_with(body, version="1.0"):
    """Put statements into a program of one input and one output."""
    head = f"program({version})\n{INFO}\n{{\n    func main<ios17>(tensor<fp32, [1, ?]> x) {{\n"
    return f"{head}{body}\n        }} -> (y);\n}}"


def constant(type_, literal):
    """Read one constant."""
    statement = f"{type_} y = const()[val = {type_}({literal})];"
    return function_of(text_with(statement)).block.operations[0].attributes["val"].array()


def refusal(text, kind=BadModelError):
    """Return the message of the error that refuses a text."""
    with pytest.raises(kind) as caught:
        parse_program(text, "model.mil")
    return str(caught.value)


def test_a_function_is_read_with_inputs_operations_and_outputs():
    """Names, types with unknown sizes, several outputs, and tuples of bindings are as written."""
    function = function_of(
        text_with(
            "tensor<fp32, [1, ?]> a, tensor<fp32, [1, ?]> y = split(axis = x, x = (x, x))"
            '[name = tensor<string, []>("s")];'
        )
    )

    (operation,) = function.block.operations
    assert (function.opset, function.block.outputs) == ("CoreML7", ("y",))
    assert [str(named.type) for named in function.inputs] == ["fp32 [1, ?]"]
    assert (operation.type, [output.name for output in operation.outputs]) == ("split", ["a", "y"])
    assert operation.inputs == {"axis": ("x",), "x": ("x", "x")}


def test_values_stand_in_the_place_of_names():
    """In the dialect 1.3 scalars have scalar types, and are tensors of rank 0."""
    text = text_with('fp16 y = cast(dtype = string("fp16"), x = x, n = int32(-3), b = bool(true));', "1.3")

    (operation,) = function_of(text).block.operations
    values = {name: bound[0] for name, bound in operation.inputs.items() if name != "x"}

    assert {name: value.array().item() for name, value in values.items()} == {"dtype": "fp16", "n": -3, "b": True}
    assert {str(value.type) for value in values.values()} == {"string []", "int32 []", "bool []"}


@pytest.mark.parametrize(
    ("type_", "literal", "expected"),
    [
        ("tensor<fp16, [2]>", "[0x1p+0, -0x1.8p-3]", np.array([1, -0.1875], np.float16)),
        ("tensor<fp32, [3]>", "[inf, -inf, nan]", np.array([np.inf, -np.inf, np.nan], np.float32)),
        ("tensor<fp64, []>", "0.5", np.array(0.5)),
        ("tensor<int32, [2, 2]>", "[[1, -2], [3, 4]]", np.array([[1, -2], [3, 4]], np.int32)),
        ("tensor<int64, [1]>", "[-9223372036854775808]", np.array([-(2**63)])),
        ("tensor<uint64, []>", "18446744073709551615", np.array(2**64 - 1, np.uint64)),
        ("tensor<int4, [3]>", "[-8, 7, -1]", np.array([-8, 7, -1], np.int8)),
        ("tensor<uint3, [4]>", "[7, 0, 5, 2]", np.array([7, 0, 5, 2], np.uint8)),
        ("tensor<uint6, [2]>", "[63, 1]", np.array([63, 1], np.uint8)),
        ("tensor<bool, [2]>", "[true, false]", np.array([True, False])),
        ("tensor<int8, [0]>", "[]", np.array([], np.int8)),
        ("tensor<string, [2]>", r'["a\"\\", "\n,]"]', np.array(['a"\\', "\n,]"], object)),
    ],
)
def test_elements_are_the_numbers_that_are_written(type_, literal, expected):
    """Of every element type, of less than a byte too, and in nested lists."""
    found = constant(type_, literal)

    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_labels_are_a_list_of_texts():
    """As `classify` has them."""
    function = function_of(
        text_with('tensor<fp32, []> y = classify(c = list<string, 2>(["cat", "dog"]), p = x);', "1.3")
    )

    assert function.block.operations[0].inputs["c"][0].array().tolist() == ["cat", "dog"]


def test_attributes_of_a_function_are_read_and_ignored():
    """Flexible shapes are there once more, in tuples and dictionaries."""
    flexible = (
        "[FlexibleShapeInformation = tuple<tuple<tensor<string, []>, dict<tensor<string, []>, tensor<int32, [?]>>>, "
        "tuple<tensor<string, []>, dict<tensor<string, []>, list<tensor<int32, [2]>, ?>>>>"
        '((("DefaultShapes", {{"x", [1, 4]}}), ("RangeDims", {{"x", [[1, 1], [1, 64]]}})))] {'
    )
    text = text_with("tensor<fp32, [1, ?]> y = relu(x = x);").replace("x) {", f"x) {flexible}")

    assert [operation.type for operation in function_of(text).block.operations] == ["relu"]


def test_states_and_statements_without_outputs():
    """A state is an input; writing it gives nothing."""
    text = text_with("write_state(data = x, input = s);\ntensor<fp32, [1, ?]> y = relu<ios18>(x = x);").replace(
        "x) {", "x, state<tensor<fp16, [1, 8]>> s) {"
    )

    function = function_of(text)

    assert str(function.inputs[1].type.wrapped) == "fp16 [1, 8]"
    assert [operation.full_type for operation in function.block.operations] == ["write_state", "ios18.relu"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("tensor<fp32, [1]> y = relu(x = );", "line 5, column 32: expected a name or a value, found ');'"),
        ("tensor<fp32, [1]> y = relu(x = x)", "line 6, column 9: expected ';', found '} -> (y);'"),
        ("tensor<fp32, [a]> y = relu(x = x);", "line 5, column 14: expected sizes of 64 bits or '?', not 'a'"),
        ("tensor<int8, [2]> y = const()[val = tensor<int8, [2]>([1, 200])];", "200 is not between -128 and 127"),
        ("tensor<int8, [2]> y = const()[val = tensor<int8, [2]>([1])];", "expected a list of 2, found one of 1"),
        ("tensor<fp16, []> y = const()[val = tensor<fp16, []>(70000.0)];", "70000.0 is too large"),
        ("tensor<fp16, []> y = const()[val = tensor<fp16, []>(true)];", "expected elements of type fp16"),
        ('tensor<string, []> y = const()[val = tensor<string, []>("\\q")];', "found \\q"),
        ('tensor<string, []> y = const()[val = tensor<string, []>("abc)];', "expected a text in quotes"),
    ],
)
def test_an_error_names_the_place_and_what_was_expected(statement, message):
    """File, line, column, and what stands there."""
    found = refusal(text_with(statement))

    assert found.startswith("model.mil, line ")
    assert message in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (text_with("", "1.4"), "line 1, column 9: expected a text of version 1.3 or older, found '1.4)'"),
        (text_with("", "2.0"), "expected a text of version 1.3 or older"),
        (
            text_with("").replace("ios17", "ios99"),
            "expected an opset: ios15, ios16, ios17, ios18, ios26, found 'ios99>",
        ),
        (text_with("tensor<bf16, [1]> y = relu(x = x);"), "expected an element type known here, not bf16"),
        (text_with("tensor<fp32, [1]> y = cond(pred = x) { };"), "the operation cond has blocks inside"),
    ],
)
def test_what_is_not_known_here_is_refused_as_such(text, message):
    """Newer texts, opsets and types, and blocks inside operations, of which no sample is public."""
    assert message in refusal(text, UnsupportedModelError)


@pytest.mark.parametrize("piece", ["list<" * 10_000, "tuple<" * 10_000, "dict<string, " * 10_000, "state<" * 10_000])
def test_deep_nesting_is_refused(piece):
    """Foreign input does not use up the stack."""
    assert "inside each other" in refusal(text_with(f"{piece} y = relu(x = x);"))


@pytest.mark.parametrize(
    "piece", ['"' * 200_000, '\\"' * 200_000, "[" * 200_000, " " * 500_000, "-" * 200_000, "0x" * 200_000]
)
def test_reading_takes_linear_time(piece):
    """Repeated quotes, brackets and spaces do not make the tokens be looked for again and again."""
    since = time.process_time()

    refusal(text_with(piece) + piece + ";")

    assert time.process_time() - since < 5
