"""Model files as tests: `pytest Encoder.mlpackage`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.plugin.activate import activate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.session.model import CoreMLModel


def collector_for(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return the collector of the model at *path*.

    Returns None when the user did not name the model on the command line: other models are not tests.
    """
    config = parent.config
    words = [Path(config.invocation_params.dir, word.split("::", maxsplit=1)[0]) for word in config.args]
    if path.resolve() not in [word.resolve() for word in words]:
        return None
    return ModelModule.from_parent(parent, path=path)


def check_model(coreml_model: CoreMLModel) -> None:
    """Predict with example inputs, and measure: the test that a model file stands for."""
    coreml_model.predict(coreml_model.example_inputs())
    coreml_model.measure(coreml_model.last_inputs)


class ModelModule(pytest.Module):
    """A `.mlmodel` file, `.mlpackage` or `.mlmodelc` folder, in the place of a module of tests."""

    # Nothing is imported.
    obj = None

    def collect(self) -> Iterator[ModelItem]:
        """Yield one test for each of the compute units that the options name."""
        for units in activate(self.config).options.compute_units:
            item = ModelItem.from_parent(self, name=units, callobj=check_model)
            item.add_marker(pytest.mark.coreml_model(self.path))
            item.add_marker(pytest.mark.coreml_compute_units(units))
            yield item


class ModelItem(pytest.Function):
    """`check_model` for one configuration, under the name of its model."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Return the text of our own errors as it is."""
        if isinstance(excinfo.value, CoreMLTestError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the model and the compute units."""
        return self.path, None, f"{self.path.name} on {self.name}"
