"""Every family's weights go from inpainting into the training, but for the last layer."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.families import FAMILIES, default_spec
from core.models.network import block_of, build_model
from core.training.inpainting.pretrained import Pretrained


@pytest.mark.parametrize("architecture", FAMILIES)
def test_all_but_the_last_layer_is_taken_over(architecture: str) -> None:
    import keras

    spec = default_spec(architecture).model_copy(update={"bands": 2, "classes": 7})
    if "backbone" in type(spec).model_fields:
        spec = spec.model_copy(update={"backbone": "mobilenetv2"}).for_crops(96)
    keras.utils.set_random_seed(1)
    source = build_model(spec.model_copy(update={"classes": spec.bands}))
    weights = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    keras.utils.set_random_seed(2)
    network = build_model(spec)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    Pretrained(weights, epochs=1, trained=1, unlabelled=0).put_into(network, spec)
    heads = 0
    for layer in network.layers:
        head = block_of(spec, layer.name) == "head"
        heads += bool(head and layer.weights)
        wanted = before if head else weights
        for now, value in zip(layer.get_weights(), wanted.get(layer.name, ()), strict=True):
            np.testing.assert_array_equal(now, value)
    assert heads == 1
    keras.backend.clear_session()
