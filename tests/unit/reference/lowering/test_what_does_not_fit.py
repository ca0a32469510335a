"""A mismatch that is known only when the model runs is an error with the operation's name; never a wrong number."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import build, load_program, run_op

from pytest_coreml.reference.errors import ExecutionError

WEIGHTS = {"weight_ih": np.ones((8, 3), np.float32), "weight_hh": np.ones((8, 2), np.float32)}
KERNEL, THREE = np.ones((2, 3, 2), np.float32), np.ones(3, np.float32)
NAMED = {"name": "culprit"}


def floats(*sizes):
    """Return an array, and the shape that is declared for it: a size in quotes is unknown before the model runs."""
    shape = [get_new_symbol() if isinstance(size, str) else size for size in sizes]
    return np.ones([int(size) for size in sizes], np.float32), shape


def places(*sizes):
    """Return an array of indices, all of them 0, and its declared shape."""
    array, shape = floats(*sizes)
    return (array * 0).astype(np.int32), shape


def _recurrent(kind, gates, states=("initial_h",), **rest):
    weights = {name: weight[: 2 * gates] for name, weight in WEIGHTS.items()}

    def body(x, h):
        return getattr(mb, kind)(x=x, **dict.fromkeys(states, h), **weights, **rest, **NAMED)

    what = f"{kind} {' '.join(rest)}"
    yield pytest.param(kind, body, [floats("0", 1, 3), floats(1, 2)], id=f"{what} over no time")
    yield pytest.param(kind, body, [floats(4, "0", 3), floats("0", 2)], id=f"{what} of no batches")
    yield pytest.param(kind, body, [floats(4, "2", 3), floats("3", 2)], id=f"{what} with states of other batches")


def _in_batches(kind, *rest):
    for count in ("1", "4"):
        yield pytest.param(
            kind,
            lambda x, i: getattr(mb, kind)(x=x, indices=i, batch_dims=1, **NAMED),
            [floats("2", 3), places(count, *rest)],
            id=f"{kind}: {count} batches of 2",
        )


@pytest.mark.parametrize(
    ("kind", "body", "inputs"),
    [
        *_recurrent("lstm", 4, ("initial_h", "initial_c")),
        *_recurrent("lstm", 4, ("initial_h", "initial_c"), clip=1.0),
        *_recurrent("gru", 3),
        *_recurrent("rnn", 1),
        *_in_batches("gather", 1),
        *_in_batches("gather_nd", 1, 1),
        (
            "gather_along_axis",
            lambda x, i: mb.gather_along_axis(x=x, indices=i, axis=1, **NAMED),
            [floats("3", 3), places("2", "1")],
        ),
        (
            "scatter",
            lambda x, i, u: mb.scatter(data=x, indices=i, updates=u, **NAMED),
            [floats(3, 2), places("2"), floats("3", 2)],
        ),
        (
            "scatter_nd",
            lambda x, i, u: mb.scatter_nd(data=x, indices=i, updates=u, **NAMED),
            [floats(3, 2), places("2", 1), floats("3", 2)],
        ),
        # One element would be stretched to three
        ("layer_norm", lambda x: mb.layer_norm(x=x, axes=[-1], gamma=THREE, **NAMED), [floats(2, "1")]),
        ("batch_norm", lambda x: mb.batch_norm(x=x, mean=THREE, variance=THREE, **NAMED), [floats(1, "1", 4)]),
        ("conv", lambda x: mb.conv(x=x, weight=KERNEL, **NAMED), [floats(1, "4", 4)]),
        ("conv", lambda x: mb.conv(x=x, weight=KERNEL, **NAMED), [floats(1, 3, "1")]),
        # Twelve elements are four times three, too
        ("linear", lambda x: mb.linear(x=x, weight=KERNEL[:, :, 0], **NAMED), [floats(2, "6")]),
        ("linear", lambda x: mb.linear(x=x, weight=KERNEL[:, :, 0], **NAMED), [floats(4, 3, "1")]),
        # Nothing to sort, a sum over nothing, and an image of nothing end ONNX Runtime 1.23
        ("argsort", lambda x: mb.argsort(x=x, **NAMED), [floats("0", 3)]),
        ("topk", lambda x: mb.topk(x=x, k=2, **NAMED), [floats("0", 3)]),
        (
            "einsum",
            lambda x, y: mb.einsum(values=(x, y), equation="nchw,nwhu->nchu", **NAMED),
            [floats(1, 2, 2, "0"), floats(1, "0", 2, 3)],
        ),
        (
            "einsum",
            lambda x, y: mb.einsum(values=(x, y), equation="nchw,nwhu->nchu", **NAMED),
            [floats(1, 2, 2, "1"), floats(1, "4", 2, 3)],
        ),
        (
            "crop_resize",
            lambda x: mb.crop_resize(x=x, boxes=np.zeros((1, 4), np.float32), target_height=2, target_width=2, **NAMED),
            [floats(1, 1, "0", 2)],
        ),
        ("matmul", lambda x, y: mb.matmul(x=x, y=y, **NAMED), [floats(2, "3"), floats("4", 2)]),
        ("concat", lambda x, y: mb.concat(values=(x, y), axis=0, **NAMED), [floats(2, "3"), floats(2, "4")]),
        ("stack", lambda x, y: mb.stack(values=(x, y), axis=0, **NAMED), [floats(2, "3"), floats(2, "4")]),
        ("topk", lambda x: mb.topk(x=x, k=3, axis=0, **NAMED), [floats("2", 3)]),
        ("split", lambda x: mb.split(x=x, split_sizes=[1, 2], axis=0, **NAMED), [floats("4", 3)]),
        ("crop", lambda x: mb.crop(x=x, crop_height=[2, 2], crop_width=[0, 0], **NAMED), [floats(1, 1, "3", 3)]),
        ("pixel_shuffle", lambda x: mb.pixel_shuffle(x=x, upscale_factor=2, **NAMED), [floats(1, "5", 2, 2)]),
        ("sliding_windows", lambda x: mb.sliding_windows(x=x, axis=0, size=5, **NAMED), [floats("2", 3)]),
        (
            "batch_to_space",
            lambda x: mb.batch_to_space(x=x, block_shape=[2, 2], crops=[[4, 3], [0, 0]], **NAMED),
            [floats(4, 1, "3", 3)],
        ),
    ],
)
def test_sizes(kind, body, inputs):
    """The declaration leaves open whether they fit."""
    arrays, shapes = zip(*inputs, strict=True)

    with pytest.raises(ExecutionError, match=f"^operation {kind} 'culprit.*' failed: "):
        run_op(body, *arrays, shapes=shapes)


@pytest.mark.parametrize("length", [-1, 4])
def test_length_of_a_sequence(length):
    """A sequence cannot be shorter than nothing, nor longer than it is."""
    with pytest.raises(ExecutionError, match="operation reverse_sequence 'culprit' failed"):
        run_op(
            lambda x, n: mb.reverse_sequence(x=x, lengths=n, seq_axis=1, batch_axis=0, **NAMED),
            np.ones((2, 3), np.float32),
            np.array([1, length], np.int32),
        )


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_a_program_that_lies_about_a_size(kind, tmp_path):
    """It says that there are two batches where the model computes how many: with none, ONNX Runtime would crash."""
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    weights = {name: weight[: 2 * gates] for name, weight in WEIGHTS.items()}

    def body(x, h, size):
        x = mb.slice_by_size(x=x, begin=[0, 0, 0], size=mb.concat(values=([4], size, [3]), axis=0))
        h = mb.slice_by_size(x=h, begin=[0, 0], size=mb.concat(values=(size, [2]), axis=0))
        states = dict.fromkeys(("initial_h", "initial_c") if kind == "lstm" else ("initial_h",), h)
        return getattr(mb, kind)(x=x, **states, **weights, **NAMED)

    inputs = [np.ones((4, 2, 3), np.float32), np.ones((2, 2), np.float32), np.array([0], np.int32)]
    model = build(body, inputs)
    spec = model.get_spec()
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    for op in block.operations:
        for output in op.outputs:
            for dimension in output.type.tensorType.dimensions:
                if dimension.HasField("unknown"):
                    dimension.constant.size = 2
    ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True).save(str(tmp_path / "m.mlpackage"))
    function = load_program(tmp_path / "m.mlpackage")

    with pytest.raises(ExecutionError, match=f"operation {kind} 'culprit.*' failed: `x` is too small"):
        function.run({port.name: array for port, array in zip(function.lowered.inputs, inputs, strict=True)})
