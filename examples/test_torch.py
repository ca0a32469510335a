"""A torch network, converted three ways, compared by size, agreement and speed.

Where torch is not installed, the outputs that it gave are read from a file.
"""

import importlib.util

import pytest
import torch_network

REFERENCE = torch_network.network() if importlib.util.find_spec("torch") else torch_network.STORED


@pytest.mark.coreml_model(torch_network.single_precision, torch_network.half_precision, torch_network.palettized)
@pytest.mark.coreml_budget(size_mb=0.1, predict_ms=5)
@pytest.mark.coreml_agreement(
    reference=REFERENCE, inputs=str(torch_network.STORED), min_psnr=30, min_top1=1, margin=0.01
)
def test_a_conversion_agrees_with_torch(coreml_model):
    pass
