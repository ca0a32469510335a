"""The declarations of all tests of a run, and all mistakes in them at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.declaration_reader import DeclarationReader, check_parameters
from pytest_coreml.plugin.limit_coverage import LimitCoverage
from pytest_coreml.plugin.names import FIXTURES
from pytest_coreml.plugin.ordering import put_partners_first
from pytest_coreml.plugin.xdist import send_mistakes, worker_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.options import Options


class Declarations:
    """The declarations of the tests of a run."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.reader = DeclarationReader(options)
        self.coverage = LimitCoverage()
        self._declarations: dict[str, Declaration] = {}
        self._mistakes: dict[str, list[str]] = {}
        self._collected = _Collected((), {})

    def get(self, item: pytest.Item) -> Declaration | None:
        """Return what *item* declares; None for a test that was not collected with the others."""
        return self._declarations.get(item.nodeid)

    def read_again(self, item: pytest.Item, declaration: Declaration) -> Declaration:
        """Return what *item* declares now: a fixture, a hook or the test itself may have added markers.

        *declaration*: what it declared before. Raises `UsageError` for a mistake in the markers.
        """
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if declaration.names_model and not any(name in fixtures for name in FIXTURES if name != "coreml_load"):
            # The test has asked for it while it ran.
            fixtures = [*fixtures, "coreml_model"]
        current = self.reader.read(item, fixtures)
        if current is not declaration:
            self.coverage.note(item.nodeid, current)
        return current

    def position(self, item: pytest.Item) -> int:
        """Return the position of *item* among all tests that were collected."""
        return self._collected.positions.get(item.nodeid, 0)

    def limits_load_in(self, file: Path) -> bool:
        """Return True if a test of *file* limits the time of a load."""
        return file in self._collected.files_that_limit_loads

    def limits_first_load_in(self, file: Path) -> bool:
        """Return True if a test of *file* limits the time of compiling, or of a first load."""
        return file in self._collected.files_that_limit_first_loads

    def read(self, node: pytest.Item, fixtures: list[str], incomplete: bool = False) -> Declaration | None:
        """Read the markers of *node*; a mistake is noted for the end of collection, and None returned."""
        try:
            return self.reader.read_markers(node, fixtures, incomplete)
        except UsageError as error:
            self._note_mistake(node, error)
            return None

    def _note_mistake(self, node: pytest.Item, error: UsageError) -> None:
        place = node.nodeid.split("[", 1)[0]
        for text in error.texts:
            places = self._mistakes.setdefault(text, [])
            if place not in places:
                places.append(place)

    def check(self, items: list[pytest.Item]) -> None:
        """Read the markers of the tests that are to run, and order the tests by them.

        All mistakes together are one usage error. A worker of pytest-xdist sends them to its controller, which raises
        the error, and runs nothing.
        """
        # What was noted when tests were parametrized may be about tests that are deselected by now.
        self._mistakes.clear()
        of_files = self._read_all(items)
        if self._mistakes:
            self._refuse(items)
        put_partners_first(items, self._declarations)
        self._collected = _Collected(tuple(items), of_files)

    def _read_all(self, items: list[pytest.Item]) -> dict[Path, list[Declaration]]:
        """Read the declarations of *items*, once for the tests of a function that differ by their parameters only.

        Returns the different declarations of each file.
        """
        alike: dict[Hashable, Declaration | None] = {}
        of_files: dict[Path, list[Declaration]] = {}
        for item in items:
            key = _all_but_parameters(item)
            if key not in alike:
                alike[key] = self.read(item, getattr(item, "fixturenames", []))
                if (new := alike[key]) is not None:
                    of_files.setdefault(item.path, []).append(new)
            declaration = alike[key]
            if declaration is not None and self._accepts_parameters(item, declaration):
                self._declarations[name := item.nodeid] = declaration
                self.coverage.note(name, declaration)
        return of_files

    def _accepts_parameters(self, item: pytest.Item, declaration: Declaration) -> bool:
        try:
            check_parameters(item, declaration)
        except UsageError as error:
            self._note_mistake(item, error)
            return False
        return True

    def _refuse(self, items: list[pytest.Item]) -> None:
        lines = [f"{mistake}\n    {_places(places)}" for mistake, places in self._mistakes.items()]
        text = "mistakes in the use of pytest-coreml:\n  " + "\n  ".join(lines)
        if worker_name(self.config) is None:
            raise pytest.UsageError(text)
        items.clear()
        send_mistakes(self.config, text)


@dataclass(frozen=True)
class _Collected:
    """The tests of a run in their order, and what is asked of them when they run, which a mere collection never is."""

    items: Sequence[pytest.Item]
    declarations: Mapping[Path, Sequence[Declaration]]
    """Those of the tests of each file, which share loaded models."""

    @cached_property
    def positions(self) -> dict[str, int]:
        return {item.nodeid: position for position, item in enumerate(self.items)}

    @cached_property
    def files_that_limit_loads(self) -> set[Path]:
        return {file for file, found in self.declarations.items() if any(each.limits_load for each in found)}

    @cached_property
    def files_that_limit_first_loads(self) -> set[Path]:
        return {file for file, found in self.declarations.items() if any(each.limits_first_load for each in found)}


def _all_but_parameters(item: pytest.Item) -> Hashable:
    """Return what tests of one function have in common that are marked alike; a test without parameters is unlike."""
    parameters = getattr(item, "callspec", None)
    if parameters is None:
        return id(item)
    # By identity: markers may have any arguments. The names of fixtures are one list for a function.
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return id(item.parent), id(fixtures), len(parameters.marks), *map(id, item.own_markers)


def _places(places: list[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(Path(place).as_posix() for place in places[:3]) + more
