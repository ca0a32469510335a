"""A model's specification, in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.advice_text import advice_lines
from pytest_coreml.report.text.boundary_text import boundary_lines
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_coreml.facts.author_notes import ModelMetadata
    from pytest_coreml.facts.model_spec import Feature, ModelSpec

_WIDTH = 14
_OF_OPERATIONS = ("mlProgram", "neuralNetwork")
_METADATA = ("description", "author", "license", "version")


def spec_lines(spec: ModelSpec, others: Mapping[str, ModelSpec] | None = None) -> Iterator[str]:
    """Return the facts about a model: a line for each fact, and one for each input, output, state and operator.

    *others*: the descriptions of its other functions, which follow the first.
    """
    yield printable(spec.file_name)
    target = ", ".join(f"{system} {version}" for system, version in spec.deployment_target.items())
    yield _line("type", f"{spec.type}, specification {spec.specification_version} ({target or 'unknown systems'})")
    yield _line("size", f"{number(spec.size_mb)} MB, {number(spec.weights_bytes / 1e6)} MB of it weights")
    yield _line("weights", ", ".join(spec.precision) or "-")
    yield from _metadata_lines(spec.metadata)
    if len(spec.functions) > 1:
        names = [f"{name} (default)" if name == spec.default_function else name for name in spec.functions]
        yield _line("functions", ", ".join(names))
    yield from _function_lines(spec)
    for name, other in (others or {}).items():
        yield _line("function", name)
        yield from _function_lines(other)
    yield _line("sha256", spec.sha256)


def _function_lines(spec: ModelSpec) -> Iterator[str]:
    for word, features in (("input", spec.inputs), ("output", spec.outputs), ("state", spec.states)):
        yield from (_line(word, _feature(feature)) for feature in features)
    yield from boundary_lines(spec.boundary)
    yield from advice_lines(spec.advice)
    # A program or network without operations is one whose files do not say them, such as a compiled network.
    are_unknown = not spec.operations and spec.type.startswith(_OF_OPERATIONS)
    yield _line("operations", "unknown" if are_unknown else str(sum(spec.operations.values())))
    for operator, count in sorted(spec.operations.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>{_WIDTH + 4}} x {printable(operator)}"


def _metadata_lines(metadata: ModelMetadata) -> Iterator[str]:
    entries = {
        "description": metadata.description,
        "author": metadata.author,
        "license": metadata.license,
        "version": metadata.version,
        **metadata.user_defined,
    }
    for name, text in entries.items():
        # A description may be a page: its first line is enough here, and the JSON has all of it.
        first, *others = text.strip().splitlines() or [""]
        if first:
            yield _line(name if name in _METADATA else "metadata", _entry(name, first, bool(others)))


def _entry(name: str, text: str, has_more: bool) -> str:
    shown = text if name in _METADATA else f"{name}: {text}"
    return f"{shown} ..." if has_more else shown


def _line(word: str, text: str) -> str:
    return f"  {word:<{_WIDTH - 2}}{printable(text)}"


def _feature(feature: Feature) -> str:
    return f"{feature.name}: {feature.describe()}{', optional' if feature.optional else ''}"
