"""The declarations of all tests of a run, and all mistakes in them at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.errors import UsageError
from pytest_coreml.plugin.declaration_reader import DeclarationReader
from pytest_coreml.plugin.limit_coverage import LimitCoverage
from pytest_coreml.plugin.names import FIXTURES
from pytest_coreml.plugin.ordering import put_partners_first
from pytest_coreml.plugin.xdist import send_mistakes, worker_name

if TYPE_CHECKING:
    from pytest_coreml.session.declaration import Declaration
    from pytest_coreml.session.options import Options


class Declarations:
    """The declarations of the tests of a run."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.reader = DeclarationReader(options)
        self.coverage = LimitCoverage()
        self._declarations: dict[str, Declaration] = {}
        self._positions: dict[str, int] = {}
        self._mistakes: dict[str, list[str]] = {}
        # Files with a test that limits loading: the tests of a file share loaded models.
        self._files_that_limit_loads: set[Path] = set()
        self._files_that_limit_first_loads: set[Path] = set()

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
        return self._positions.get(item.nodeid, 0)

    def limits_load_in(self, file: Path) -> bool:
        """Return True if a test of *file* limits the time of a load."""
        return file in self._files_that_limit_loads

    def limits_first_load_in(self, file: Path) -> bool:
        """Return True if a test of *file* limits the time of compiling, or of a first load."""
        return file in self._files_that_limit_first_loads

    def read(self, node: pytest.Item, fixtures: list[str], incomplete: bool = False) -> Declaration | None:
        """Read the markers of *node*; a mistake is noted for the end of collection, and None returned."""
        try:
            return self.reader.read(node, fixtures, incomplete)
        except UsageError as error:
            place = node.nodeid.split("[", 1)[0]
            for text in error.texts:
                places = self._mistakes.setdefault(text, [])
                if place not in places:
                    places.append(place)
            return None

    def check(self, items: list[pytest.Item]) -> None:
        """Read the markers of the tests that are to run, and order the tests by them.

        All mistakes together are one usage error. A worker of pytest-xdist sends them to its controller, which raises
        the error, and runs nothing.
        """
        # What was noted when tests were parametrized may be about tests that are deselected by now.
        self._mistakes.clear()
        for item in items:
            declaration = self.read(item, getattr(item, "fixturenames", []))
            if declaration is not None:
                self._note(item, declaration)
        if self._mistakes:
            self._refuse(items)
        put_partners_first(items, self._declarations)
        self._positions = {item.nodeid: position for position, item in enumerate(items)}

    def _note(self, item: pytest.Item, declaration: Declaration) -> None:
        self._declarations[item.nodeid] = declaration
        self.coverage.note(item.nodeid, declaration)
        if declaration.limits_load:
            self._files_that_limit_loads.add(item.path)
            if declaration.limits_first_load:
                self._files_that_limit_first_loads.add(item.path)

    def _refuse(self, items: list[pytest.Item]) -> None:
        lines = [f"{mistake}\n    {_places(places)}" for mistake, places in self._mistakes.items()]
        text = "mistakes in the use of pytest-coreml:\n  " + "\n  ".join(lines)
        if worker_name(self.config) is None:
            raise pytest.UsageError(text)
        items.clear()
        send_mistakes(self.config, text)


def _places(places: list[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(Path(place).as_posix() for place in places[:3]) + more
