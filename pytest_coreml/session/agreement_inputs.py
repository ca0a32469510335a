"""The inputs that a `coreml_agreement` marker names, and the outputs of its references that are not models."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.engine.output_files import as_array
from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.session.array_files import has_features, read_arrays, read_features
from pytest_coreml.session.callable_name import callable_name
from pytest_coreml.session.sent_values import plain

if TYPE_CHECKING:
    from pytest_coreml.engine.output_files import OutputArray, OutputFiles
    from pytest_coreml.facts.model_spec import Feature, ModelSpec

__tracebackhide__ = hidden_for_ours

Features = dict[str, Any]
# Examples where neither the marker nor the test names inputs.
DEFAULT_EXAMPLES: Final = 5


def read_inputs(declared: Any, spec: ModelSpec, folders: list[Path]) -> InputSequences:
    """Return the inputs of the `inputs=` argument: a number, the path of an `.npz` in one of *folders*, or a callable.

    Raises `InputError` for none at all, for what the callable raises, and for values that are not inputs.
    """
    if isinstance(declared, int):
        return InputSequences(examples=declared)
    if callable(declared):
        name = callable_name(declared, "inputs")
        return as_sequences(_called(f"inputs={name}", declared), spec, name)
    path = find_file(declared, folders)
    return as_sequences(read_features(read_arrays(path), spec.inputs, path.name), spec, path.name)


def as_sequences(values: Any, spec: ModelSpec, source: str) -> InputSequences:
    """Return *values*, a mapping or mappings, as sequences; those of a stateful model are one, or lists of them."""
    if isinstance(values, Mapping):
        values = [values]
    expected = "a dict of inputs, or a list of such"
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise InputError(f"{source} returned {type(values).__name__}, expected {expected}")
    items = list(values)
    if not items:
        raise InputError(f"{source} returned no inputs, expected at least one")
    if spec.states and all(isinstance(item, (list, tuple)) for item in items):
        sequences = [list(item) for item in items]
    else:
        sequences = [items] if spec.states else [[item] for item in items]
    wrong = [features for sequence in sequences for features in sequence if not isinstance(features, Mapping)]
    if wrong or not all(sequences):
        got = f"a list with {type(wrong[0]).__name__}" if wrong else "an empty list"
        raise InputError(f"{source} returned {got}, expected {expected}")
    return InputSequences(given=tuple(tuple(_plain(features) for features in sequence) for sequence in sequences))


def stored_inputs(arrays: Mapping[str, Any], spec: ModelSpec, source: str) -> InputSequences | None:
    """Return the inputs that are stored beside outputs; None if there are none."""
    if not has_features(arrays, spec.inputs):
        return None
    return as_sequences(read_features(arrays, spec.inputs, source), spec, source)


def count_stored(arrays: Mapping[str, Any], outputs: list[Feature], source: str) -> int:
    """Return the number of inputs that the outputs in *arrays* are for."""
    return len(read_features(arrays, outputs, source))


def write_stored(arrays: Mapping[str, Any], outputs: list[Feature], inputs: InputSequences, files: OutputFiles) -> None:
    """Write stored outputs to *files*; raise `InputError` if they are not for these *inputs*."""
    for number, values in enumerate(read_features(arrays, outputs, files.source, inputs.count)):
        files.write(number, _arrays(values, outputs, files.source))


def write_called(
    reference: Callable[[Features], Any],
    outputs: list[Feature],
    spec: ModelSpec,
    inputs: InputSequences,
    files: OutputFiles,
) -> None:
    """Call *reference* with each of *inputs*, and write the outputs that it returns to *files*.

    Raises `InputError` for what it raises, and for results that are not outputs.
    """
    call = _for_module(reference, spec)
    number = 0
    for sequence in inputs.sequences(spec):
        for features in sequence:
            result = _called(f"{files.source}, for input {number},", partial(call, dict(features)))
            files.write(number, _arrays(_named(result, outputs, files.source), outputs, files.source))
            number += 1


def find_file(path: str | Path, folders: list[Path]) -> Path:
    """Return the file at *path*, relative to the first of *folders* that has it; raise `InputError` if none does."""
    places = [folder / Path(path).expanduser() for folder in folders]
    for place in places:
        if place.is_file():
            return place
    raise InputError(f"{path}: no such file: there is neither {' nor '.join(map(str, dict.fromkeys(places)))}")


def _plain(features: Mapping[str, Any]) -> Features:
    return {str(name): plain(value) for name, value in features.items()}


def _called(what: str, function: Callable[[], Any]) -> Any:
    """Call *function*, and exhaust it if it is a generator; an exception becomes an `InputError` with its place."""
    try:
        result = function()
        return list(result) if isinstance(result, Iterator) else result
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        raise InputError(f"{what} raised {type(error).__name__}: {error} ({where})") from error


def _named(result: Any, outputs: list[Feature], source: str) -> Features:
    names = [output.name for output in outputs]
    if isinstance(result, Mapping):
        missing = [name for name in names if name not in result]
        if missing:
            came = ", ".join(map(repr, result)) or "none"
            raise InputError(f"{source} returned the outputs {came}, expected {', '.join(map(repr, names))}")
        return _plain({name: result[name] for name in names})
    if len(names) != 1 or isinstance(result, (list, tuple)) or result is None:
        raise InputError(
            f"{source} returned {type(result).__name__}, expected a dict with {', '.join(map(repr, names))}"
            + (", or its value" if len(names) == 1 else "")
        )
    return {names[0]: plain(result)}


def _arrays(values: Features, outputs: list[Feature], source: str) -> dict[str, OutputArray]:
    return {output.name: _array(values[output.name], output, source) for output in outputs}


def _array(value: Any, output: Feature, source: str) -> OutputArray:
    try:
        return as_array(value)
    except (TypeError, ValueError) as error:
        expected = output.describe()
        raise InputError(f"{source} gives {error} for output {output.name!r}, expected {expected}") from None


def _for_module(reference: Callable[[Features], Any], spec: ModelSpec) -> Callable[[Features], Any]:
    """Return *reference*, or for a module of torch a function that calls it with the inputs in their order."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(reference, torch.nn.Module):
        return reference

    def call(features: Features) -> Any:
        tensors = [torch.as_tensor(features[each.name]) for each in spec.inputs if each.name in features]
        with torch.no_grad():
            return reference(*tensors)

    return call
