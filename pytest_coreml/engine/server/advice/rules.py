"""The rules: what the compilers of Core ML are known to refuse on the Neural Engine, and the remedies.

Apple has no list: what is refused depends on the device, the system and the sizes of tensors. Each rule names what it
is known for, and its source. *The compiler's messages* are those that Core ML's compiler leaves in `analytics.mil`,
read on an M4 under macOS 27.0.1 where no other is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.engine.server.advice.program_view import OperationView, ProgramView
    from pytest_coreml.facts.advice import Certainty, Effect

    Applies = Callable[[OperationView, ProgramView], bool]

_COMPILER: Final = "the compiler's messages"
_M4: Final = "M4, macOS 27"
_EVERYWHERE: Final = "all devices and systems"
_MAX_DIMENSION: Final = 65536
_MAX_INNER: Final = 32768
_MAX_CONV_WIDTH, _MAX_CONV_HEIGHT = 15, 31
_MAX_POOL: Final = {"max_pool": 8, "avg_pool": 14}
_WIDE_POOL: Final = 32
# The operations that the Neural Engine does not have, by what makes the same of others.
_REWRITES: Final = {
    **dict.fromkeys(("lstm", "gru", "rnn"), "unroll it: matmul, sigmoid and tanh for each step"),
    "cumsum": "multiply by a constant triangle (matmul)",
    "band_part": "multiply by a constant mask, or select by it",
    "one_hot": "compare with a constant range (equal), and cast",
    "non_zero": "return the mask, and find the places outside the model",
    "range_1d": "make it a constant, or an input",
    "sliding_windows": "concat slices, or convolve with an identity kernel",
    "reduce_prod": "multiply slices, or take exp of the sum of logarithms where all are positive",
    **dict.fromkeys(("sinh", "cosh", "atanh"), "write it by exp and log"),
    "tan": "divide sin by cos",
    **dict.fromkeys(("asin", "acos"), "approximate it by a polynomial"),
    "mod": "compute x - y * floor(x / y)",
    **dict.fromkeys(("scatter", "scatter_nd", "scatter_along_axis"), "select by a mask, or concat the parts"),
    **dict.fromkeys(
        ("random_bernoulli", "random_categorical", "random_normal", "random_uniform"),
        "draw the numbers outside the model, and pass them in",
    ),
}
_ARGUMENTS: Final = ("reduce_argmax", "reduce_argmin", "argsort", "topk")


@dataclass(frozen=True)
class Rule:
    """A rule on one operation. Of several rules that apply, the first of the list counts.

    *cure*: the remedy, or that of each operator.
    """

    name: str
    applies: Applies
    effect: Effect
    finding: str
    cure: str | Mapping[str, str]
    seen_on: str
    source: str
    certainty: Certainty

    def cure_for(self, operator: str) -> str:
        """Return the remedy for *operator*."""
        return self.cure if isinstance(self.cure, str) else self.cure[operator]


def _tile_of_bool(op: OperationView, _: ProgramView) -> bool:
    x = op.operand("x")
    return op.operator == "tile" and x is not None and x.value.dtype == "bool"


def _run_time_gather(op: OperationView, _: ProgramView) -> bool:
    indices = op.operand("indices")
    return (
        op.operator == "gather"
        and indices is not None
        and not indices.is_constant
        and indices.value.dtype in ("int32", "int16")
    )


def _prepares_gather(op: OperationView, program: ProgramView) -> bool:
    """Return True for what computes the index of a refused `gather` and nothing else."""
    readers = [reader for output in op.outputs for reader in program.readers.get(output.name, ())]
    integers = all(value.dtype in ("int32", "int16", "bool") for value in op.outputs)
    return (
        bool(readers)
        and integers
        and all(_run_time_gather(reader, program) or _prepares_gather(reader, program) for reader in readers)
    )


def _missing(op: OperationView, _: ProgramView) -> bool:
    return op.operator in _REWRITES


def _int32_result(op: OperationView, _: ProgramView) -> bool:
    return op.operator in _ARGUMENTS and any(value.dtype == "int32" for value in op.outputs)


def _run_time_slice(op: OperationView, _: ProgramView) -> bool:
    if op.operator not in ("slice_by_size", "slice_by_index"):
        return False
    bounds = (op.operand(name) for name in ("begin", "end", "size"))
    return any(bound is not None and not bound.is_constant for bound in bounds)


def _standalone_update(op: OperationView, program: ProgramView) -> bool:
    readers = [reader for output in op.outputs for reader in program.readers.get(output.name, ())]
    return op.operator == "slice_update" and any(reader.operator != "write_state" for reader in readers)


def _large_dimension(op: OperationView, _: ProgramView) -> bool:
    return any((size or 0) > _MAX_DIMENSION for value in op.tensors for size in value.shape)


def _large_kernel(op: OperationView, _: ProgramView) -> bool:
    weight = op.operand("weight")
    if op.operator != "conv" or weight is None or len(weight.value.shape) < 3:
        return False
    height, width = (*(1,) * 2, *weight.value.shape[2:])[-2:]
    is_square_16 = height == width == _MAX_CONV_WIDTH + 1
    return ((width or 0) > _MAX_CONV_WIDTH and not is_square_16) or (height or 0) > _MAX_CONV_HEIGHT


def _large_pool(op: OperationView, _: ProgramView) -> bool:
    kernel = op.operand("kernel_sizes")
    if op.operator not in _MAX_POOL or kernel is None or not kernel.numbers:
        return False
    width = kernel.numbers[-1]
    return width > _MAX_POOL[op.operator] and not (op.operator == "max_pool" and width == _WIDE_POOL)


def _large_matmul(op: OperationView, _: ProgramView) -> bool:
    x = op.operand("x")
    return (
        op.operator in ("matmul", "linear")
        and x is not None
        and any((size or 0) > _MAX_INNER for size in x.value.shape[-1:])
    )


def _int32(op: OperationView, _: ProgramView) -> bool:
    return any(value.dtype in ("int32", "int64") and value.shape for value in op.tensors)


def _float32_result(op: OperationView, _: ProgramView) -> bool:
    return op.operator != "cast" and any(value.dtype == "float32" for value in op.outputs)


def _topk(op: OperationView, _: ProgramView) -> bool:
    return op.operator == "topk"


RULES: Final = (
    Rule(
        "tile-bool",
        _tile_of_bool,
        "load fails",
        "bool is repeated",
        "use a mask of float16: add (1 - mask) * -1e4, or multiply",
        "M2, macOS 26.5",
        "one published conversion",
        "medium",
    ),
    Rule(
        "gather-index",
        _run_time_gather,
        "refused",
        "the index is int16 or int32 and computed at run time",
        "use an index of uint16 (iOS 18), or look up outside the model",
        _M4,
        f"{_COMPILER}; the remedy by one project",
        "high",
    ),
    Rule(
        "gather-guard",
        _prepares_gather,
        "refused",
        "it prepares the index of a gather that is refused",
        "see gather-index: it goes with that gather",
        _M4,
        _COMPILER,
        "high",
    ),
    Rule(
        "missing-operation",
        _missing,
        "refused",
        "the Neural Engine does not have the operation",
        _REWRITES,
        "M4 and M6, macOS 27",
        _COMPILER,
        "high",
    ),
    Rule(
        "int32-result",
        _int32_result,
        "refused",
        "the result is int32",
        'output_dtype="uint16" (iOS 17), or compute it outside the model',
        _M4,
        _COMPILER,
        "high",
    ),
    Rule(
        "run-time-slice",
        _run_time_slice,
        "refused",
        "the bounds are computed at run time",
        "use bounds that are constant, a mask with select, or a state with slice_update",
        "systems of 2023 to 2027",
        f"{_COMPILER}; published conversions",
        "high",
    ),
    Rule(
        "slice-update",
        _standalone_update,
        "refused",
        "the result feeds more than write_state",
        "write the state, and read it again",
        "macOS 15 and later",
        "published conversions",
        "medium",
    ),
    Rule(
        "large-dimension",
        _large_dimension,
        "refused",
        f"an axis is longer than {_MAX_DIMENSION}",
        "split the axis (a vocabulary, the length of audio)",
        f"{_M4}; older systems and iPhones already above 16384",
        _COMPILER,
        "high",
    ),
    Rule(
        "conv-kernel",
        _large_kernel,
        "refused",
        "the kernel is wider than 15 or higher than 31",
        "stack smaller kernels, or split it in two directions",
        "M4 and M6, macOS 27",
        _COMPILER,
        "high",
    ),
    Rule(
        "pool-kernel",
        _large_pool,
        "refused",
        "the kernel is wider than 8 (max_pool, but for 32) or 14 (avg_pool)",
        "stack smaller pools",
        "M4 and M6, macOS 27",
        _COMPILER,
        "high",
    ),
    Rule(
        "matmul-inner",
        _large_matmul,
        "refused",
        f"the inner dimension is larger than {_MAX_INNER}",
        "split the inner dimension, and add",
        "M4 and M6, macOS 27",
        _COMPILER,
        "high",
    ),
    Rule(
        "int32",
        _int32,
        "refused",
        "it reads or makes int32",
        "compute integers outside the model, or once before the layers",
        _M4,
        _COMPILER,
        "high",
    ),
    Rule(
        "float32",
        _float32_result,
        "refused",
        "the result is float32",
        "convert with compute_precision=FLOAT16, without an op_selector",
        _EVERYWHERE,
        "coremltools' documentation of typed execution; the compiler's messages on an M1, macOS 14.5",
        "high",
    ),
    Rule(
        "topk",
        _topk,
        "hint",
        "the Neural Engine can be slower than the CPU for it",
        "measure both, or take the largest outside the model",
        _M4,
        "one published measurement",
        "medium",
    ),
)
