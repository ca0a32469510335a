"""The layout of the package: layers without pytest, no import cycle, one idea a name.

The contracts of import-linter in pyproject.toml hold the order of the layers.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_coreml

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(pytest_coreml.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = ("facts", "verdict", "report", "device_reports", "machine", "engine", "session", "cli")

# The layers whose functions tests call, directly or through fixtures and markers.
CALLED_BY_TESTS = ("facts", "machine", "engine", "session", "plugin")
# These raise in a process or at a time without a test.
WITHOUT_TEST = {
    *("engine/server", "engine/cache_folder.py", "engine/compiled_models.py"),
    *("plugin/dropin.py", "plugin/options.py", "plugin/read_options.py"),
}

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [found.name for found in pkgutil.walk_packages(package.__path__, sys.argv[1] + ".")]
for name in names:
    importlib.import_module(name)
print(len(names), *sorted({"pytest", "_pytest"} & set(sys.modules)))
"""


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_can_be_imported_without_pytest(layer: str) -> None:
    """Only plugin/ needs pytest: a test of any other module, and each command, does without it."""
    name = f"pytest_coreml.{layer}"
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, name], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )

    modules = [path for path in FILES if path.is_relative_to(PACKAGE / layer)]
    assert result.stdout.split() == [str(len(modules) - 1)]


def test_the_top_of_the_package_has_at_most_five_modules() -> None:
    """A module has a folder, which names its layer."""
    assert len(list(PACKAGE.glob("*.py"))) <= 5


def test_a_module_name_means_one_thing() -> None:
    """No two files can be confused."""
    places = defaultdict(list)
    for path in FILES:
        places[path.stem].append(path.relative_to(PACKAGE).as_posix())

    allowed = {"__init__", "plan", "errors", "options"}
    assert {name: paths for name, paths in places.items() if len(paths) > 1 and name not in allowed} == {}


def test_no_import_cycle() -> None:
    """Every module can be understood after those that it imports; annotations and late imports count."""
    modules = {_module_name(path): path for path in FILES}
    graph = {name: _imports(path, modules) for name, path in modules.items()}

    # Raises `CycleError`, which names the modules of one cycle.
    order = list(TopologicalSorter(graph).static_order())

    assert order.index("pytest_coreml.errors") < order.index("pytest_coreml.plugin.hooks")


def test_a_module_that_raises_our_errors_hides_its_frames() -> None:
    """A traceback ends in the user's test, and the error's text says what is wrong there."""
    classes = ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8")).body
    errors = {node.name for node in classes if isinstance(node, ast.ClassDef)}
    raising = [path for path in FILES if _is_called_by_tests(path) and _raised(path) & errors]

    assert PACKAGE / "engine" / "client.py" in raising
    assert [path for path in raising if "__tracebackhide__ = hidden_for_ours" not in path.read_text("utf-8")] == []


def _is_called_by_tests(path: Path) -> bool:
    place = path.relative_to(PACKAGE)
    names = {parent.as_posix() for parent in (place, *place.parents)}
    return place.parts[0] in CALLED_BY_TESTS and not names & WITHOUT_TEST


def _raised(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    calls = [node.exc for node in nodes if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, modules: dict[str, Path]) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {name for node in nodes for name in _names(node, modules) if name in modules}


def _names(node: ast.AST, modules: dict[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        members = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (member if member in modules else str(node.module) for member in members)
