"""The view of a model: its description, boundary and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.report.text.advice_text import advice_text
from pytest_coreml.report.text.boundary_text import advice as boundary_advice
from pytest_coreml.report.text.boundary_text import bytes_text
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.model_boundary import Crossing
    from pytest_coreml.facts.model_spec import Feature, ModelSpec


@dataclass(frozen=True)
class CrossingRow:
    """One input, output or state, and what is converted when it crosses the boundary."""

    direction: str
    name: str
    type: str
    conversions: str
    size: str


@dataclass(frozen=True)
class ModelView:
    """One model."""

    name: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    crossings: tuple[CrossingRow, ...]
    boundary: tuple[str, ...]
    """Remedies that remove conversions, and the reasons why some are hidden."""
    advice: tuple[str, ...]
    """Obstacles to the Neural Engine, and their remedies."""


def model_view(spec: ModelSpec) -> ModelView:
    """Return the view of the model *spec*."""
    return ModelView(
        name=spec.file_name,
        summary=f"{spec.type}, {number(spec.size_mb)} MB",
        facts=tuple(_facts(spec)),
        crossings=tuple(_crossings(spec)),
        boundary=tuple(_boundary(spec)),
        advice=tuple(map(advice_text, spec.advice)),
    )


def _facts(spec: ModelSpec) -> Iterator[tuple[str, str]]:
    target = ", ".join(f"{system} {version}" for system, version in spec.deployment_target.items())
    yield "type", f"{spec.type}, specification {spec.specification_version}" + (f" ({target})" if target else "")
    yield "size", f"{number(spec.size_mb)} MB, {number(spec.weights_bytes / 1e6)} MB of it weights"
    if spec.precision:
        yield "weights", ", ".join(spec.precision)
    if len(spec.functions) > 1:
        names = [f"{name} (default)" if name == spec.default_function else name for name in spec.functions]
        yield "functions", ", ".join(names)
    if spec.operations:
        ordered = sorted(spec.operations.items(), key=lambda item: (-item[1], item[0]))
        yield "operations", ", ".join(f"{count:,} {operator}" for operator, count in ordered)
    yield "sha256", spec.sha256


def _crossings(spec: ModelSpec) -> Iterator[CrossingRow]:
    known = {crossing.name: crossing for crossing in spec.boundary.crossings}
    for direction, features in (("in", spec.inputs), ("out", spec.outputs), ("state", spec.states)):
        for feature in features:
            yield _crossing(direction, feature, None if direction == "state" else known.get(feature.name))


def _crossing(direction: str, feature: Feature, crossing: Crossing | None) -> CrossingRow:
    found = crossing.conversions if crossing is not None else ()
    steps = [
        f"{step.operator} {step.before} → {step.after}" + (f" × {step.count}" if step.count > 1 else "")  # noqa: RUF001
        for step in found
    ]
    size = crossing.size_bytes if crossing is not None else None
    return CrossingRow(
        direction, feature.name, feature.describe(), ", ".join(steps) or "-", "-" if size is None else bytes_text(size)
    )


def _boundary(spec: ModelSpec) -> Iterator[str]:
    boundary = spec.boundary
    for direction, side in (("in", boundary.inputs), ("out", boundary.outputs)):
        sizes = [crossing.size_bytes for crossing in side if crossing.size_bytes is not None]
        if sizes:
            yield f"{bytes_text(sum(sizes))} {direction} in each call"
    yield from boundary_advice(boundary)
    if boundary.why_unknown is not None and boundary.crossings:
        yield f"conversions inside: {boundary.why_unknown}"
