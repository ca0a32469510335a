"""Models of a run: from the source that a test names to a model that an engine holds."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.crashes import Crashes
from pytest_coreml.engine.engines import Engines
from pytest_coreml.engine.fingerprint import fingerprint
from pytest_coreml.engine.host_lock import HostLock
from pytest_coreml.engine.lease import UNTIMED, EngineKey, SharedByEngines
from pytest_coreml.engine.plans import Plans
from pytest_coreml.engine.protocol import Describe, ListDevices, Progress
from pytest_coreml.engine.work_folder import remove_abandoned
from pytest_coreml.errors import UnfitMachineError, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.machine import identity
from pytest_coreml.machine.policy import max_load_seconds, unfit_units
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.session.model import CoreMLModel
from pytest_coreml.session.sources import Sources
from pytest_coreml.session.variants import Variants

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.lease import Lease, Timing
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.runtime import DeviceFacts, Runtime, RuntimeFacts
    from pytest_coreml.facts.timeline import Recording
    from pytest_coreml.session.model import Listeners
    from pytest_coreml.session.observations import Observations
    from pytest_coreml.session.options import Options
    from pytest_coreml.session.sources import VariantSource

__tracebackhide__ = hidden_for_ours


class Models:
    """The models of a run, the engines that hold them, and their compute plans."""

    def __init__(self, options: Options, listeners: Listeners) -> None:
        remove_abandoned()
        self._options = options
        self._listeners = listeners
        self.variants = Variants(
            self.make_engine, self._make_converting_engine, options.variant_cache, listeners.progress
        )
        self.sources = Sources(
            options.rootdir, lambda name: listeners.progress(name, Progress("building")), self.variants.path
        )
        self.shared = SharedByEngines(listeners.progress, HostLock(options.timeout, listeners.announced))
        self.crashes = Crashes(os.environ.get("PYTEST_XDIST_TESTRUNUID"), listeners.current_test)
        self.engines = Engines(self.make_engine, self.shared, self.crashes)
        self.plans = Plans(self.make_engine)
        self.specs: dict[str, ModelSpec] = {}
        """Specifications of all models that were loaded, by digest."""
        self.runtime: RuntimeFacts | None = None
        self.devices: tuple[DeviceFacts, ...] | None = None
        self._seen: dict[tuple[str, str], tuple[ModelSpec, Runtime]] = {}
        self.variant_sources: dict[str, VariantSource] = {}
        """The variant at each path, as a test has last asked for it."""
        self._describer: Engine | None = None
        """The engine that describes models that are not loaded."""
        self._described: dict[tuple[str, str], ModelSpec] = {}
        self._loaded: dict[EngineKey, CoreMLModel] = {}
        self._cache_problems: set[str] = set()

    @cached_property
    def observations(self) -> Observations:
        """The observations of the run, made when the first model is observed."""
        from pytest_coreml.session.observations import Observations

        asked = self._options.runtime
        return Observations(self.make_unrecorded_engine, lambda units: unfit_units(units, asked, identity()) is None)

    def key(self, source: Any, folder: Path, units: ComputeUnits, options: LoadOptions | None = None) -> EngineKey:
        """Return the key of *source* on *units*; *folder* is what relative paths are looked up in first.

        Raises `ModelError` when the source cannot be found, and `UnfitMachineError` when this machine is not fit for
        *units*.
        """
        if reason := unfit_units(units, self._options.runtime, identity()):
            raise UnfitMachineError(reason_text(reason) or "")
        path = str(self.sources.resolve(source, folder))
        return EngineKey(path, units, options or LoadOptions(), fingerprint(path))

    def load(self, key: EngineKey, timing: Timing = UNTIMED) -> CoreMLModel:
        """Return the model of *key*, loaded in an engine; *timing* says what is measured of a load.

        Raises `ModelError` when it cannot be loaded, `EngineError` when its engine crashed.
        """
        # Two threads that load one model share it.
        with self.shared.one_thread():
            model = self._model(self.engines.lease(key, timing))
            self._note_loaded(model)
            return model

    def renewed_key(self, model: CoreMLModel) -> EngineKey | None:
        """Return the key of the file that is at the path of *model* now; None if it is the one that was loaded.

        A path without a file has no other model.
        """
        key = replace(model.key, fingerprint=fingerprint(model.key.path))
        return key if key != model.key and model.path.exists() else None

    def renew(self, model: CoreMLModel, key: EngineKey, timing: Timing = UNTIMED) -> None:
        """Let *model* be the one of *key*, which is another file at the same path. Raises as `load` does."""
        with self.shared.one_thread():
            lease = self.engines.lease(key, timing)
            self.engines.release(model.key)
            self._loaded.pop(model.key, None)
            model.bind(lease)
            self._loaded.setdefault(key, model)
            self._note_loaded(model)

    def _note_loaded(self, model: CoreMLModel) -> None:
        lease = model.lease
        if self.runtime is None:
            self.runtime = lease.engine.facts
            self.devices = lease.ask(ListDevices())
        self._announce_cache_problem(lease.loaded.cache_problem)
        self.specs[model.sha256] = model.spec
        self._seen[model.key.path, model.key.fingerprint] = (model.spec, model.runtime)

    def _announce_cache_problem(self, problem: str | None) -> None:
        """Announce why compiled models are not kept, each reason once."""
        if problem is not None and problem not in self._cache_problems:
            self._cache_problems.add(problem)
            self._listeners.announced(problem)

    def seen(self, key: EngineKey) -> tuple[ModelSpec, Runtime] | None:
        """Return what an earlier load of the file of *key* found in this run, None if there was none."""
        return self._seen.get((key.path, key.fingerprint))

    def describe(self, path: Path, lease: Lease) -> ModelSpec:
        """Return the description of the model at *path*, read by the engine of *lease*, which loads nothing."""
        key = (str(path), fingerprint(str(path)))
        if key not in self._described:
            self._described[key] = lease.engine.ask(Describe(str(path)))
        return self._described[key]

    def describe_source(self, source: Any, folder: Path, function: str | None = None) -> ModelSpec:
        """Return the description of the model of *source*, which is not loaded; *function*: None for the default one.

        Raises `ModelError` if it cannot be found or read.
        """
        path = str(self.sources.resolve(source, folder))
        key = (path, f"{fingerprint(path)} {function or ''}")
        if key not in self._described:
            if self._describer is None:
                self._describer = self.make_engine()
            self._describer.subject = Path(path).name
            self._described[key] = self._describer.ask(Describe(path, function))
        spec = self.specs[self._described[key].sha256] = self._described[key]
        return spec

    @property
    def expected_runtime(self) -> Runtime:
        """The runtime of the engines; until one has started, the one that options and system name."""
        if self.runtime is not None:
            return self.runtime.runtime
        if self._options.runtime == "auto":
            return "coreml" if sys.platform == "darwin" else "reference"
        return "coreml" if self._options.runtime == "coreml" else "reference"

    def release(self, keep: Callable[[EngineKey], bool] = lambda _: False) -> None:
        """Close the engines of models that *keep* does not want any more."""
        for key in [key for key in self._loaded if not keep(key)]:
            self.engines.release(key)
            del self._loaded[key]

    def close(self) -> None:
        """Close all engines, and remove the models that were built."""
        if self._describer is not None:
            self._describer.close()
            self._describer = None
        self.engines.close()
        self.plans.close()
        self.sources.close()
        self.variants.close()

    def make_engine(self, environment: Mapping[str, str] = MappingProxyType({})) -> Engine:
        """Return a new engine, with further variables in its environment."""
        return self._engine(environment, self._listeners.recorded)

    def make_unrecorded_engine(self) -> Engine:
        """Return a new engine of which a timeline has nothing."""
        return self._engine(MappingProxyType({}), None)

    def _make_converting_engine(self) -> Engine:
        """Return a new engine in which code of the user's can convert models."""
        return self._engine(MappingProxyType({}), self._listeners.recorded, "--converters")

    def _engine(
        self, environment: Mapping[str, str], recorded: Callable[[Recording], None] | None, *more: str
    ) -> Engine:
        options = self._options
        words = [f"--precision={options.precision}", f"--threads={options.threads or 1}", f"--api={options.api}"]
        if options.insists_on_api:
            words.append("--insist-on-api")
        words += [*self._cache_words(), *more]
        engine = Engine(options.runtime, options.timeout, tuple(words), environment, recorded)
        engine.load_timeout = options.load_timeout or max_load_seconds(identity())
        return engine

    def _cache_words(self) -> tuple[str, ...]:
        machine = identity()
        # What is compiled for an unknown system cannot be told from what is compiled for this one.
        if self._options.cache == "off" or not machine.is_mac or machine.system.build is None:
            return ()
        return f"--keep-compiled-for={machine.system.build}", f"--cache-bytes={self._options.cache_size * 1e9}"

    def _model(self, lease: Lease) -> CoreMLModel:
        model = self._loaded.get(lease.key)
        if model is None or not model.holds(lease):
            model = CoreMLModel(lease, self.plans, self._options.calls, self._listeners, lambda: self.observations)
            self._loaded[lease.key] = model
        return model
