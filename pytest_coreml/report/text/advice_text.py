"""Advice about placement in words: what keeps operations off the Neural Engine, what helps, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.layout import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.advice import Advice

_WIDTH: Final = 80
_MAX_NAMED: Final = 2
_MAX_OPERATORS: Final = 4


def advice_lines(found: Sequence[Advice]) -> Iterator[str]:
    """Return the lines for each rule that applies, under a heading; none where no rule does."""
    if not found:
        return
    yield "  neural engine, by rules; the compute plan on a Mac decides"
    for advice in found:
        yield from wrapped(advice_text(advice), "    ", _WIDTH)
        yield from wrapped(
            f"known for {advice.seen_on}; {advice.source}; certainty {advice.certainty}", "      ", _WIDTH
        )


def advice_text(advice: Advice) -> str:
    """Return the subject, the finding and the remedy in one sentence."""
    subject = _subject(advice)
    return f"{advice.effect}: {f'{subject}: ' if subject else ''}{advice.finding}; {advice.cure}"


def _subject(advice: Advice) -> str:
    named = ", ".join(advice.places[:_MAX_NAMED])
    more = ", ..." if max(advice.count, len(advice.places)) > _MAX_NAMED else ""
    if not advice.operators:
        return f"{named}{more}"
    first = list(advice.operators.items())[:_MAX_OPERATORS]
    rest = advice.count - sum(count for _, count in first)
    counts = ", ".join([f"{count} x {operator}" for operator, count in first] + ([f"{rest} others"] if rest else []))
    return f"{counts} ({named}{more})" if named else counts
