"""Real models from elsewhere, run by the reference runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from one_op import load_program

from pytest_coreml.reference.program import walk

MODELS = Path(__file__).parents[2].parent / "shared" / "models"
NAMES = ("silero-vad/silero-vad-unified-v6.0.0.mlpackage", "silero-vad-pal4/unified_palette_4bit.mlpackage")


@pytest.mark.skipif(not all((MODELS / name).exists() for name in NAMES), reason="the shared models are not here")
def test_compressed_voice_detector_stays_near_its_original():
    """Weights of four bits are decoded: the probability of speech stays near that of the original."""
    random = np.random.default_rng(0)
    inputs = {
        "audio_input": (0.1 * random.standard_normal((1, 576))).astype(np.float32),
        "hidden_state": np.zeros((1, 128), np.float32),
        "cell_state": np.zeros((1, 128), np.float32),
    }

    original, compressed = (load_program(MODELS / name).run(inputs) for name in NAMES)

    assert 0 < original["vad_output"].item() < 1
    assert compressed["vad_output"].item() == pytest.approx(original["vad_output"].item(), abs=0.1)


ECHO = next(iter((MODELS / "dtln-aec-part1").glob("*.mlpackage")), None)


@pytest.mark.skipif(ECHO is None, reason="the shared models are not here")
@pytest.mark.parametrize("batch", [1, 2])
def test_an_echo_canceller_with_a_loop_over_lists_follows_its_definition(batch: int):
    """Two LSTM layers, which the model has as a `while_loop` over lists, against numpy; the batch is flexible."""
    model = load_program(ECHO)
    weights = {op.name: op.attributes["val"].array() for op in walk(model.function.block) if op.type == "const"}
    random = np.random.default_rng(0)
    near, far = (np.abs(random.standard_normal((batch, 1, 257))).astype(np.float32) for _ in range(2))
    states = random.standard_normal((batch, 2, 128, 2)).astype(np.float32)

    mask, after = echo_canceller(weights, near, far, states)
    results = model.run({"mic_magnitude": near, "lpb_magnitude": far, "states_in": states})

    for expected, result in zip((mask, after), results.values(), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-5)


def echo_canceller(weights, near, far, states):
    """Compute the first part of DTLN-aec as its authors define it: normalized spectra, two LSTMs, a mask."""
    prefix = "DTLN_AEC_Part1_"

    def normalized(x, name):
        logarithm = np.log(x + 1e-7)
        centred = logarithm - logarithm.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-7)
        scale, shift = (weights[f"{prefix}{name}_norm_{part}_ReadVariableOp"] for part in ("mul", "add_1"))
        return scaled * scale + shift

    x = np.concatenate([normalized(near, "mic"), normalized(far, "lpb")], 2)[:, 0]
    hidden, cell = [], []
    for layer, (call, *names) in enumerate([(0, 3, 4, 5), (1, 14, 15, 16)]):
        kernel, recurrent, bias = (weights[f"Func_{prefix}lstm_1_{call}_PartitionedCall_input__{n}"] for n in names)
        gates = x @ kernel + states[:, layer, :, 0] @ recurrent + bias
        write, forget, candidate, output = np.split(gates, 4, 1)
        cell.append(sigmoid(forget) * states[:, layer, :, 1] + sigmoid(write) * np.tanh(candidate))
        x = sigmoid(output) * np.tanh(cell[-1])
        hidden.append(x)
    dense, bias = (weights[f"{prefix}dense_mask_1_{part}_ReadVariableOp"] for part in ("Tensordot", "BiasAdd"))
    return sigmoid(x @ dense + bias)[:, None], np.stack([np.stack(hidden, 1), np.stack(cell, 1)], 3)


def sigmoid(x):
    """Compute the logistic function."""
    return 1 / (1 + np.exp(-x))
