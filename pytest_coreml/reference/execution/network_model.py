"""A neural network, ready to predict: one session for each set of input shapes."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError, ExecutionError
from pytest_coreml.reference.execution.executable import nothing_collected
from pytest_coreml.reference.execution.ort_session import make_session, run
from pytest_coreml.reference.graph import Value
from pytest_coreml.reference.interface.features import Interface, LabelOutput
from pytest_coreml.reference.lowering.ports import LabelPort
from pytest_coreml.reference.lowering.results import ClassLabel, ClassProbabilities
from pytest_coreml.reference.networks.boundary import network_input, network_output
from pytest_coreml.reference.networks.mapping import NetworkMapping
from pytest_coreml.reference.networks.specialize import lower_network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    from pytest_coreml.reference.execution.prediction import Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.interface.features import OutputFeature
    from pytest_coreml.reference.lowering.ports import LoweredFunction, StatePort
    from pytest_coreml.reference.options import RuntimeOptions

    Shapes: TypeAlias = tuple[Shape, ...]

# The price of flexible sizes: a network is lowered again for each new one, and this many are kept.
_MAX_SESSIONS: Final = 8


@dataclass(frozen=True, eq=False)
class _Session:
    """A network that was lowered for one set of shapes."""

    lowered: LoweredFunction
    session: Any


class NetworkModel:
    """A `neuralNetwork`, `neuralNetworkClassifier` or `neuralNetworkRegressor`."""

    states: tuple[StatePort, ...] = ()

    def __init__(self, package: Package, spec: Any, function: str, options: RuntimeOptions) -> None:
        """Lower the network for the shapes that it declares."""
        if function:
            raise BadModelError(f"{package.path}: has no function {function!r}: a neural network has no functions")
        self._network = getattr(spec, spec.WhichOneof("Type"))
        self._options = options
        self._interface = NetworkInterface(spec.description, self._network)
        self._sessions: OrderedDict[Shapes, _Session] = OrderedDict()
        usual = self._interface.usual_shapes()
        if usual is not None:
            self._prepare(usual)

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:  # noqa: ARG002 - networks have none
        """Predict once."""
        arrays = self._interface.read(data)
        shapes = self._interface.blob_shapes(arrays)
        prepared = self._session(shapes)
        lowered = prepared.lowered
        feeds = {
            port.value: arrays[port.name].reshape([size or 0 for size in port.type.shape]) for port in lowered.inputs
        }
        begin = time.perf_counter_ns()
        try:
            results = run(prepared.session, [port.value for port in lowered.outputs], feeds, {})
        except ExecutionError as error:
            raise ExecutionError(f"Error computing NN outputs: {error}") from error
        elapsed = time.perf_counter_ns() - begin
        blobs = {port.name: result for port, result in zip(lowered.outputs, results, strict=True)}
        return self._interface.write(self._interface.by_feature(blobs)), elapsed

    def _prepare(self, shapes: Shapes) -> None:
        """Lower the network for the declared shapes.

        Where others are allowed, the declared ones may be too small for a layer, such as a slice: a prediction with
        them is an error then, and others run.
        """
        try:
            self._session(shapes)
        except BadModelError:
            if not any(feature.is_flexible for feature in self._interface.features):
                raise

    def _session(self, shapes: Shapes) -> _Session:
        """Return the session for these shapes, a new one where there was none."""
        found = self._sessions.get(shapes)
        if found is not None:
            self._sessions.move_to_end(shapes)
            return found
        names = [feature.name for feature in self._interface.features]
        colors = {feature.name: feature.color for feature in self._interface.features}
        with nothing_collected():
            lowered = lower_network(
                self._network, dict(zip(names, shapes, strict=True)), colors, self._interface.blob_names
            )
        made = self._sessions[shapes] = _Session(lowered, make_session(lowered, self._options))
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return made


class NetworkInterface(Interface):
    """The inputs and outputs of a network, and of the label that a classifier makes of its probabilities."""

    def __init__(self, description: Any, network: Any) -> None:
        """Read a description; an error names a feature that no network has."""
        mapping = NetworkMapping(network)
        self.features = [network_input(feature, mapping) for feature in description.input]
        mapping.check_arrays(any(feature.color == 0 for feature in self.features))
        self._inputs = list(self.features)
        # Only ML Programs have several inputs with enumerated shapes (coremltools' guide on flexible inputs).
        self._pairs = None
        self._blobs: dict[str, str] = {}
        self._outputs = [self._output(feature, description, network, mapping) for feature in description.output]

    @property
    def blob_names(self) -> list[str]:
        """The blobs from which the outputs are made, each once."""
        return list(dict.fromkeys(self._blobs.values()))

    def usual_shapes(self) -> Shapes | None:
        """Return the blob shapes of the declared inputs, or None when one declares no shape."""
        usual = [(feature, feature.usual_shape) for feature in self.features]
        return None if any(s is None for _, s in usual) else tuple(f.blob_shape(s) for f, s in usual if s is not None)

    def blob_shapes(self, arrays: Mapping[str, NDArray[Any]]) -> Shapes:
        """Return the blob shapes of the inputs of a prediction."""
        return tuple(feature.blob_shape(arrays[feature.name].shape) for feature in self.features)

    def by_feature(self, blobs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the blob of each output."""
        return {feature: blobs[blob] for feature, blob in self._blobs.items()}

    def _output(self, feature: Any, description: Any, network: Any, mapping: NetworkMapping) -> OutputFeature:
        is_classifier = network.DESCRIPTOR.name == "NeuralNetworkClassifier"
        wanted = (description.predictedFeatureName, description.predictedProbabilitiesName)
        if not is_classifier or feature.name not in wanted:
            self._blobs[feature.name] = feature.name
            return network_output(feature, mapping)
        blob = self._blobs[feature.name] = _probabilities(description, network)
        make = ClassLabel if feature.name == wanted[0] else ClassProbabilities
        return LabelOutput(feature, LabelPort(feature.name, blob, make(Value(blob), _labels(network))))


def _labels(network: Any) -> tuple[str | int, ...]:
    kind = network.WhichOneof("ClassLabels")
    if kind is None:
        raise BadModelError("the classifier has no class labels")
    return tuple(getattr(network, kind).vector)


def _probabilities(description: Any, network: Any) -> str:
    """Return the blob of the probabilities: the one that is named, one named like the output, or the last one."""
    if network.labelProbabilityLayerName:
        return str(network.labelProbabilityLayerName)
    made = [name for layer in network.layers for name in layer.output]
    if not made:
        raise BadModelError("the classifier has no layers")
    name = description.predictedProbabilitiesName
    return str(name if name in made else made[-1])
