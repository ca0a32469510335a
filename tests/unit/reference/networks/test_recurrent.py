"""Recurrent layers, compared with their steps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run
from scipy.special import expit

RANDOM = np.random.default_rng(0)
STEPS, SIZE, HIDDEN = 5, 3, 4
X = RANDOM.normal(size=(STEPS, 1, SIZE, 1, 1)).astype(np.float32)


def matrices(count, columns):
    """Return weights of gates."""
    return [RANDOM.normal(size=(HIDDEN, columns)).astype(np.float32) for _ in range(count)]


def vectors(count):
    """Return biases of gates."""
    return [RANDOM.normal(size=HIDDEN).astype(np.float32) for _ in range(count)]


def sequence(output):
    """Return the outputs of all steps."""
    return output.reshape(-1, output.shape[2])


@pytest.mark.parametrize("reverse", [False, True])
def test_simple_recurrent(reverse):
    """Outputs are in the order of the walk."""
    (w,), (r,), (b_,) = matrices(1, SIZE), matrices(1, HIDDEN), vectors(1)

    (y,) = run(lambda b: b.add_simple_rnn("r", r, w, b_, HIDDEN, SIZE, "TANH", ["x0"], ["y0"], True, reverse), X)

    h, expected = np.zeros(HIDDEN), []
    for x in X.reshape(STEPS, SIZE)[:: -1 if reverse else 1]:
        h = np.tanh(w @ x + r @ h + b_)
        expected.append(h)
    assert_allclose(sequence(y), expected, rtol=1e-4, atol=1e-5)


def test_gru_and_its_initial_state():
    """The reset gate comes before the matrix; the state is also an output."""
    w, r, b_ = matrices(3, SIZE), matrices(3, HIDDEN), vectors(3)
    start = RANDOM.normal(size=(1, 1, HIDDEN, 1, 1)).astype(np.float32)

    y, last = run(
        lambda b: b.add_gru(
            "g", r, w, b_, HIDDEN, SIZE, ["x0", "x1"], ["y0", "y1"], inner_activation="SIGMOID", output_all=True
        ),
        X,
        start,
        outputs=2,
    )

    h, expected = start.reshape(HIDDEN), []
    for x in X.reshape(STEPS, SIZE):
        z, reset = (expit(w[i] @ x + r[i] @ h + b_[i]) for i in range(2))
        o = np.tanh(w[2] @ x + r[2] @ (reset * h) + b_[2])
        h = (1 - z) * o + z * h
        expected.append(h)
    assert_allclose(sequence(y), expected, rtol=1e-4, atol=1e-5)
    assert_allclose(last.reshape(HIDDEN), h, rtol=1e-4, atol=1e-5)


def lstm_steps(xs, w, r, b_, peep=None, *, forget=0.0, coupled=False, clip=50.0):
    """Return the outputs of an LSTM with the gates input, forget, output and block input, and its last cell."""
    h, c, outputs = np.zeros(HIDDEN), np.zeros(HIDDEN), []
    p = [np.zeros(HIDDEN)] * 3 if peep is None else peep
    for x in xs:
        sums = [w[i] @ x + r[i] @ h + b_[i] for i in range(4)]
        i = expit(sums[0] + p[0] * c)
        f = 1 - i if coupled else expit(sums[1] + forget + p[1] * c)
        c = np.clip(f * c + i * np.tanh(sums[3]), -clip, clip)
        h = expit(sums[2] + p[2] * c) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs), c


@pytest.mark.parametrize(
    "options",
    [{}, {"forget": 1.0}, {"coupled": True}, {"clip": 0.2}, {"peep": True}, {"coupled": True, "peep": True}],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_lstm(options, reverse):
    """With each of its options; the last states are outputs too."""
    w, r, b_ = matrices(4, SIZE), matrices(4, HIDDEN), vectors(4)
    peep = vectors(3) if options.get("peep") else None

    y, h, c = run(
        lambda b: b.add_unilstm(
            "l",
            r,
            w,
            b_,
            HIDDEN,
            SIZE,
            ["x0"],
            ["y0", "y1", "y2"],
            peep=peep,
            output_all=True,
            forget_bias="forget" in options,
            coupled_input_forget_gate=options.get("coupled", False),
            cell_clip_threshold=options.get("clip", 50000.0),
            reverse_input=reverse,
        ),
        X,
        outputs=3,
    )

    xs = X.reshape(STEPS, SIZE)[:: -1 if reverse else 1]
    expected, cell = lstm_steps(xs, w, r, b_, **{**options, "peep": peep})
    assert_allclose(sequence(y), expected, rtol=1e-4, atol=1e-5)
    assert_allclose(h.reshape(HIDDEN), expected[-1], rtol=1e-4, atol=1e-5)
    assert_allclose(c.reshape(HIDDEN), cell, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("every", [False, True])
def test_both_directions(every):
    """The backward half is aligned with the input; without a sequence, each half has its last output."""
    forward, backward = ((matrices(4, SIZE), matrices(4, HIDDEN), vectors(4)) for _ in range(2))

    (y,) = run(
        lambda b: b.add_bidirlstm(
            "l",
            forward[1],
            forward[0],
            forward[2],
            backward[1],
            backward[0],
            backward[2],
            HIDDEN,
            SIZE,
            ["x0"],
            ["y0"],
            output_all=every,
        ),
        X,
    )

    xs = X.reshape(STEPS, SIZE)
    one, other = lstm_steps(xs, *forward)[0], lstm_steps(xs[::-1], *backward)[0]
    expected = np.concatenate([one, other[::-1]], 1) if every else np.concatenate([one[-1:], other[-1:]], 1)
    assert_allclose(sequence(y), expected, rtol=1e-4, atol=1e-5)


def test_a_batch():
    """Two sequences give what each gives alone."""
    w, r, b_ = matrices(4, SIZE), matrices(4, HIDDEN), vectors(4)
    x = RANDOM.normal(size=(STEPS, 2, SIZE, 1, 1)).astype(np.float32)

    (y,) = run(lambda b: b.add_unilstm("l", r, w, b_, HIDDEN, SIZE, ["x0"], ["y0"], output_all=True), x)

    for index in range(2):
        expected, _ = lstm_steps(x[:, index].reshape(STEPS, SIZE), w, r, b_)
        assert_allclose(y[:, index].reshape(STEPS, HIDDEN), expected, rtol=1e-4, atol=1e-5)
