"""Matrix products against numpy."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import build, load_program, run_op

from pytest_coreml.reference.errors import UnsupportedModelError

RANDOM = np.random.default_rng(0)
WEIGHT = RANDOM.standard_normal((5, 3)).astype(np.float32)
BIAS = RANDOM.standard_normal(5).astype(np.float32)


@pytest.mark.operation("linear")
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3), (2, 1, 4, 3)])
@pytest.mark.parametrize("bias", [None, BIAS], ids=["no bias", "bias"])
def test_linear_multiplies_the_last_dimension(shape, bias):
    """The result is `x @ weight.T + bias` with any rank."""
    x = RANDOM.standard_normal(shape).astype(np.float32)
    expected = x @ WEIGHT.T + (0 if bias is None else bias)

    (result,) = run_op(lambda x: mb.linear(x=x, weight=WEIGHT, bias=bias), x)

    assert result.shape == expected.shape
    assert result == pytest.approx(expected, abs=1e-5)


def test_linear_of_unknown_dimensions():
    """Two dimensions that only the input tells."""
    x = RANDOM.standard_normal((2, 4, 3)).astype(np.float32)
    expected = x @ WEIGHT.T + BIAS

    (result,) = run_op(
        lambda x: mb.linear(x=x, weight=WEIGHT, bias=BIAS), x, shapes=[(get_new_symbol(), get_new_symbol(), 3)]
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("matmul")
@pytest.mark.parametrize("transpose_x", [False, True])
@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_matmul_transposes_and_broadcasts(transpose_x, transpose_y, batch):
    """The last two dimensions are swapped on demand, the leading ones stretched."""
    x, y = RANDOM.standard_normal((*batch, 4, 3)), RANDOM.standard_normal((3, 5))
    expected = (x @ y).astype(np.float32)
    x, y = (np.swapaxes(a, -1, -2) if t else a for a, t in ((x, transpose_x), (y, transpose_y)))

    (result,) = run_op(
        lambda x, y: mb.matmul(x=x, y=y, transpose_x=transpose_x, transpose_y=transpose_y),
        x.astype(np.float32),
        y.astype(np.float32),
    )

    assert result == pytest.approx(expected, abs=1e-5)


FOUR, THREE = "nchw,nwhu->nchu", "chw,whr->chr"


@pytest.mark.operation("einsum")
@pytest.mark.parametrize(
    ("equation", "first", "second"),
    [
        (FOUR, (2, 5, 3, 4), (2, 4, 3, 6)),
        (FOUR, (1, 3, 1, 2), (2, 2, 1, 2)),
        (FOUR, (2, 3, 3, 2), (1, 2, 3, 2)),
        (FOUR, (1, 3, 3, 2), (2, 2, 1, 2)),
        (THREE, (5, 3, 4), (4, 3, 6)),
        (THREE, (3, 1, 2), (2, 3, 2)),
        (THREE, (3, 3, 2), (2, 1, 2)),
        # The same, named otherwise
        ("bkhc,bchq->bkhq", (2, 5, 3, 4), (2, 4, 3, 6)),
        ("wRd,dRc->wRc", (5, 1, 4), (4, 3, 6)),
    ],
)
@pytest.mark.parametrize("unknown", ["", "nh", "nchwur"])
@pytest.mark.parametrize("form", ["float32-fast", "float16-fast", "float16-strict"])
def test_einsum_multiplies_and_broadcasts(equation, first, second, unknown, form):
    """The dimensions around the one before the last are multiplied; that one, and batches, are broadcast."""
    dtype, precision = form.split("-")
    x, y = (RANDOM.random(shape).astype(dtype) for shape in (first, second))
    expected = np.einsum(equation, x.astype(np.float64), y.astype(np.float64))
    symbols = {label: get_new_symbol() for label in unknown}
    terms = zip(equation.split(",")[:2], (first, second), strict=True)
    shapes = [
        [symbols.get(label, size) for label, size in zip(term[: len(shape)], shape, strict=True)]
        for term, shape in terms
    ]

    # By the sizes that it foresees, ONNX Runtime chooses in whose memory a result lies.
    (result,) = run_op(
        lambda x, y: mb.relu(x=mb.einsum(values=(mb.relu(x=x), mb.relu(x=y)), equation=equation)),
        x,
        y,
        precision=precision,
        shapes=shapes,
    )

    assert result == pytest.approx(expected, abs=1e-5 if dtype == "float32" else 1e-2)


@pytest.mark.parametrize(
    "equation", ["nchw,nwhu->nchw", "nchw,nwhu->nhcu", "nchw,nchu->nchw", "chw,whr->chr", "", "abc"]
)
def test_other_equations_are_refused(equation, tmp_path):
    """Core ML has none but two; coremltools' builder makes no other, a file may say so."""
    arrays = [np.ones((2, 2, 2, 2), np.float32)] * 2
    model = build(lambda x, y: mb.einsum(values=(x, y), equation=FOUR), arrays)
    spec = model.get_spec()
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    (text,) = (op for op in block.operations if op.outputs[0].name.endswith("equation_0"))
    text.attributes["val"].immediateValue.tensor.strings.values[0] = equation
    ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True).save(str(tmp_path / "m.mlpackage"))

    with pytest.raises(UnsupportedModelError, match=f"einsum.*the equation '{equation}' with 4 dimensions"):
        load_program(tmp_path / "m.mlpackage")


def test_matmul_of_integers_is_exact():
    """Beyond what single precision holds, and beside floating-point numbers."""
    big = 2**24 + 1

    (whole,) = run_op(lambda x, y: mb.matmul(x=x, y=y), np.array([[big]], np.int32), np.array([[1]], np.int32))
    (mixed,) = run_op(lambda x: mb.matmul(x=x, y=np.array([[0.5]], np.float32)), np.array([[4]], np.int32))

    assert whole.tolist() == [[big]]
    assert mixed.tolist() == [[2]]
