"""Recurrent networks against their equations in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

RANDOM = np.random.default_rng(0)
TIME, BATCH, INTO, HIDDEN = 5, 2, 3, 4

ACTIVATIONS = {
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "scaled_tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sigmoid_hard": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "tanh": np.tanh,
}


def _numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def _weights(gates):
    return {
        "weight_ih": _numbers(gates * HIDDEN, INTO),
        "weight_hh": _numbers(gates * HIDDEN, HIDDEN),
        "bias": _numbers(gates * HIDDEN),
    }


def _lstm(x, h, c, weights, *, names=("sigmoid", "tanh", "tanh"), clip=np.inf):
    """Walk through time; gates are stacked input, forget, output, cell, peepholes input, forget, output."""
    inner, cell, outer = (ACTIVATIONS[name] for name in names)
    p_i, p_f, p_o = np.split(weights.get("peephole", np.zeros(3 * HIDDEN)), 3)
    outputs = []
    for row in x:
        gates = row @ weights["weight_ih"].T + h @ weights["weight_hh"].T + weights["bias"]
        i, f, o, z = np.split(gates, 4, axis=-1)
        c = np.clip(inner(f + p_f * c) * c + inner(i + p_i * c) * cell(z), -clip, clip)
        h = inner(o + p_o * c) * outer(c)
        outputs.append(h)
    return np.stack(outputs), h, c


def _gru(x, h, weights, names=("sigmoid", "tanh"), after=False):
    """Walk through time; gates are stacked reset, new, update."""
    inner, outer = (ACTIVATIONS[name] for name in names)
    w_r, w_o, w_z = np.split(weights["weight_ih"], 3)
    r_r, r_o, r_z = np.split(weights["weight_hh"], 3)
    i_r, i_o, i_z = np.split(weights.get("input_bias", np.zeros(3 * HIDDEN)), 3)
    h_r, h_o, h_z = np.split(weights["bias"], 3)
    outputs = []
    for row in x:
        r = inner(row @ w_r.T + i_r + h @ r_r.T + h_r)
        z = inner(row @ w_z.T + i_z + h @ r_z.T + h_z)
        hidden = r * (h @ r_o.T + h_o) if after else (r * h) @ r_o.T + h_o
        h = (1 - z) * outer(row @ w_o.T + i_o + hidden) + z * h
        outputs.append(h)
    return np.stack(outputs), h


def _check(results, expected, output_sequence):
    sequence, *last = expected

    assert results[0] == pytest.approx(sequence if output_sequence else last[0][None], rel=1e-5, abs=1e-5)
    for result, state in zip(results[1:], last, strict=True):
        assert result == pytest.approx(state, rel=1e-5, abs=1e-5)


@pytest.mark.operation("lstm")
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("output_sequence", [False, True])
def test_lstm_follows_its_equations(direction, output_sequence, clip):
    """A reverse walk gives its outputs in the order of its steps, the backward half of both directions does not."""
    count = 2 if direction == "bidirectional" else 1
    x, h, c = _numbers(TIME, BATCH, INTO), _numbers(BATCH, count * HIDDEN), _numbers(BATCH, count * HIDDEN)
    given, walks = {}, []
    for index, end in enumerate(("", "_back")[:count]):
        weights = {**_weights(4), "peephole": _numbers(3 * HIDDEN)}
        given.update({name + end: weight for name, weight in weights.items()})
        backward = direction == "reverse" or index == 1
        starts = (state[:, HIDDEN * index : HIDDEN * (index + 1)] for state in (h, c))
        outputs, *last = _lstm(x[::-1] if backward else x, *starts, weights, clip=clip or np.inf)
        walks.append((outputs[::-1] if index == 1 else outputs, *last))
    if clip is not None:
        given["clip"] = np.float32(clip)

    results = run_op(
        lambda x, h, c: mb.lstm(
            x=x, initial_h=h, initial_c=c, direction=direction, output_sequence=output_sequence, **given
        ),
        x,
        h,
        c,
    )

    _check(results, [np.concatenate(parts, -1) for parts in zip(*walks, strict=True)], output_sequence)


@pytest.mark.parametrize("clip", [None, 100.0])
@pytest.mark.parametrize("names", [("hard_sigmoid", "scaled_tanh", "relu"), ("tanh", "linear", "sigmoid")])
def test_lstm_with_other_activations(names, clip):
    """Of the gates, of the cell's input, of the output."""
    x, h, c, weights = _numbers(TIME, BATCH, INTO), _numbers(BATCH, HIDDEN), _numbers(BATCH, HIDDEN), _weights(4)
    options = {} if clip is None else {"clip": np.float32(clip)}
    options.update(zip(("recurrent_activation", "cell_activation", "activation"), names, strict=True))

    results = run_op(lambda x, h, c: mb.lstm(x=x, initial_h=h, initial_c=c, **weights, **options), x, h, c)

    _check(results, _lstm(x, h, c, weights, names=names), output_sequence=False)


def test_lstm_over_a_time_known_when_it_runs():
    """Neither the time nor the batch is in the program."""
    x, h, c, weights = _numbers(TIME, BATCH, INTO), _numbers(BATCH, HIDDEN), _numbers(BATCH, HIDDEN), _weights(4)
    batch = get_new_symbol()

    results = run_op(
        lambda x, h, c: mb.lstm(x=x, initial_h=h, initial_c=c, direction="reverse", output_sequence=True, **weights),
        x,
        h,
        c,
        shapes=[(get_new_symbol(), batch, INTO), (batch, HIDDEN), (batch, HIDDEN)],
    )

    _check(results, _lstm(x[::-1], h, c, weights), output_sequence=True)


@pytest.mark.operation("gru")
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("names", [("sigmoid", "tanh"), ("tanh", "hard_sigmoid")])
def test_gru_resets_the_state_before_the_product(direction, names):
    """The one form until iOS 18."""
    x, h, weights = _numbers(TIME, BATCH, INTO), _numbers(BATCH, HIDDEN), _weights(3)
    options = dict(zip(("recurrent_activation", "activation"), names, strict=True))

    results = run_op(
        lambda x, h: mb.gru(x=x, initial_h=h, direction=direction, output_sequence=True, **weights, **options), x, h
    )

    _check(results, _gru(x if direction == "forward" else x[::-1], h, weights, names), output_sequence=True)


@pytest.mark.parametrize("after", [False, True])
def test_gru_with_a_bias_of_the_input(after):
    """Since iOS 18 the input has a separate bias, and the reset gate applies to the product with the weights."""
    x, h = _numbers(TIME, BATCH, INTO), _numbers(BATCH, HIDDEN)
    weights = {**_weights(3), "input_bias": _numbers(3 * HIDDEN)}

    results = run_op(lambda x, h: mb.gru(x=x, initial_h=h, reset_after=after, **weights), x, h, opset="iOS18")

    _check(results, _gru(x, h, weights, after=after), output_sequence=False)


@pytest.mark.operation("rnn")
@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "sigmoid_hard", "scaled_tanh", "linear"])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_rnn_has_one_activation(direction, name):
    """Without gates."""
    x, h, weights = _numbers(TIME, BATCH, INTO), _numbers(BATCH, HIDDEN), _weights(1)
    states = [h]
    for row in x if direction == "forward" else x[::-1]:
        product = row @ weights["weight_ih"].T + states[-1] @ weights["weight_hh"].T + weights["bias"]
        states.append(ACTIVATIONS[name](product))

    results = run_op(
        lambda x, h: mb.rnn(x=x, initial_h=h, direction=direction, output_sequence=True, activation=name, **weights),
        x,
        h,
    )

    _check(results, (np.stack(states[1:]), states[-1]), output_sequence=True)
