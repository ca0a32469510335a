"""The outcome of a test by its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.verdict.check import Verdict


def outcome_of(verdicts: Iterable[Verdict], inconclusive: str) -> tuple[str, Verdict | None]:
    """Return the outcome of a test, `passed`, `failed` or `skipped`, and the verdict that is its reason.

    A failed check fails it. An inconclusive one does what *inconclusive* (`fail`, `skip`) says. Without any check that
    passed, those that could not be judged skip it: such a test is never green.
    """
    found = set(verdicts)
    if "failed" in found:
        return "failed", "failed"
    if "inconclusive" in found:
        return ("failed" if inconclusive == "fail" else "skipped"), "inconclusive"
    if "not_judged" in found and "passed" not in found:
        return "skipped", "not_judged"
    return "passed", None
