"""Validate reports against their JSON Schema, with a fast check that accepts most documents.

jsonschema needs more than a millisecond for each test of a report, which is too long for ten thousand tests. Sample
arrays are therefore checked by built-in functions, and the rest by code that fastjsonschema generates from the same
schema. jsonschema decides about documents that these do not accept, and its errors name a place.
"""

from __future__ import annotations

import json
import math
import re
import sys
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.schema_errors import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema.protocols import Validator

SCHEMA_VERSION: Final = 1
_MANY_DIGITS: Final = re.compile(r"[0-9]{300}")
SAMPLE_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "load": ("compile_ms", "first_load_ms", "load_ms"),
    "predict": ("native_ms", "wall_ms", "wait_ms"),
    "sustained": ("native_ms", "wall_ms", "wait_ms"),
}


@cache
def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of a report."""
    text = resources.files("pytest_coreml.report").joinpath(f"report-{SCHEMA_VERSION}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def validate(document: Any) -> None:
    """Check that *document* is a report; raise `ReportError` with the place and what was expected there."""
    if _surely_valid(document):
        return
    error = next(_validator().iter_errors(document), None)
    if error is not None:
        raise ReportError(sentence(error))


def _surely_valid(document: Any) -> bool:
    import fastjsonschema

    thin = _without_samples(document)
    try:
        _compiled()(thin)
        # The generated code accepts an infinite number, which the parser makes of a number that is too large.
        text = json.dumps(thin, allow_nan=False)
    except (fastjsonschema.JsonSchemaException, ValueError):
        return False
    # It also accepts a whole number that no float can hold.
    return _MANY_DIGITS.search(text) is None


@cache
def _compiled() -> Callable[[Any], Any]:
    import fastjsonschema

    # fastjsonschema supports drafts up to 7; the schema uses nothing with another meaning there.
    schema = {**report_schema(), "$schema": "http://json-schema.org/draft-07/schema#"}
    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return compiled


def _without_samples(document: Any) -> Any:
    """Return a copy of *document* with one sample in each valid sample array, and False for each invalid one."""
    if not isinstance(document, dict) or not isinstance(document.get("tests"), list):
        return document
    return {**document, "tests": [_thin(test) for test in document["tests"]]}


def _thin(test: Any) -> Any:
    if not isinstance(test, dict):
        return test
    thin = dict(test)
    for part, names in SAMPLE_FIELDS.items():
        if isinstance(test.get(part), dict):
            arrays = {name: [0] if _good(test[part][name]) else False for name in names if test[part].get(name)}
            thin[part] = {**test[part], **arrays}
    return thin


def _good(samples: Any) -> bool:
    if not isinstance(samples, list) or not set(map(type, samples)) <= {int, float}:
        return False
    # Comparisons ignore a NaN between numbers, but a sum with one is NaN.
    return min(samples) >= 0 and max(samples) <= sys.float_info.max and not math.isnan(sum(samples))


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator, validators

    checker = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number).redefine("integer", _is_integer)
    finite: Any = validators.extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]  # (its stubs leave it open)
    validator: Validator = finite(report_schema())
    return validator


def _is_number(_checker: Any, value: Any) -> bool:
    """Return True for a number that JSON and a float can hold, which NaN and infinity are not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of more than 308 digits
        return False


def _is_integer(checker: Any, value: Any) -> bool:
    return _is_number(checker, value) and float(value).is_integer()
