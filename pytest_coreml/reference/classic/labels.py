"""The two outputs of a classifier: the most probable label, and the probabilities by label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Labels:
    """The labels of a classifier, and the names of its outputs."""

    def __init__(self, message: Any, description: Any) -> None:
        """Read the class labels of a classifier's message; `BadModelError` when it has none."""
        field = message.WhichOneof("ClassLabels")
        self.names: list[Any] = list(getattr(message, field).vector) if field else []
        if not self.names:
            raise BadModelError("the classifier has no class labels")
        self._outputs = ClassifierOutputs(description)

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.names)

    def results(self, probabilities: NDArray[Any]) -> dict[str, Any]:
        """Return both outputs for the probabilities in the order of the labels."""
        return self.chosen(int(np.argmax(probabilities)), probabilities)

    def chosen(self, index: int, probabilities: NDArray[Any]) -> dict[str, Any]:
        """Return both outputs, where the label is the one at *index* whatever the probabilities."""
        return self._outputs.results(self.names[index], self.names, probabilities)


class ClassifierOutputs:
    """The names of a classifier's outputs: those of the description, else those of the fitting types."""

    def __init__(self, description: Any) -> None:
        """Read a `ModelDescription`."""
        kinds = {feature.name: feature.type.WhichOneof("Type") for feature in description.output}
        self._label = description.predictedFeatureName or _first(kinds, "stringType", "int64Type")
        self._probabilities = description.predictedProbabilitiesName or _first(kinds, "dictionaryType")
        # Some converters give the probabilities as an array instead.
        self._as_array = kinds.get(self._probabilities) == "multiArrayType"

    def results(self, label: Any, labels: list[Any], probabilities: NDArray[Any]) -> dict[str, Any]:
        """Return the label and the probabilities under their names."""
        if self._as_array:
            return {self._label: label, self._probabilities: probabilities}
        return {self._label: label, self._probabilities: dict(zip(labels, map(float, probabilities), strict=True))}


def _first(kinds: dict[str, str], *wanted: str) -> str:
    return next((name for name, kind in kinds.items() if kind in wanted), "")


def regression_output(description: Any) -> str:
    """Return the name of a regressor's output."""
    return str(description.predictedFeatureName or description.output[0].name)
