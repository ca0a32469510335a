"""Real models from elsewhere, run by the reference runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from one_op import load_program

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
