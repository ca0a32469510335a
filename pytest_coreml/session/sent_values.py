"""Values of a test, as they are sent to an engine and come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import InputError, hidden_for_ours, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from pytest_coreml.engine import protocol

__tracebackhide__ = hidden_for_ours


def batch_of(inputs: protocol.Inputs, size: int | None) -> protocol.Inputs:
    """Return *inputs* as a batch of *size*, unchanged for None; raise `InputError` for a list of another length."""
    if size is None:
        return inputs
    if not isinstance(inputs, list):
        return [inputs] * size
    if len(inputs) != size:
        raise InputError(f"measure(batch={size}): the list has {len(inputs)} sets of inputs; leave out batch=")
    return inputs


def fill_backings(outputs: protocol.Inputs, arrays: Mapping[str, np.ndarray[Any, Any]]) -> protocol.Inputs:
    """Write the outputs of the engine's arrays into the caller's *arrays*, which become the outputs."""
    if isinstance(outputs, list):
        return outputs
    for name, array in arrays.items():
        array[...] = outputs[name]
    return {**outputs, **arrays}


def kept_inputs(inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> protocol.Inputs:
    """Return a copy of *inputs*, converted for sending; raise `InputError` for what is neither a dict nor dicts."""
    if isinstance(inputs, Mapping):
        return _kept(inputs)
    if isinstance(inputs, (list, tuple)) and all(isinstance(each, Mapping) for each in inputs):
        return [_kept(each) for each in inputs]
    raise InputError(f"inputs: expected a dict of input names to values, or a list of such dicts, got {shown(inputs)}")


def _kept(inputs: Mapping[str, Any]) -> dict[str, Any]:
    # Measured again after the test's body, which may have filled its arrays, images or dictionaries with other values.
    values = {name: plain(value, f"input {name!r}") for name, value in inputs.items()}
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in values.items()}


def plain(value: Any, what: str = "value") -> Any:
    """Convert *value* for sending: torch tensors and lists of numbers become numpy arrays.

    Raise `InputError`, naming *what* and its type, for numbers of a type that neither numpy nor Core ML has, such as
    bfloat16: the engine process could not read them.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        try:
            value = value.numpy()
        except TypeError as error:
            raise InputError(f"{what}: Core ML has no type {value.dtype}; convert it: x.float()") from error
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], str):
        import numpy as np

        value = np.asarray(value)
    if getattr(getattr(value, "dtype", None), "kind", None) == "V":
        raise InputError(f"{what}: Core ML has no type {value.dtype}; convert it: x.astype('float32')")
    return value
