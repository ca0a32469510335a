"""The schema describes what it promises, and validation finds mistakes by their place."""

from __future__ import annotations

import copy
import math
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_examples import MACHINE, OBSERVED, RECORD, SPEC, bare_record

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document import schema
from pytest_coreml.report.document.build import build_report

WHEN = datetime(2026, 5, 4, 12, 30, 1, tzinfo=timezone.utc)


@pytest.fixture
def document() -> dict[str, Any]:
    return build_report([RECORD, bare_record(observed=OBSERVED)], [SPEC], MACHINE, {"mac-2": MACHINE}, WHEN)


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def objects(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every object of a schema that describes a value, with its path."""
    found = [(path, node)] if isinstance(node, dict) and ({"type", "$ref", "enum", "anyOf"} & set(node)) else []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [item for name, child in children for item in objects(child, f"{path}/{name}")]


def test_the_schema_is_a_schema_of_its_draft():
    """Others validate our reports with their own tools."""
    assert schema.report_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"

    Draft202012Validator.check_schema(schema.report_schema())


def test_every_field_is_described():
    """The reference in the documentation is made of the descriptions."""
    missing = [
        f"{path}.{name}"
        for path, node in objects(schema.report_schema())
        for name, field in node.get("properties", {}).items()
        if not path.endswith(("/if", "/then")) and not field.get("description")
    ]

    assert missing == []


def test_every_object_is_closed():
    """A misspelled field is found, not ignored."""
    open_objects = [
        path
        for path, node in objects(schema.report_schema())
        if "object" in node.get("type", ()) and "additionalProperties" not in node
    ]

    assert open_objects == []


def test_a_built_report_is_valid(document):
    """A document that the tool builds satisfies the schema by jsonschema's own judgement."""
    Draft202012Validator(schema.report_schema()).validate(document)

    schema.validate(document)


MISTAKES = [
    (("schema_version",), 2, "schema_version: expected 1, got 2"),
    (("created",), "yesterday", "created: 'yesterday' does not match"),
    (("tests", 0, "predict", "native_ms", 2), -1.0, "tests[0].predict.native_ms[2]: expected at least 0, got -1.0"),
    (("tests", 0, "predict", "native_ms", 1), math.nan, "tests[0].predict.native_ms[1]: expected number, got nan"),
    (("tests", 0, "predict", "wall_ms", 0), math.inf, "tests[0].predict.wall_ms[0]: expected number, got inf"),
    (("tests", 0, "predict", "wait_ms", 3), "fast", "tests[0].predict.wait_ms[3]: expected number, got 'fast'"),
    (("tests", 0, "predict", "native_ms", 0), True, "tests[0].predict.native_ms[0]: expected number, got True"),
    (("tests", 0, "load", "load_ms", 1), 10**400, "tests[0].load.load_ms[1]: expected number"),
    (("tests", 0, "predict", "native_ms"), [], "tests[0].predict.native_ms: [] should be non-empty"),
    (("tests", 1, "compute_units"), "gpu", "tests[1].compute_units: expected all, cpuAndGPU, cpuOnly or"),
    (("tests", 0, "loads"), {}, "tests[0]: unknown field 'loads'; did you mean 'load'?"),
    (("tests", 0, "checks", 2, "reason"), None, "tests[0].checks[2].reason: expected string, got None"),
    (("tests", 0, "placement", "ops", 1, "preferred"), "tpu", "tests[0].placement.ops[1].preferred: expected cpu"),
    (("tests",), {}, "tests: expected array, got {}"),
    (("tests", 1), None, "tests[1]: expected object, got None"),
    (("machine",), {}, "machine: missing chip, os, python, coremltools and runtime"),
    (("models", "abc"), {}, "models: 'abc' does not match"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES, ids=[mistake[2][:40] for mistake in MISTAKES])
def test_a_mistake_is_named_with_its_place(document, path, value, message):
    """An error of the schema says where to look, what was expected and what is there."""
    put(document, path, value)

    with pytest.raises(ReportError) as caught:
        schema.validate(document)

    assert message in str(caught.value)


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(leaf for step, child in children for leaf in leaves(child, (*path, step)))]


WHOLE = build_report([RECORD, bare_record()], [SPEC], MACHINE, None, WHEN)
ODD = st.one_of(
    st.sampled_from([None, True, False, 0.5, 1.0, "all", "\ud800", [], {}, {"\ud800": 1}, 2**63, -(2**64), 1e300]),
    st.integers(-2, 3),
)


@given(path=st.sampled_from(leaves(WHOLE)[1:]), value=ODD)
@settings(max_examples=200, deadline=None)
def test_the_quick_check_agrees_with_jsonschema(path, value):
    """With any value in any place, validation ends as jsonschema alone would end it."""
    changed = copy.deepcopy(WHOLE)
    put(changed, path, value)
    expected = Draft202012Validator(schema.report_schema()).is_valid(changed)

    try:
        schema.validate(changed)
        accepted = True
    except ReportError:
        accepted = False

    assert accepted == expected


@pytest.mark.parametrize("value", [2**63, 10**300, 1e300, 1.0])
def test_large_numbers_are_accepted(document: dict[str, Any], value: float):
    """A number that a float can hold is valid, whatever the fast check makes of it."""
    next(iter(document["models"].values()))["size_bytes"] = value
    document["tests"][0]["predict"]["native_ms"][0] = value

    schema.validate(document)


def test_a_deep_document_is_refused(document: dict[str, Any]):
    """Nesting that no stack could follow ends as an error of the schema."""
    document["machine"]["chip"] = deep = []
    for _ in range(900):
        deep.append([])
        deep = deep[0]

    with pytest.raises(ReportError, match=r"machine\.chip: expected string or null"):
        schema.validate(document)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda document: document.update(created=document["created"] + "\n"), "created"),
        (lambda document: next(iter(document["models"].values())).update(size_bytes=10**400), "size_bytes"),
        (lambda document: document["tests"][0]["predict"]["native_ms"].append(10**400), "native_ms"),
        (lambda document: document["tests"][0].update(memory_mb=10**4000), "memory_mb"),
        (lambda document: document.update({"\ud800": 1}), "unknown field"),
    ],
)
def test_what_only_looks_valid_is_refused(document: dict[str, Any], change: Any, place: str):
    """A line break at the end of a date, whole numbers that no float can hold, and half of a character in a name."""
    change(document)

    with pytest.raises(ReportError, match=place):
        schema.validate(document)
