"""Every layer type of the format is lowered, or refused on purpose."""

from __future__ import annotations

import pytest
from coremltools.proto import NeuralNetwork_pb2
from one_layer import build, load

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.networks.layers import handlers

REFUSED = {"custom"}


def test_every_layer_type_has_a_handler():
    """All 158 but the custom one, and none that does not exist."""
    fields = NeuralNetwork_pb2.NeuralNetworkLayer.DESCRIPTOR.oneofs_by_name["layer"].fields
    known = {field.name for field in fields}

    assert len(known) == 158
    assert set(handlers()) == known - REFUSED


def test_a_custom_layer_is_refused_by_its_class():
    """Each class once, with the number of its layers and the first of them, in one error."""
    spec = build(lambda builder: builder.add_activation("first", "RELU", "x0", "a"), [(2,)])
    for name, kind in (("crop/a", "ResCrop"), ("rescale", "Rescale"), ("crop/b", "ResCrop")):
        layer = spec.neuralNetwork.layers.add(name=name, input=["a"], output=["y0"])
        layer.custom.className = kind

    with pytest.raises(UnsupportedModelError) as raised:
        load(spec)

    assert str(raised.value).splitlines() == [
        "3 layers are not supported by the reference runtime:",
        "  custom x2 (first: 'crop/a'): its class ResCrop is in the app that the model belongs to",
        "  custom x1 (first: 'rescale'): its class Rescale is in the app that the model belongs to",
    ]
