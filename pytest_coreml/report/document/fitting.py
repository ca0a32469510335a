"""Find out at the end of a test whether a report can hold its records, so that one value cannot lose all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.schema import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.verdict.record import Record

# The facts about the machine are no part of a test.
_ANY_MACHINE: Final[dict[str, Any]] = {
    "chip": None,
    "os": {"name": "", "version": None},
    "python": "",
    "coremltools": None,
    "runtime": None,
}


class Fitted(NamedTuple):
    """The records and models of a test that a report can hold, and the problems of the others."""

    records: list[Record]
    models: dict[str, ModelSpec]
    problems: list[str]


def fit(records: list[Record], models: Mapping[str, ModelSpec]) -> Fitted:
    """Return *records* and *models* without what does not fit the schema.

    A record that does not fit is replaced by one of the failed test without figures, with the problem as its note. The
    problem names the field, what was expected there, and what came.
    """
    fitted = Fitted([], {}, [])
    for sha256, spec in models.items():
        problem = _problem([], [spec], f"models.{sha256}.")
        if problem is None:
            fitted.models[sha256] = spec
        else:
            fitted.problems.append(f"{spec.file_name}: {problem}")
    for record in records:
        problem = _problem([record], [], "tests[0].")
        fitted.records.append(record if problem is None else _without_figures(record, problem))
        if problem is not None:
            fitted.problems.append(f"{record.model_name} on {record.compute_units}: {problem}")
    return fitted


def _problem(records: list[Record], models: list[ModelSpec], place: str) -> str | None:
    try:
        document = build_report(records, models, _ANY_MACHINE)
        validate(document)
        # The fast check accepts a `Decimal`, which JSON cannot express.
        json.dumps(document, allow_nan=False)
    except ReportError as error:
        return str(error).removeprefix(place)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # A value of a wrong kind, or a number that no float can hold, cannot be encoded.
        return f"{type(error).__name__}: {error}"
    return None


def _without_figures(record: Record, problem: str) -> Record:
    return replace(
        record,
        outcome="failed",
        line=None,
        load=None,
        predict=None,
        sustained=None,
        memory_mb=None,
        placement=None,
        moved=(),
        against_original=None,
        agreement=(),
        health=(),
        checks=[],
        regression=None,
        duet=None,
        notes=[f"the values do not fit the report format: {problem}"],
    )
