"""The agreement of outputs with their references, all measures in a line for each output."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.facts.agreement import LIMITS
from pytest_coreml.report.text.layout import filled, left_out, wrapped
from pytest_coreml.report.text.numbers import check_figure, check_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.agreement import Agreement, OutputAgreement
    from pytest_coreml.verdict.record import Record

# The report contains all of them.
_MAX_AGREEMENTS: Final = 20
_MAX_OUTPUTS: Final = 20


def agreement_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Return the measures of every output with every reference; nothing for records without a reference."""
    found = list(_different_pairs(records))
    if not found:
        return
    yield "agreement"
    titles = Counter(_title(*pair) for pair in found)
    for record, agreement in islice(found, _MAX_AGREEMENTS):
        title = _title(record, agreement)
        test = f" ({printable(record.id)})" if titles[title] > 1 else ""
        yield from _lines(f"{title}{test}", agreement, width)
    if len(found) > _MAX_AGREEMENTS:
        yield f"  {left_out(len(found) - _MAX_AGREEMENTS)}"
    yield ""


def _different_pairs(records: Sequence[Record]) -> Iterator[tuple[Record, Agreement]]:
    """Yield each agreement once: two compute units that are compared with each other have two records of it."""
    seen: set[tuple[object, ...]] = set()
    for record in records:
        for agreement in record.agreement:
            what = (record.model, record.id.partition("[")[0], agreement.inputs)
            if (*what, agreement.reference, record.compute_units) not in seen:
                seen.add((*what, record.compute_units, agreement.reference))
                yield record, agreement


def _lines(title: str, agreement: Agreement, width: int) -> Iterator[str]:
    if all(output.identical for output in agreement.outputs):
        yield from wrapped(f"{title}: identical", "  ", width)
        return
    yield from wrapped(title, "  ", width)
    for output in agreement.outputs[:_MAX_OUTPUTS]:
        yield from filled(measures(output), "    ", width)
    if len(agreement.outputs) > _MAX_OUTPUTS:
        yield f"    ... and {len(agreement.outputs) - _MAX_OUTPUTS} more outputs, all of them in the report"


def measures(output: OutputAgreement) -> list[str]:
    """Return the name of *output* with its measures, in pieces."""
    name = printable(output.output)
    bad = output.candidate_non_finite or output.reference_non_finite
    if bad is not None:
        side = "" if output.candidate_non_finite else " of the reference"
        return [f"{name}: not comparable, {bad.value}{side} for input {bad.input}"]
    if output.identical:
        return [f"{name}: identical"]
    values = {limit: output.get(measure) for limit, measure in LIMITS.items()}
    figures = [
        f"{check_words(limit).removesuffix(' of')} {check_figure(limit, value)}"
        for limit, value in values.items()
        if value is not None
    ]
    first, *rest = figures or ["-"]
    return [f"{name}: {first}", *rest]


def _title(record: Record, agreement: Agreement) -> str:
    count = f"{agreement.inputs} input{'' if agreement.inputs == 1 else 's'}"
    return f"{record.model_name} on {record.subject} with {agreement.reference}, {count}"
