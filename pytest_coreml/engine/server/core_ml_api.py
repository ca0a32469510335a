"""The interface that an engine needs of a way to call Core ML: coremltools, or PyObjC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from pytest_coreml.engine.protocol import Inputs, Load, LoadAgain, ProfileOperations
    from pytest_coreml.engine.server.messages import Subject

    # Arrays for outputs, by name.
    Arrays = Mapping[str, NDArray[Any]]


class PreparedCall(Protocol):
    """A prediction whose inputs are ready for the framework; it can be repeated, one at a time."""

    def __call__(self, state: Any) -> tuple[float, float]:
        """Predict with *state*, None for a model without states; return native and wall time in ms.

        Raises `ModelError` when the framework fails.
        """

    def outputs(self) -> Inputs:
        """Return the outputs of the last prediction, a list of them for a batch.

        An output that the framework wrote into its array is that very array.
        """


class Model(Protocol):
    """A loaded model. *keeps_half*: it takes half precision as such, whatever is predicted."""

    keeps_half: bool
    subject: Subject

    @property
    def load_ms(self) -> float:
        """The native time of the load, in ms."""

    @property
    def is_direct(self) -> bool:
        """True if predictions can have arrays for outputs, and run at the same time."""

    def prepare(self, inputs: Inputs, arrays: Arrays | None = None, *, in_flight: bool = False) -> PreparedCall:
        """Return the prediction with *inputs*.

        *arrays*: for outputs; not None selects the direct way, with arrays of the declared types in and out.
        *in_flight*: whether other predictions run at the same time.
        """

    def make_state(self) -> Any:
        """Make a fresh state. Raises `ModelError` where the framework cannot, as before macOS 15."""


class Api(Protocol):
    """A way to compile and load models. Its methods raise `ModelError`."""

    def compile_model(self, path: str, target: Path) -> None:
        """Compile the model at *path* to *target*, whose folder exists."""

    def from_path(self, request: Load | LoadAgain | ProfileOperations, subject: Subject) -> Callable[[], Model]:
        """Return the load of the compiled model of *subject*."""

    def from_memory(self, request: Load, subject: Subject) -> Callable[[], Model]:
        """Return the load from the bytes of the model."""
