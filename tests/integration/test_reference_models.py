"""Real models from elsewhere, run by the reference runtime."""

from __future__ import annotations

import coremltools as ct
import coremltools.optimize.coreml
import numpy as np
import pytest
from foreign_files import MODELS, needs
from one_op import load_program

from pytest_coreml.reference.format.program import walk

NAMES = ("silero-vad/silero-vad-unified-v6.0.0.mlpackage", "silero-vad-pal4/unified_palette_4bit.mlpackage")


@needs(*(MODELS / name for name in NAMES))
@pytest.mark.parametrize(("precision", "tolerance"), [("fast", 2e-5), ("strict", 4e-3)])
@pytest.mark.parametrize("name", NAMES)
def test_a_voice_detector_follows_its_definition(name, precision, tolerance, tmp_path):
    """A spectrum, four convolutions, an LSTM step by step: probability, hidden and cell state against numpy.

    The weights of four bits are those that coremltools decodes.
    """
    model, weights = load_program(MODELS / name, precision), decompressed(MODELS / name, tmp_path)
    random = np.random.default_rng(0)
    state = [0.5 * random.standard_normal((1, 128)).astype(np.float32) for _ in range(2)]

    for _ in range(3):
        audio = (0.1 * random.standard_normal((1, 576))).astype(np.float32)
        expected = voice_detector(weights, audio[0], *state)
        results = model.run({"audio_input": audio, "hidden_state": state[0], "cell_state": state[1]})
        state = [results["new_hidden_state"], results["new_cell_state"]]

        assert 0 < results["vad_output"].item() < 1
        for result, numbers in zip(results.values(), expected, strict=True):
            np.testing.assert_allclose(result.reshape(-1), numbers, atol=tolerance)


def decompressed(package, folder):
    """Return the constants of a model by name, decoded by coremltools."""
    model = ct.models.MLModel(str(package), skip_model_load=True)
    if "pal4" in str(package):
        model = ct.optimize.coreml.decompress_weights(model)
    model.save(str(folder / "plain.mlpackage"))
    program = load_program(folder / "plain.mlpackage").function
    assert not any(op.type.startswith("constexpr") for op in walk(program.block))
    consts = [op for op in walk(program.block) if op.type == "const"]
    return {op.outputs[0].name.removesuffix("_palettized"): op.attributes["val"].array() for op in consts}


def voice_detector(weights, audio, hidden, cell):
    """Compute Silero's detector as its authors define it; in double precision."""
    x = np.pad(audio.astype(np.float64), (0, 64), "reflect")[None]
    real, imaginary = np.split(convolved(x, weights["stft_forward_basis_to_fp16"], stride=128), 2)
    x = np.sqrt(real**2 + imaginary**2 + float(weights["var_36_to_fp16"]))
    for layer, stride in ((0, 1), (2, 2), (4, 2), (6, 1)):
        kernel, bias = (weights[f"encoder_layers_{layer}_{part}_to_fp16"] for part in ("weight", "bias"))
        x = np.maximum(convolved(np.pad(x, [(0, 0), (1, 1)]), kernel, stride) + bias[:, None].astype(np.float64), 0)
    gates = weights["concat_1"] @ x[:, 0] + weights["concat_2"] @ hidden[0].astype(np.float64) + weights["concat_0"]
    write, forget, output, candidate = np.split(gates, 4)
    after = sigmoid(forget) * cell[0] + sigmoid(write) * np.tanh(candidate)
    spoken = sigmoid(output) * np.tanh(after)
    kernel, bias = (weights[f"decoder_final_conv_{part}_to_fp16"] for part in ("weight", "bias"))
    score = kernel[0, :, 0].astype(np.float64) @ np.maximum(spoken, 0) + bias.astype(np.float64)
    return sigmoid(score), spoken, after


def convolved(x, kernel, stride):
    """Convolve channels over time: every window times every kernel, summed."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[-1], axis=1)[:, ::stride]
    return np.einsum("itk,oik->ot", windows, kernel.astype(np.float64))


ECHO = MODELS / "dtln-aec-part1" / "DTLN_AEC_128_Part1.mlpackage"


@needs(ECHO)
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
