"""The public classes: what their docstrings and annotations say, without running anything of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import pytest_coreml
from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef

# A type of more texts is shown by its name.
_MAX_TEXTS = 4
# The members of classes that have others for the plugin's own use; those of other classes are all for test authors.
_SHOWN = {
    "CoreMLModel": "name path sha256 compute_units function runtime spec load_times io memory_mb placement observed "
    "example_inputs predict make_state measure",
    "CoreMLState": "read_state write_state",
    "Observed": "status result devices counters seconds calls notes",
}


def public_class(name: str) -> Iterator[str]:
    """Return the description of a class, a table of its values, and a list of its methods."""
    homes = [each for each in getattr(pytest_coreml, name).__mro__ if each.__module__.startswith("pytest_coreml")]
    named = _SHOWN.get(name, "").split()
    shown = {
        member: (home, node)
        for home in reversed(homes)
        for member, node in _members(_tree(home))
        if (member in named if named else not member.startswith("_"))
    }
    yield from (f"### `{name}`", "", _text(_tree(homes[0])), "")
    values = {member: found for member, found in shown.items() if not _is_method(found[1])}
    rows = ((code(member), code(_type(home, node)), _doc(_tree(home), node)) for member, (home, node) in values.items())
    yield from table(("value", "type", "meaning"), rows)
    yield ""
    for member, (_, node) in shown.items():
        if member not in values:
            yield from (f"- `{member}{signature(node)}`", "", indent(_text(node), "  "), "")


def _tree(found: type) -> ast.ClassDef:
    return next(
        node
        for node in _parsed(found.__module__).body
        if isinstance(node, ast.ClassDef) and node.name == found.__name__
    )


def _members(tree: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, _Function) and not _is_decorated(node, "overload"):
            yield node.name, node


def _is_method(node: ast.AST) -> bool:
    return isinstance(node, _Function) and not _is_decorated(node, "property")


def _is_decorated(node: _Function, end: str) -> bool:
    return any(ast.unparse(decorator).endswith(end) for decorator in node.decorator_list)


def _type(home: type, node: ast.AST) -> str:
    """Return the type of a field or property; a name for few texts is replaced by these."""
    annotation = node.returns if isinstance(node, _Function) else getattr(node, "annotation", None)
    texts = _texts(home.__module__)
    return re.sub(r"\w+", lambda word: texts.get(word[0], word[0]), ast.unparse(annotation) if annotation else "Any")


@cache
def _texts(module: str) -> dict[str, str]:
    """Return the texts that the names of types stand for, in a module and in the modules that it imports from."""
    found: dict[str, str] = {}
    for node in ast.walk(_parsed(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_coreml.facts"):
            imported = _texts(str(node.module))
            found |= {name.name: imported[name.name] for name in node.names if name.name in imported}
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal["):
            values = ast.literal_eval(ast.unparse(node.value).removeprefix("Literal"))
            if len(values) <= _MAX_TEXTS:
                found[ast.unparse(node.targets[0])] = " | ".join(f'"{value}"' for value in values)
    return found


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(Path(str(importlib.import_module(module).__file__)).read_text("utf-8"))


def signature(node: ast.AST) -> str:
    """Return the parameters of a function, without `self` and types, and the type that it returns."""
    if not isinstance(node, _Function):
        return ""
    arguments = ast.parse(ast.unparse(node.args).join(("def f(", "): pass"))).body[0].args  # type: ignore[attr-defined]
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        each.annotation = None
    arguments.args = [each for each in arguments.args if each.arg != "self"]
    returned = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"({ast.unparse(arguments)}){returned}"


def _text(node: ast.AST) -> str:
    assert isinstance(node, ast.ClassDef | _Function)
    text = ast.get_docstring(node)
    if text is None:
        raise ValueError(f"{node.name} has no docstring")
    return text


def _doc(tree: ast.ClassDef, node: ast.AST) -> str:
    """Return the docstring of a property, or the string below a field."""
    if isinstance(node, _Function):
        return _text(node)
    below = tree.body[tree.body.index(node) + 1 :][:1]  # type: ignore[arg-type]
    if below and isinstance(below[0], ast.Expr) and isinstance(below[0].value, ast.Constant):
        return inspect.cleandoc(str(below[0].value.value))
    raise ValueError(f"{tree.name}: a field has no docstring: {ast.unparse(node)}")
