"""Build a variant of a model with a callable of the user's."""

from __future__ import annotations

import pickle
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.open_model import open_model
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def build_by_callable(build: Callable[[Any], Any], path: str, name: str, destination: str, file: str = "") -> str:
    """Return the path of the variant *name* of the model at *path*, which *build* makes; it is saved at *destination*.

    *file*: the name of the file of *build*, which code that was sent here does not have.
    Raises `ModelError` for what *build* raises, and for a result that is not a model or a path.
    """
    subject = f"{Path(path).name}: the variant {name}"
    try:
        model = build(open_model(path))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = file if frame.filename.startswith("<") and file else Path(frame.filename).name
        text = f"{type(error).__name__}: {error} ({place}:{frame.lineno})"
        raise ModelError(f"{subject} cannot be built: {text}") from error
    if isinstance(model, (str, Path)):
        return str(model)
    if not hasattr(model, "save"):
        raise ModelError(f"{subject}: the callable returned {type(model).__name__}, expected an MLModel or a path")
    model.save(destination)
    return destination


def read_callable(pickled: bytes, search: Sequence[str]) -> Callable[[Any], Any] | None:
    """Return the callable that *pickled* contains; None if a module that it names cannot be imported here.

    *search*: the folders in which modules are found, which stay in `sys.path`.
    """
    sys.path[:] = search
    try:
        build: Callable[[Any], Any] = pickle.loads(pickled)
    # A module of tests may also skip its tests while it is imported, which is not an `Exception` in pytest.
    except BaseException:  # noqa: BLE001
        return None
    return build
