"""The model types of the format that this runtime executes, each with its loader.

One row a type, by the name of its field in the `Model` message. Pipelines are not here: they load the models inside
them by these rows (`loaded_model.py`). A type without a row is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.classic.classic_model import ClassicModel
from pytest_coreml.reference.classic.kinds import makers
from pytest_coreml.reference.execution.network_model import NetworkModel
from pytest_coreml.reference.execution.program_model import ProgramModel

if TYPE_CHECKING:
    from pytest_coreml.reference.execution.prediction import Loader

LOADERS: Final[dict[str, Loader]] = {
    "mlProgram": ProgramModel,
    **dict.fromkeys(makers(), ClassicModel),
    "neuralNetwork": NetworkModel,
    "neuralNetworkClassifier": NetworkModel,
    "neuralNetworkRegressor": NetworkModel,
}
