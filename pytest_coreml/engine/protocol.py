"""The messages between the pytest process and an engine.

A request is a frozen dataclass and knows the type of its answer. The engine answers each with any number of `Progress`
and then one `Done` or `Failed`. Both ends are the same installed package, so objects travel as pickles, over a separate
socket: stdout and stderr of the engine are not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.measurement import LoadTimes, Measurement, Pairs
from pytest_coreml.facts.model_spec import ModelSpec
from pytest_coreml.facts.placement import Placement
from pytest_coreml.facts.runtime import DeviceFacts, RuntimeFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.engine.input_sequences import InputSequences
    from pytest_coreml.engine.output_files import OutputFiles
    from pytest_coreml.facts.agreement import OutputAgreement, OutputHealth
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.io import IO
    from pytest_coreml.facts.observed import Observation  # noqa: F401  (a base class names it in a string)
    from pytest_coreml.facts.runtime import ApiName, Runtime
    from pytest_coreml.facts.timeline import Event, Recording
    from pytest_coreml.facts.uniform_output import UniformOutput

T = TypeVar("T")
# Names of inputs or outputs to values by coremltools' conventions: numpy arrays, PIL images, numbers, strings, dicts.
Features = dict[str, Any]
# Inputs of one prediction, or a list of them for one call of the framework's batch API.
Inputs = Features | list[Features]


class Request(Generic[T]):
    """A request whose answer has the type T. *doing* names the step in messages: "while loading X on all".

    *measured*: whether its times are reported, so that no other process of the host may measure at the same time.
    *min_timeout*: seconds that it may take in any case, however short the time limit for a response is.
    *loads*: whether the framework loads a model, for which a machine may have a separate time limit.
    """

    doing = "working on"
    measured = False
    min_timeout = 0.0
    loads = False


@dataclass(frozen=True)
class Hello(Request[RuntimeFacts]):
    """Import coremltools over the chosen native module, and describe the runtime."""

    doing = "starting an engine for"
    # Its imports take many seconds on a busy machine, whatever the model.
    min_timeout = 30.0


@dataclass(frozen=True)
class ListDevices(Request[tuple[DeviceFacts, ...] | None]):
    """List the compute devices; None where the runtime does not report them.

    Send it after loading: listing initializes parts of the system that count as part of a first load.
    """

    doing = "listing the devices for"


@dataclass(frozen=True)
class Describe(Request[ModelSpec]):
    """Read the specification of a model file, as one of its functions sees it, without loading it."""

    path: str
    function: str | None = None
    doing = "reading"


@dataclass(frozen=True)
class Loaded:
    """A loaded model: its description, its load times, the runtime, the path of its compiled form, and the API.

    *cache_problem*: why the compiled form is not kept for later runs; None if it is, or was not to be kept.
    """

    spec: ModelSpec
    times: LoadTimes
    runtime: Runtime
    compiled: str
    cache_problem: str | None = None
    api: ApiName = "coremltools"


@dataclass(frozen=True)
class Load(Request[Loaded]):
    """Compile and load a model, and measure both. The engine holds one model at a time.

    *first_load*: whether to compile the model and to load it for the first time where the engine could load what an
    earlier run has compiled.
    """

    path: str
    compute_units: ComputeUnits
    options: LoadOptions = field(default_factory=LoadOptions)
    measured: bool = False
    first_load: bool = False
    doing = "loading"
    loads = True


@dataclass(frozen=True)
class LoadAgain(Request[float]):
    """Load *compiled*, which was made from *path* and loaded before, and release it; answers the native time in ms."""

    path: str
    compiled: str
    compute_units: ComputeUnits
    options: LoadOptions
    doing = "loading"
    loads = True
    measured = True


@dataclass(frozen=True)
class Backing:
    """Element type and shape of an array that an output is written into."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Prediction:
    """The outputs of one call, a list of them for a batch, and its times in ms.

    *wait_ms*: how long threads of the engine waited for a CPU during it; None if it was not read, or the
    system does not report it. *uniform*: the outputs whose elements are all equal.
    """

    outputs: Inputs
    native_ms: float
    wall_ms: float
    io: IO | None = None
    wait_ms: float | None = None
    uniform: tuple[UniformOutput, ...] = ()


@dataclass(frozen=True)
class Predict(Request[Prediction]):
    """Predict once, or a batch. *state*: the answer of `MakeState`, or None for a fresh state.

    *backings*: outputs for which the framework is given an array. *reads_waiting*: whether to read
    `Prediction.wait_ms`.
    """

    inputs: Inputs
    state: int | None = None
    measured: bool = False
    backings: Mapping[str, Backing] = field(default_factory=dict)
    reads_waiting: bool = False
    doing = "predicting with"


@dataclass(frozen=True)
class MakeState(Request[int]):
    """Make a fresh state; the engine keeps it and answers its number."""

    doing = "making a state of"


@dataclass(frozen=True)
class ReadState(Request[Any]):
    """Read one tensor of a state as a numpy array."""

    state: int
    name: str
    doing = "reading a state of"


@dataclass(frozen=True)
class WriteState(Request[None]):
    """Write one tensor of a state."""

    state: int
    name: str
    value: Any
    doing = "writing a state of"


@dataclass(frozen=True)
class DropState(Request[None]):
    """Release a state."""

    state: int
    doing = "dropping a state of"


@dataclass(frozen=True)
class Measure(Request[Measurement]):
    """Warm up, then measure *calls* predictions, or predictions for *seconds* if that is not None. Stateful models get
    a fresh state, and another one after *sequence* calls, if that is not None, or when a call fails.

    *inputs*: those of each call; None: example inputs, a batch of *batch* sets of them if that is not None.
    *backings*: outputs for which the framework is given an array. *in_flight*: predictions that run at the same time,
    each with a separate state and separate arrays.
    """

    inputs: Inputs | None
    calls: int
    batch: int | None = None
    sequence: int | None = None
    backings: Mapping[str, Backing] = field(default_factory=dict)
    in_flight: int = 1
    seconds: float | None = None
    doing = "measuring"
    measured = True


@dataclass(frozen=True)
class OperationTimes:
    """The times of the operations in one prediction, the median one of *calls*.

    *start_ns*, *duration_ns*: of the call; *native_ms*: its native time, with the profiler.
    """

    start_ns: int
    duration_ns: int
    native_ms: float
    calls: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ProfileOperations(Request[OperationTimes]):
    """Load *compiled*, which was made from *path*, on the reference runtime, and time its operations.

    *measure*: the inputs. The engine holds no model: profiling slows it down.
    """

    path: str
    compiled: str
    compute_units: ComputeUnits
    options: LoadOptions
    spec: ModelSpec
    measure: Measure
    doing = "timing the operations of"
    measured = True


@dataclass(frozen=True)
class MeasurePairs(Request[Pairs]):
    """Load the model at *other* beside the loaded one, and measure both interleaved, *pairs* times."""

    other: str
    compute_units: ComputeUnits
    options: LoadOptions
    inputs: Inputs | None
    pairs: int
    batch: int | None = None
    sequence: int | None = None
    doing = "measuring interleaved"
    measured = True


@dataclass(frozen=True)
class OutputsCompared:
    """The agreement of outputs with each reference, and their health."""

    inputs: int
    agreements: tuple[tuple[OutputAgreement, ...], ...]
    health: tuple[OutputHealth, ...]


@dataclass(frozen=True)
class CompareOutputs(Request[OutputsCompared]):
    """Predict on all *inputs*, and compare the *outputs*, None for all, with the files of *references*.

    *keep*: files to write them to. *health*: whether to repeat a prediction, and to look for variation and values that
    are not finite. Tensors stay in the engine: they are compared there, or written once.
    """

    inputs: InputSequences
    outputs: tuple[str, ...] | None = None
    references: tuple[OutputFiles, ...] = ()
    keep: OutputFiles | None = None
    comparing: Comparing = field(default_factory=Comparing)
    health: bool = True
    doing = "comparing the outputs of"


@dataclass(frozen=True)
class Observe(Request["Observation"]):
    """Load the model of *load*, which was loaded before, and read counters of the system beside predictions.

    The engine has loaded nothing yet. *like*: the measurement whose inputs the predictions have. *private*: whether to
    read counters without a public interface, too, which may end the process.
    """

    load: LoadAgain
    like: Measure
    private: bool = True
    doing = "observing"
    measured = True


@dataclass(frozen=True)
class ReadPlan(Request[Placement]):
    """Read the planned placement of *function* of the compiled model at *path*; coremltools plans its default one.

    No model needs to be loaded; an engine that a plan may crash should hold none. *options*: those of the load, which
    PyObjC passes to Core ML.
    """

    path: str
    compute_units: ComputeUnits
    function: str
    options: LoadOptions = field(default_factory=LoadOptions)
    doing = "reading the plan of"


@dataclass(frozen=True)
class SaveTinyModel(Request[None]):
    """Save a model of one operation, to check that models can be executed here."""

    path: str
    doing = "saving"


@dataclass(frozen=True)
class BuildVariant(Request[None]):
    """Build the variant *name* of the model at *path*, and save it at *destination*. The engine holds no model."""

    path: str
    name: str
    destination: str
    doing = "building a variant of"


@dataclass(frozen=True)
class BuildByCallable(Request["str | None"]):
    """Build the variant *name* of the model at *path* with the callable in *build*, and save it at *destination*.

    The engine holds no model. *file*: the name of the callable's file. *search*: the folders in which the modules that
    the callable uses are found. The answer is the path of the variant, or None if one of these modules cannot be
    imported in the engine.
    """

    path: str
    name: str
    destination: str
    build: bytes
    file: str
    search: tuple[str, ...]
    doing = "building a variant of"


@dataclass(frozen=True)
class ReadMemory(Request[float]):
    """Read the peak growth of the engine's resident memory since before it loaded its model, in 10^6 bytes."""

    doing = "reading the memory of"


@dataclass(frozen=True)
class Progress:
    """A heartbeat. *doing* replaces the request's own word where a step has stages."""

    doing: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Done:
    """The answer to a request."""

    value: Any


@dataclass(frozen=True)
class RecordedDone(Done):
    """The answer to a request, and what was recorded of it for a timeline."""

    recording: Recording


@dataclass(frozen=True)
class Failed:
    """A request that failed, in an engine that can go on.

    *kind*: selects the exception that the client raises, and for `memory` its text too.
    """

    kind: Literal["model", "input", "engine", "memory", "variant"]
    message: str = ""
