"""The files that Core ML's compiler writes about a program, read from a process with a separate home folder.

Core ML keeps what it compiles in the user's cache folder, by process name, and writes `analytics.mil` there when it
plans a model that is not in the cache. In an empty home folder (`CFFIXED_USER_HOME`) there is nothing but the files of
this model, and the user's cache stays as it is. The file is undocumented, and it was not tried on a Mac: what is
missing or of another form is an unknown fact.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.analytics_text import MAX_CHARACTERS, parse_analytics
from pytest_coreml.engine.protocol import ReadPlan
from pytest_coreml.engine.work_folder import WorkFolder
from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.lease import Lease
    from pytest_coreml.facts.compiler_analytics import CompilerAnalytics

_HOME: Final = "CFFIXED_USER_HOME"
_FILE_NAME: Final = "analytics.mil"
# The bundle of a compilation that has not ended.
_UNFINISHED: Final = ".tmp."


def read_compiler_files(lease: Lease, make: Callable[[Mapping[str, str]], Engine]) -> tuple[CompilerAnalytics, ...]:
    """Plan the model of *lease* in a new engine, and return what its compiler wrote; empty where there is nothing.

    *make* returns an engine with further environment variables. The model is compiled for it again, which can take
    minutes; the engine's time limit counts.
    """
    folder = WorkFolder("home-")
    engine = make({_HOME: str(folder.path)})
    engine.subject = lease.subject
    try:
        # The compiled model exists as long as its engine is open.
        lease.resume()
        function = lease.loaded.spec.default_function or "main"
        engine.ask(ReadPlan(lease.loaded.compiled, lease.key.compute_units, function))
        return tuple(parse_analytics(text) for text in _texts(folder.path))
    except EngineError:
        return ()
    finally:
        engine.close()
        folder.remove()


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob(_FILE_NAME)):
        if not any(_UNFINISHED in part for part in path.relative_to(folder).parts) and (text := _text(path)):
            yield text


def _text(path: Path) -> str | None:
    try:
        facts = os.lstat(path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_CHARACTERS:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
