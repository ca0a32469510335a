"""Use compiled models that earlier runs have kept, and keep those that are compiled now."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.engine.cache_folder import cache_folder
from pytest_coreml.engine.compiled_models import CompiledModels
from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.engine.kept_entry import Compilation
from pytest_coreml.engine.server.coremltools_api import COREMLTOOLS
from pytest_coreml.engine.server.load import compile_model
from pytest_coreml.errors import EngineError, ModelError
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.compiled_models import CacheRules
    from pytest_coreml.engine.protocol import Load
    from pytest_coreml.engine.server.core_ml_api import Api


class KeptCompilations:
    """The compiled models of this user, kept by *rules*, for one version of *coremltools*, compiled by *api*."""

    def __init__(self, rules: CacheRules, coremltools: str, api: Api = COREMLTOOLS) -> None:
        self._api = api
        self.problem: str | None = None
        """Why the last model could not be kept; None if it was."""
        self._rules = rules
        self._coremltools = coremltools
        self._models = CompiledModels(cache_folder(), rules)

    def path(self, request: Load, sha256: str, before: str, stage: Callable[[str], None]) -> Path | None:
        """Return the compiled model of *request*, in place; None for one that is compiled for this load only.

        A compiled model of the user's is loaded from where it is. *sha256*: the digest of the model; *before*: the
        fingerprint of its files before it was read. *stage* is called with the name of each stage.
        Raises `ModelError` if the model cannot be compiled.
        """
        self.problem = None
        path = Path(request.path)
        if request.first_load or (path.suffix == COMPILED_SUFFIX and request.options.from_memory):
            return None
        if path.suffix == COMPILED_SUFFIX:
            return path
        wanted = Compilation(path.name, sha256, self._rules.system, self._coremltools)
        try:
            return self._models.use(
                wanted,
                lambda target: self._compile(request.path, target, before, stage),
                lambda: stage("waiting for another process that compiles"),
            )
        except EngineError as error:
            self.problem = f"compiled models are not kept: {error}"
            return None

    def _compile(self, path: str, target: Path, before: str, stage: Callable[[str], None]) -> None:
        stage("compiling")
        try:
            compile_model(path, target, self._api)
        except ModelError as error:
            if isinstance(error.__cause__, OSError):
                raise EngineError(str(error)) from error
            raise
        if fingerprint(path) != before:
            # What was compiled may be another model than the digest is of.
            shutil.rmtree(target.parent, ignore_errors=True)
            raise EngineError(f"{path} was saved again while it was compiled")
