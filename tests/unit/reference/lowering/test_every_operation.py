"""Every operation that coremltools registers is lowered, with all of its parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from pytest_coreml.reference import lowering
from pytest_coreml.reference.lowering.ops import handlers

# Never in a file, and what the walk over the operations does itself
NOT_LOWERED = {"_const_symbolic", "const"}
# What coremltools calls `coreml_update_state` in a file
WRITTEN_ONLY = {"write_state"}
# The type of the output says it, or the program's blocks do
TOLD_OTHERWISE = {
    "cond": {"_true_fn", "_false_fn", "_existing_blocks"},
    "while_loop": {"_cond", "_body", "_existing_blocks"},
    "cast": {"dtype"},
    "constexpr_cast": {"output_dtype"},
    "make_list": {"dtype", "elem_shape"},
    "quantize": {"output_dtype"},
    "reduce_argmax": {"output_dtype"},
    "reduce_argmin": {"output_dtype"},
    "split": {"num_splits"},
    # Sorted in any case, which is one of the orders that are allowed without; outputs are counted
    "topk": {"sort", "return_indices", "output_indices_dtype"},
    # Weights are bytes whatever they could be packed into
    "conv_quantized": {"nbits"},
    # There is one sampling and one padding that Core ML has for it
    "affine": {"sampling_mode", "padding_mode"},
    # Indices are looked at in any case
    **{f"{name}{kind}": {"validate_indices"} for name in ("gather", "scatter") for kind in ("", "_along_axis", "_nd")},
}
FOLDER = Path(lowering.__file__).parent


def test_every_operation_has_a_handler():
    """All 168, none twice, and none that does not exist."""
    registered = set(SSAOpRegistry.core_ops)

    assert len(registered) == 168
    assert set(handlers()) == registered - NOT_LOWERED | WRITTEN_ONLY


def test_every_operation_has_a_case(named_in_files):
    """A test that names it with `@pytest.mark.operation`; `conftest.py` looks that it was really run."""
    if not {path.name for path in Path(__file__).parent.rglob("test_*.py")} <= named_in_files.keys():
        pytest.skip("only a part of this folder was collected")

    assert handlers().keys() - set().union(*named_in_files.values()) == set()


@pytest.mark.parametrize("name", sorted(set(SSAOpRegistry.core_ops) - NOT_LOWERED))
def test_every_parameter_of_every_version_is_read(name):
    """By its name, in a module that the handler is in or takes from."""
    versions = set(SSAOpRegistry.core_ops[name].values())
    parameters = {parameter for version in versions for parameter in version.input_spec.input_types}

    assert parameters - TOLD_OTHERWISE.get(name, set()) - _words(handlers()[name].__module__) == set()


def _words(module: str) -> set[str]:
    """Return the texts in a module of the package and those that it imports, `_height` and `_width` for `_{side}`."""
    texts: set[str] = set()
    waiting, seen = [module.removeprefix(f"{lowering.__name__}.")], set()
    while waiting:
        file = FOLDER.joinpath(*waiting.pop().split(".")).with_suffix(".py")
        if file in seen or not file.exists():
            continue
        seen.add(file)
        source = file.read_text()
        waiting += re.findall(r"reference\.lowering\.([\w.]+) import", source)
        for text in re.findall(r'"([^"\n]*)"', source):
            texts |= {text.replace("{side}", side).replace("{end}", end) for side in SIDES for end in ("", "_back")}
            texts |= {text.replace("{name}", name).replace("{param}", name) for name in NAMES}
    return texts


SIDES = ("height", "width")
NAMES = (
    "begin",
    "end",
    "squeeze",
    "sampling",
    "padding",
    "weight_ih",
    "weight_hh",
    "weight_ih_back",
    "weight_hh_back",
    "x",
    "y",
)
