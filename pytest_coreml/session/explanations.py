"""Why operations are not on the Neural Engine: by what Core ML's compiler wrote if that is asked for, or by rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_coreml.engine.compiler_files import read_compiler_files
from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.report.text.placement_reason_text import placement_reason_text, rule_text
from pytest_coreml.verdict.placement_reasons import reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.lease import EngineKey
    from pytest_coreml.facts.placement import Operation, Placement
    from pytest_coreml.session.model import CoreMLModel


class Explanations:
    """The reasons for the placements of a run. *make*: returns an engine with further environment variables.

    *ask_compiler*: True to compile a model once more for what the compiler writes about it, after a rule has failed.
    """

    def __init__(self, make: Callable[[Mapping[str, str]], Engine], ask_compiler: bool) -> None:
        self._make = make
        self._ask_compiler = ask_compiler
        self._by_compiler: dict[EngineKey, Mapping[str, str]] = {}

    def explained(self, placement: Placement, model: CoreMLModel, *, has_failed: bool) -> Placement:
        """Return *placement* with the reasons for operations that are not on the Neural Engine, where they are known.

        *has_failed*: a rule about the placement of *model* has failed.
        """
        if placement.unknown or "neuralEngine" not in ALLOWED_DEVICES[model.compute_units]:
            return placement
        known = dict(self._by_rules(placement, model))
        if has_failed and self._ask_compiler:
            known |= self._compiler_reasons(placement, model)
        return replace(placement, ops=tuple(_with_reason(op, known) for op in placement.ops))

    def _by_rules(self, placement: Placement, model: CoreMLModel) -> dict[str, str]:
        refused = [advice for advice in model.spec.advice if advice.effect == "refused"]
        # The first rule of an operator is the most particular one.
        texts = {operator: rule_text(advice) for advice in reversed(refused) for operator in advice.operators}
        return {op.name: texts[op.operator] for op in placement.placed if op.operator in texts}

    def _compiler_reasons(self, placement: Placement, model: CoreMLModel) -> Mapping[str, str]:
        if model.key not in self._by_compiler:
            found = reasons(placement, read_compiler_files(model.lease, self._make))
            self._by_compiler[model.key] = {reason.output: placement_reason_text(reason) for reason in found}
        return self._by_compiler[model.key]


def _with_reason(op: Operation, known: Mapping[str, str]) -> Operation:
    if not op.placed or op.preferred == "neuralEngine" or op.name not in known:
        return op
    return replace(op, reason=known[op.name])
