"""Small models for integration tests, built once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses

if TYPE_CHECKING:
    from pathlib import Path

WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4) / 10
BIAS = np.array([1, -1, 0.5], dtype=np.float32)


def save_linear(folder: Path, name: str = "Linear", factor: float = 1.0) -> Path:
    """Save y = relu(factor * W x + b), with x of shape (1, 4), in single precision."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 4))])
    def program(x):
        return mb.relu(x=mb.linear(x=x, weight=np.float32(factor) * WEIGHT, bias=BIAS), name="y")

    model = ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )
    path = folder / f"{name}.mlpackage"
    model.save(str(path))
    return path


def linear(x: np.ndarray) -> np.ndarray:
    """Compute what the model computes, with numpy."""
    return np.maximum(x @ WEIGHT.T + BIAS, 0)


def save_encoder(folder: Path, name: str = "Encoder") -> Path:
    """Save a small classifier in half precision: input `features` (1, 64), output `logits` (1, 1000)."""
    random = np.random.default_rng(0)
    first = random.standard_normal((128, 64)).astype(np.float32) / 8
    second = random.standard_normal((1000, 128)).astype(np.float32) / 11

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 64))])
    def program(features):
        hidden = mb.relu(x=mb.linear(x=features, weight=first))
        return mb.linear(x=hidden, weight=second, name="logits")

    path = folder / f"{name}.mlpackage"
    ct.convert(program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS17, skip_model_load=True).save(
        str(path)
    )
    return path
