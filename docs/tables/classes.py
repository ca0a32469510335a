"""The public classes: what their docstrings and annotations say, without running anything of them."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import pytest_coreml
from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef


# The members of classes that have others for the plugin's own use; those of other classes are all for test authors.
_SHOWN = {
    "CoreMLModel": "name path sha256 compute_units function runtime spec load_times io memory_mb placement observed "
    "example_inputs predict make_state measure",
    "CoreMLState": "read_state write_state",
    "Observed": "status result devices counters seconds calls notes",
}


def public_class(name: str) -> Iterator[str]:
    """Return the description of a class, a table of its values, and a list of its methods."""
    trees = [
        _tree(each) for each in getattr(pytest_coreml, name).__mro__ if each.__module__.startswith("pytest_coreml")
    ]
    named = _SHOWN.get(name, "").split()
    shown = {
        member: (tree, node)
        for tree in reversed(trees)
        for member, node in _members(tree)
        if (member in named if named else not member.startswith("_"))
    }
    yield from (f"### `{name}`", "", _text(trees[0]), "")
    values = {member: found for member, found in shown.items() if not _is_method(found[1])}
    rows = ((code(member), code(_type(node)), _doc(tree, node)) for member, (tree, node) in values.items())
    yield from table(("value", "type", "meaning"), rows)
    yield ""
    for member, (_, node) in shown.items():
        if member not in values:
            yield from (f"- `{member}{signature(node)}`", "", indent(_text(node), "  "), "")


def _tree(found: type) -> ast.ClassDef:
    tree = ast.parse(Path(inspect.getsourcefile(found) or "").read_text("utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == found.__name__)


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


def _type(node: ast.AST) -> str:
    annotation = node.returns if isinstance(node, _Function) else getattr(node, "annotation", None)
    return ast.unparse(annotation) if annotation is not None else "Any"


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
