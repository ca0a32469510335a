"""Validate reports against their JSON Schema, with a fast check that accepts most documents.

jsonschema needs more than a millisecond for each test of a report, which is too long for ten thousand tests.
jsonschema_rs checks those in half a second, by the same schema. jsonschema decides about documents that it does not
accept, and its errors name a place.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.schema_errors import sentence

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator as CompiledValidator

SCHEMA_VERSION: Final = 1
_MAX_QUICK: Final = 2**63 - 1


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
    try:
        return _compiled().is_valid(document)
    except ValueError:  # a text that UTF-8 cannot hold, or a key that is not a text
        return False


@cache
def _compiled() -> CompiledValidator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_bounded(report_schema()))


def _bounded(schema: Any) -> Any:
    """Return *schema* with a limit for each number.

    jsonschema_rs accepts a whole number that no float can hold. A limit of more than 64 bits is compared by arithmetic
    that takes ten times as long.
    """
    if isinstance(schema, list):
        return [_bounded(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    bounded = {name: _bounded(each) for name, each in schema.items()}
    kinds = schema.get("type")
    if any(kind in ("integer", "number") for kind in (kinds if isinstance(kinds, list) else [kinds])):
        return {"minimum": -_MAX_QUICK, "maximum": _MAX_QUICK, **bounded}
    return bounded


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
