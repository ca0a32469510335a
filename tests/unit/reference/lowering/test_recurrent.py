"""The LSTM against its equations in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

RANDOM = np.random.default_rng(0)


def _lstm(x, weights, h, c):
    """Walk through time; gates are stacked input, forget, output, cell."""
    outputs = []
    for row in x:
        i, f, o, z = np.split(row @ weights[0].T + h @ weights[1].T + weights[2], 4, axis=-1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(z)
        h = o * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), h, c


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("output_sequence", [False, True])
def test_lstm_follows_its_equations(direction, output_sequence):
    """In each direction, with all outputs or the last, from given states."""
    count = 2 if direction == "bidirectional" else 1
    x, h, c = (RANDOM.standard_normal(s).astype(np.float32) for s in ((5, 2, 3), (2, 4 * count), (2, 4 * count)))
    weights = [[RANDOM.standard_normal(s).astype(np.float32) for s in ((16, 3), (16, 4), (16,))] for _ in range(count)]
    names = ("weight_ih", "weight_hh", "bias")
    given = {
        n + end: w for end, ws in zip(("", "_back"), weights, strict=False) for n, w in zip(names, ws, strict=True)
    }
    walks = []
    for index, part in enumerate(weights):
        backward = direction == "reverse" or index == 1
        state = (a[:, 4 * index : 4 * index + 4] for a in (h, c))
        outputs, *last = _lstm(x[::-1] if backward else x, part, *state)
        walks.append((outputs[::-1] if backward else outputs, *last))
    expected = [np.concatenate(parts, -1) for parts in zip(*walks, strict=True)]

    results = run_op(
        lambda x, h, c: mb.lstm(
            x=x, initial_h=h, initial_c=c, direction=direction, output_sequence=output_sequence, **given
        ),
        x,
        h,
        c,
    )

    assert results[0] == pytest.approx(expected[0] if output_sequence else expected[1][None], abs=1e-5)
    assert results[1] == pytest.approx(expected[1], abs=1e-5)
    assert results[2] == pytest.approx(expected[2], abs=1e-5)
