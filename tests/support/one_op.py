"""Builds a model of one operation with coremltools' own builder, and runs it through the reference runtime."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
import reference_runtime  # noqa: F401 - skips where there is none
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types

from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import Precision, RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import TensorType

# Each conversion of coremltools collects garbage, which takes ten times as long as the conversion of one operation:
# what is loaded by now is left out of it.
gc.freeze()

_MIL_TYPES = {"float32": types.fp32, "float16": types.fp16, "int32": types.int32}


def run_op(
    body: Callable[..., Any],
    *inputs: Any,
    opset: str = "iOS17",
    precision: Precision = "fast",
    shapes: Sequence[Sequence[Any]] | None = None,
) -> list[NDArray[Any]]:
    """Run `body`, which gets one MIL value for each input and gives one or several; give their numbers.

    Inputs are arrays, float32, float16 (from iOS 16 on), int32; of other types, they enter as int32 and are cast.
    Outputs that a model cannot have (bool, int8) leave as int32. `shapes` are declared instead of the arrays' own,
    for example with `get_new_symbol()` for an unknown dimension.
    """
    arrays = [np.asarray(value) for value in inputs]
    model = build(body, arrays, opset, shapes)
    function = load_program(Path(model.package_path), precision)
    feeds = {
        port.name: _as_entered(array).astype(port.type.dtype.boundary.numpy)
        for port, array in zip(function.lowered.inputs, arrays, strict=True)
    }
    results = function.run(feeds).values()
    return [_as_left(result, port.type) for result, port in zip(results, function.lowered.outputs, strict=True)]


def _as_left(result: NDArray[Any], type_: TensorType) -> NDArray[Any]:
    return result.astype(type_.dtype.compute.numpy)


def load_program(path: Path, precision: Precision = "fast", function: str = "main") -> executable.Executable:
    """Load a package straight into the runtime, below the binding."""
    package = open_package(path)
    program = read_spec(package).mlProgram
    return executable.load(package, program, function, RuntimeOptions(precision=precision))


def build(
    body: Callable[..., Any],
    arrays: Sequence[NDArray[Any]],
    opset: str = "iOS17",
    shapes: Sequence[Sequence[Any]] | None = None,
) -> Any:
    """Convert `body` to an `MLModel` as it is written: no pass of coremltools changes it."""
    target = getattr(ct.target, opset)
    declared = shapes or [array.shape for array in arrays]
    specs = [
        mb.TensorSpec(tuple(shape), dtype=_MIL_TYPES[_as_entered(array).dtype.name])
        for shape, array in zip(declared, arrays, strict=True)
    ]
    # The builder looks at the parameters of what it is given: `x0`, `x1`, ...
    names = ", ".join(f"x{index}" for index in range(len(specs)))
    entry = eval(f"lambda {names}: make({names})", {"make": lambda *xs: _body(body, xs, arrays)})
    program = mb.program(input_specs=specs, opset_version=target)(entry)
    return ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
    )


def _body(body: Callable[..., Any], values: Sequence[Any], arrays: Sequence[NDArray[Any]]) -> Any:
    entered = [
        value if _as_entered(array).dtype == array.dtype else mb.cast(x=value, dtype=array.dtype.name)
        for value, array in zip(values, arrays, strict=True)
    ]
    results = body(*entered)
    if isinstance(results, (list, tuple)):
        return tuple(_leaving(result) for result in results)
    return _leaving(results)


def _leaving(value: Any) -> Any:
    return value if value.dtype in (types.fp16, types.fp32, types.int32) else mb.cast(x=value, dtype="int32")


def _as_entered(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.dtype.name in _MIL_TYPES else array.astype(np.int32)
