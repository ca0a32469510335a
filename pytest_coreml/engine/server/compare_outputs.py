"""Predict on many inputs, compare the outputs with those of references, and see whether they are sound."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.engine.input_sequences import equal_features
from pytest_coreml.engine.output_files import as_array, image_peak
from pytest_coreml.engine.protocol import OutputsCompared
from pytest_coreml.errors import CoreMLTestError, ModelError
from pytest_coreml.facts.agreement import NonFinite, OutputHealth
from pytest_coreml.verdict.output_measures import worst_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.output_files import OutputArray, OutputFiles
    from pytest_coreml.engine.protocol import CompareOutputs, Features
    from pytest_coreml.facts.agreement import Comparing
    from pytest_coreml.facts.model_spec import Feature, ModelSpec
    from pytest_coreml.verdict.output_measures import Array, InputMeasures

    # Begins a sequence from a fresh state; the result predicts on one input.
    Begin = Callable[[], Callable[[Features], Features]]
    # Takes the inputs done and the inputs planned.
    Report = Callable[[int, int], None]

# Trees and the like give the same answer for many inputs, by design.
_CONTINUOUS: Final = ("mlProgram", "neuralNetwork", "neuralNetworkClassifier", "neuralNetworkRegressor")
# A seed that no example of a marker has.
_OTHER_SEED: Final = 1 << 31


def compare_outputs(request: CompareOutputs, spec: ModelSpec, begin: Begin, report: Report) -> OutputsCompared:
    """Predict on all inputs of *request*, and compare and judge the outputs as they come."""
    wanted = [output for output in spec.outputs if request.outputs is None or output.name in request.outputs]
    comparison = _Comparison(request, wanted, spec.file_name)
    number, total = 0, request.inputs.count
    for sequence in request.inputs.sequences(spec):
        predict = begin()
        for features in sequence:
            comparison.add(number, features, predict(dict(features)), first=number == 0)
            number += 1
            report(number, total)
        comparison.end_sequence()
    if request.health:
        comparison.repeat(begin)
        if comparison.different == 1:
            comparison.vary(example_inputs(spec.inputs, _OTHER_SEED), begin)
    health = comparison.health(spec) if request.health else ()
    return OutputsCompared(number, comparison.agreements(), health)


class _Comparison:
    def __init__(self, request: CompareOutputs, outputs: list[Feature], model: str) -> None:
        self._request = request
        self._outputs = outputs
        self._model = model
        self._found: dict[tuple[int, str], list[InputMeasures]] = defaultdict(list)
        self._bad: dict[str, tuple[int, NonFinite]] = {}
        self._first_inputs: Features = {}
        self._first: dict[str, OutputArray] = {}
        # The first sequence, and the outputs at its end.
        self._sequence: list[Features] | None = []
        self._inputs: list[Features] = []
        self._end: dict[str, OutputArray] = {}
        self._varying: set[str] = set()
        self._repeated: dict[str, float] = {}
        self.different = 1

    def add(self, number: int, features: Features, outputs: Features, first: bool) -> None:
        """Add the *outputs* of the input *number*."""
        arrays = self._arrays(outputs)
        if self._request.keep is not None:
            self._request.keep.write(number, arrays)
        for index, reference in enumerate(self._request.references):
            self._compare(index, reference, number, arrays)
        if not self._request.health:
            return
        for name, output in arrays.items():
            self._note_bad(number, name, output)
        if first:
            self._first_inputs, self._first = features, arrays
        else:
            self._note_variation(features, arrays)
        if self._sequence is not None:
            self._sequence.append(features)
            self._end = arrays

    def end_sequence(self) -> None:
        """Keep the first sequence, to be repeated."""
        if self._sequence is not None:
            self._inputs, self._sequence = self._sequence, None

    def repeat(self, begin: Begin) -> None:
        """Predict on the first sequence again, and compare the outputs at its end."""
        predict = begin()
        outputs: Features = {}
        for features in self._inputs:
            outputs = predict(dict(features))
        again = self._arrays(outputs)
        self._repeated = {name: _difference(self._end[name], again[name]) for name in again}

    def vary(self, features: Features, begin: Begin) -> None:
        """Predict on one more input if it is another one, only to see whether the outputs vary."""
        try:
            self._note_variation(features, self._arrays(begin()(dict(features))))
        except CoreMLTestError:
            # Such as a model that takes only some shapes or indices: nothing is known about its variation.
            self.different = 1

    def agreements(self) -> tuple[tuple[Any, ...], ...]:
        """Return the agreement of each output with each reference."""
        return tuple(
            tuple(worst_of(output.name, self._found[index, output.name]) for output in self._outputs)
            for index in range(len(self._request.references))
        )

    def health(self, spec: ModelSpec) -> tuple[OutputHealth, ...]:
        """Return the health of each output."""
        return tuple(self._health(output, spec.type) for output in self._outputs)

    def _health(self, output: Feature, model_type: str) -> OutputHealth:
        count, first = self._bad.get(output.name, (0, None))
        judged = self.different > 1 and _is_continuous(output, model_type) and self._first[output.name].array.size > 0
        varies = output.name in self._varying if judged else None
        return OutputHealth(output.name, self.different, count, first, varies, self._repeated.get(output.name))

    def _arrays(self, outputs: Features) -> dict[str, OutputArray]:
        missing = [output.name for output in self._outputs if output.name not in outputs]
        if missing:
            raise ModelError(f"{self._model} returned no output {', '.join(map(repr, missing))}")
        return {output.name: as_array(outputs[output.name]) for output in self._outputs}

    def _compare(self, index: int, reference: OutputFiles, number: int, arrays: dict[str, OutputArray]) -> None:
        for name, output in arrays.items():
            comparing = self._comparing(output)
            self._found[index, name].append(reference.compare(number, name, output, comparing))

    def _comparing(self, output: OutputArray) -> Comparing:
        rows = self._request.comparing.rows if output.kind in ("numbers", "dictionary") else frozenset()
        return replace(self._request.comparing, rows=rows, peak=image_peak(output))

    def _note_bad(self, number: int, name: str, output: OutputArray) -> None:
        if output.kind == "text" or output.array.dtype.kind != "f":
            return
        bad = ~np.isfinite(output.array)
        if not bad.any():
            return
        count, first = self._bad.get(name, (0, None))
        if first is None:
            index = tuple(map(int, np.unravel_index(int(np.argmax(bad)), bad.shape))) if bad.ndim else ()
            first = NonFinite(number, index, str(float(output.array[index])))
        self._bad[name] = count + int(np.count_nonzero(bad)), first

    def _note_variation(self, features: Features, arrays: dict[str, OutputArray]) -> None:
        if equal_features(self._first_inputs, features):
            return
        self.different += 1
        for name, output in arrays.items():
            if name not in self._varying and not _is_equal(self._first[name], output):
                self._varying.add(name)


def _is_continuous(output: Feature, model_type: str) -> bool:
    """Return True if different inputs should give different values of *output*: not for labels, indices and trees."""
    if model_type not in _CONTINUOUS:
        return False
    return output.kind in ("image", "dictionary") or str(output.dtype).startswith("float")


def _is_equal(output: OutputArray, other: OutputArray) -> bool:
    """Return True if both are the same in each element, where not-a-number equals itself."""
    if output.keys != other.keys or output.array.shape != other.array.shape:
        return False
    return bool(_equal_elements(output.array, other.array).all())


def _equal_elements(one: Array, two: Array) -> Array:
    equal: Array = one == two
    # Few outputs have values that are not a number, and this takes three times as long.
    return equal if equal.all() else equal | ((one != one) & (two != two))  # noqa: PLR0124


def _difference(output: OutputArray, other: OutputArray) -> float:
    """Return the greatest difference of two elements; infinite where outputs cannot be subtracted and are not equal."""
    one, two = output.array, other.array
    if _is_equal(output, other):
        return 0.0
    if one.shape != two.shape or output.keys != other.keys or output.kind == "text":
        return math.inf
    equal = _equal_elements(one, two)
    with np.errstate(invalid="ignore"):
        greatest = float(np.abs(one[~equal].astype(np.float64) - two[~equal].astype(np.float64)).max())
    return greatest if math.isfinite(greatest) else math.inf
