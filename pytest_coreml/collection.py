"""Model files as tests: `pytest Encoder.mlpackage`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import CoreMLTestError, UnfitMachineError
from pytest_coreml.presence import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.compute_units import ComputeUnits
    from pytest_coreml.declared import Declared


def collector_for(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Give what collects the model at *path*; None when the user did not name it on the command line: models that
    merely lie around are no tests."""
    config = parent.config
    words = [Path(config.invocation_params.dir, word.split("::", maxsplit=1)[0]) for word in config.args]
    if path.resolve() not in [word.resolve() for word in words]:
        return None
    kind = ModelPackage if path.is_dir() else ModelFile
    return kind.from_parent(parent, path=path)


class _ModelCollector:
    """What a package, which is a folder, and a model file have in common."""

    path: Path
    config: pytest.Config

    def collect(self) -> Iterator[ModelItem]:
        """Make one test for each of the compute units that the options name."""
        for units in state_of(self.config).options.compute_units:
            yield ModelItem.from_parent(self, name=units)  # type: ignore[arg-type]  # one of the two below


class ModelFile(_ModelCollector, pytest.File):
    """A `.mlmodel` file."""


class ModelPackage(_ModelCollector, pytest.Directory):
    """A `.mlpackage` folder."""


class ModelItem(pytest.Item):
    """Loads the model for one compute-units setting, predicts with example inputs, and measures."""

    def declared(self) -> Declared:
        """Give what a test of this model would declare."""
        from pytest_coreml.declared import Declared

        return Declared((self.path,), None, None, (self._units,), (), (), names_model=True)

    def runtest(self) -> None:
        """Load and measure."""
        try:
            model = state_of(self.config).session.load(self.path, self._units)
        except UnfitMachineError as error:
            pytest.skip(str(error))
        model.predict(model.example_inputs())
        model.measure(model.last_inputs)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:  # noqa: ARG002
        """Give our own errors as they are."""
        if isinstance(excinfo.value, CoreMLTestError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the model and the compute units."""
        return self.path, None, f"{self.path.name} on {self.name}"

    @property
    def _units(self) -> ComputeUnits:
        return self.name  # type: ignore[return-value]  # made from compute units in collect
