"""The interface of a loaded model, whatever its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions

# Outputs by name, and the time that the model itself took, in ns.
Prediction: TypeAlias = "tuple[dict[str, Any], int]"


class Model(Protocol):
    """A loaded model that can predict."""

    @property
    def states(self) -> tuple[StatePort, ...]:
        """The states, in the order of the model."""

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once, with the conventions of Apple's binding for values."""


# Loads a `Model` message as the function of a name; the empty name is the default function.
Loader: TypeAlias = "Callable[[Package, Any, str, RuntimeOptions], Model]"
