"""Directives that make tables of what the code says, so that pages cannot disagree with it.

`{report-fields}` lists every field of the report's schema, `{coreml-options}` every option with its ini twin,
`{budget-arguments}` every metric that a budget can limit, `{agreement-arguments}` every measure of agreement,
`{layers}` the folders of the package in the order that the import contracts allow.
"""

from __future__ import annotations

import ast
import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which Sphinx depends on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from docutils import nodes
    from sphinx.application import Sphinx


class MarkdownDirective(SphinxDirective):
    """A directive that stands for lines of Markdown."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes that the lines are parsed into."""
        lines = StringList(list(self.lines()), type(self).__name__)
        return self.parse_text_to_nodes(lines, allow_section_headings=True)

    def lines(self) -> Iterator[str]:
        """Return the lines."""
        raise NotImplementedError


class ReportFields(MarkdownDirective):
    """Every field of a report: one table for the document and one for each definition of the schema."""

    def lines(self) -> Iterator[str]:
        """Make the tables from the schema file."""
        schema = json.loads((files("pytest_coreml.report") / "report-1.schema.json").read_text(encoding="utf-8"))
        yield from table_of("The document", schema)
        # What has most fields is what a reader looks for; the words and numbers in them come last.
        for name, definition in sorted(schema["$defs"].items(), key=lambda item: -len(item[1].get("properties", ()))):
            yield from table_of(f"`{name}`", definition)


def table_of(title: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """Describe one definition: its text, and a row for each property, those of nested objects too."""
    yield from ("", f"## {title}", "", definition.get("description", ""), "")
    rows = list(rows_of(definition))
    if "enum" in definition:
        yield from (f"One of {SAYINGS['enum'](definition['enum'])}.", "")
    if rows:
        yield from ("| field | type | meaning |", "| --- | --- | --- |", *rows, "")


def rows_of(definition: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Return a row for each property."""
    required = definition.get("required", ())
    for name, field in definition.get("properties", {}).items():
        optional = "" if name in required else " (optional)"
        meaning = field.get("description", "").replace("|", "\\|")
        yield f"| `{prefix}{name}` | {type_of(field)}{optional} | {meaning} |"
        yield from rows_of(field, f"{prefix}{name}.")
        if "properties" in (items := field.get("items", {})):
            yield from rows_of(items, f"{prefix}{name}[].")


def type_of(field: Mapping[str, Any]) -> str:
    """Describe the type of a field in a word or two."""
    for key, say in SAYINGS.items():
        if key in field:
            return say(field[key])
    return "any"


def names_of(kinds: str | list[str]) -> str:
    """Return the JSON types of a field as text."""
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def choices_of(choices: list[Mapping[str, Any]]) -> str:
    """Return the alternatives of a field as text."""
    return " or ".join(type_of(choice) for choice in choices)


# What says most about a field comes first.
SAYINGS: Mapping[str, Callable[[Any], str]] = {
    "$ref": lambda target: f"`{target.rsplit('/', 1)[-1]}`",
    "const": lambda value: f"`{json.dumps(value)}`",
    "enum": lambda values: ", ".join(f"`{json.dumps(value)}`" for value in values),
    "items": lambda items: f"array of {type_of(items)}",
    "anyOf": choices_of,
    "oneOf": choices_of,
    "additionalProperties": lambda values: f"object of {type_of(values)}" if values else "object",
    "type": names_of,
}


class CoreMLOptions(MarkdownDirective):
    """Every option, as the parser has it."""

    def lines(self) -> Iterator[str]:
        """Make a table from the options that the plugin declares."""
        from pytest_coreml.plugin.options import OPTIONS

        yield from ("| option | ini | meaning |", "| --- | --- | --- |")
        for name, settings in OPTIONS.items():
            value = settings.get("metavar") or "|".join(settings.get("choices", ()))
            given = f"[={value}]" if settings.get("nargs") == "?" else f"={value}" if value else ""
            option = f"--coreml-{name.replace('_', '-')}" + given.replace("|", "\\|")
            meaning = settings["help"].replace("%%", "%").replace("|", "\\|")
            yield f"| `{option}` | `coreml_{name}` | {meaning} |"


class BudgetArguments(MarkdownDirective):
    """Every metric that `coreml_budget` can limit."""

    def lines(self) -> Iterator[str]:
        """Make a table from the table of metrics."""
        from pytest_coreml.facts.metrics import BUDGET_METRICS

        yield from ("| argument | limit |", "| --- | --- |")
        yield from (f"| `{metric.name}` | {metric.meaning} |" for metric in BUDGET_METRICS)


class AgreementArguments(MarkdownDirective):
    """Every metric that `coreml_agreement` can limit."""

    def lines(self) -> Iterator[str]:
        """Make a table from the table of metrics."""
        from pytest_coreml.facts.metrics import AGREEMENT_METRICS

        yield from ("| argument | limit |", "| --- | --- |")
        yield from (f"| `{metric.name}` | {metric.direction} {metric.meaning} |" for metric in AGREEMENT_METRICS)


class Layers(MarkdownDirective):
    """The folders of the package, the highest layer first, with what each says of itself."""

    def lines(self) -> Iterator[str]:
        """Make a table from the contract of import-linter and the docstrings of the folders."""
        root = Path(__file__).parents[2]
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
        contract = next(each for each in settings["contracts"] if each["type"] == "layers")
        yield from ("| layer | folder or module | content |", "| --- | --- | --- |")
        for number, row in enumerate(contract["layers"], start=1):
            for name in map(str.strip, row.split("|")):
                yield f"| {number} | `{name}` | {_first_line(root / 'pytest_coreml', name)} |"


def _first_line(package: Path, name: str) -> str:
    file = package / name / "__init__.py"
    tree = ast.parse((file if file.exists() else package / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0].replace("|", "\\|")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("report-fields", ReportFields)
    app.add_directive("coreml-options", CoreMLOptions)
    app.add_directive("budget-arguments", BudgetArguments)
    app.add_directive("agreement-arguments", AgreementArguments)
    app.add_directive("layers", Layers)
    return {"parallel_read_safe": True}
