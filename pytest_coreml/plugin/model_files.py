"""Model files as tests: `pytest Encoder.mlpackage`, and `pytest Package.swift` for all models of a Swift package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES, SWIFT_MANIFEST
from pytest_coreml.plugin.activate import activate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.model import CoreMLModel


# Inputs for which the health of the outputs is checked.
_EXAMPLES: Final = 3


def check_named(config: pytest.Config) -> None:
    """Raise pytest's usage error for model files on the command line that are missing, with those they may mean.

    A missing file that is like no other is left to pytest, which says the same without a suggestion.
    """
    from pytest_coreml.session.near_models import near_path

    folder = config.invocation_params.dir
    words = [word.partition("::")[0] for word in config.args]
    missing = [word for word in words if word.endswith(MODEL_SUFFIXES) and not Path(folder, word).exists()]
    hints = {word: near_path(word, folder) for word in missing}
    if any(hints.values()):
        raise pytest.UsageError(*(f"file or directory not found: {word}{hint}" for word, hint in hints.items()))


def collector_for(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return the collector of the model at *path*, or of the models of a Swift package whose manifest it is.

    Returns None when the user did not name it on the command line: other models are not tests.
    """
    config = parent.config
    words = [Path(config.invocation_params.dir, word.split("::", maxsplit=1)[0]) for word in config.args]
    if path.resolve() not in [word.resolve() for word in words]:
        return None
    if path.name == SWIFT_MANIFEST and path.is_file():
        return SwiftModule.from_parent(parent, path=path)
    return ModelModule.from_parent(parent, path=path)


def check_model(coreml_model: CoreMLModel) -> None:
    """Predict with example inputs, and measure: the test that a model file stands for.

    Its markers check the health of the outputs.
    """
    coreml_model.predict(coreml_model.example_inputs())
    coreml_model.measure_like_last(None)


class ModelModule(pytest.Module):
    """A `.mlmodel` file, `.mlpackage` or `.mlmodelc` folder, in the place of a module of tests."""

    # Nothing is imported.
    obj = None

    def collect(self) -> Iterator[ModelItem]:
        """Yield one test for each of the compute units that the options name."""
        options = activate(self.config).options
        for source, word in _variants(self.path, options.variants):
            for units in options.compute_units:
                name = f"{units}[{word}]" if word else units
                yield _make_item(self, name, source, _title(self.path.name, word), units)


class SwiftModule(pytest.Module):
    """The `Package.swift` of a Swift package, in the place of a module of tests."""

    # Nothing is imported.
    obj = None

    def collect(self) -> Iterator[ModelItem]:
        """Yield one test for each model and each of the compute units; warn of models that an app will not get."""
        from pytest_coreml.session.swift.packaged_models import read_package

        try:
            package = read_package(self.path)
        except OSError as error:
            raise self.CollectError(str(error)) from error
        for text in package.warnings:
            self.warn(pytest.PytestCollectionWarning(f"{self.path.name}: {text}"))
        options = activate(self.config).options
        for model in package.models:
            for source, word in _variants(model.path, options.variants):
                for units in options.compute_units:
                    name = f"{model.label}[{word}-{units}]" if word else f"{model.label}[{units}]"
                    yield _make_item(self, name, source, _title(model.label, word), units)


def _variants(path: Path, presets: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """Yield the sources of the model at *path*, each with its variant or function, empty if it has none."""
    if not presets:
        yield from _functions(path)
        return
    from pytest_coreml.session.declaration import Variant
    from pytest_coreml.session.sources import with_variants

    yield from ((source, source.name) for source in with_variants(path, map(Variant, presets)))


def _functions(path: Path) -> Iterator[tuple[Any, str]]:
    from pytest_coreml.session.model_functions import several_functions
    from pytest_coreml.session.sources import FunctionSource

    names = several_functions(path)
    yield from ((FunctionSource(path, name), name) for name in names) if names else [(path, "")]


def _title(label: str, variant: str) -> str:
    return f"{label} ({variant})" if variant else label


def _make_item(parent: pytest.Module, name: str, source: Any, title: str, units: ComputeUnits) -> ModelItem:
    item = ModelItem.from_parent(parent, name=name, callobj=check_model)
    item.title = f"{title} on {units}"
    # Called as a function, the mark would take a callable for what it marks.
    item.add_marker(pytest.mark.coreml_model(source))
    item.add_marker(pytest.mark.coreml_compute_units(units))
    # An output may be constant by design; the author, who could say so, has written no marker.
    item.add_marker(pytest.mark.coreml_agreement(inputs=_EXAMPLES, varying="any"))
    return item


class ModelItem(pytest.Function):
    """`check_model` for one configuration, under the name of its model."""

    title: str

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Return the text of our own errors as it is."""
        if isinstance(excinfo.value, CoreMLTestError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the model and the compute units."""
        # pytest needs a line of a test that a fixture skips.
        return self.path, 0, self.title
