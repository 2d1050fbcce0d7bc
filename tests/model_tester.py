"""The one test that every model goes through; `bench.zoo` makes the zoo's table by it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from core.classes import VOID, ClassTable, LandClass
from tests.tiny import save_with_card

_COLOURS = ("#3c1098", "#8429f6", "#6ec1e4", "#fedd3a", "#e2a929", "#112233", "#445566")
BLOCKS = re.compile(
    r"image|stem|enc\d|bridge|dec\d|head|fpn\d|segm\d|psp\d|psp|upsampling\d|aggregation|final"
)


def check_model(spec: Any, folder: Path, thorough: bool = True) -> Any:
    """Build, predict, train, save, load, compare.

    Args:
        spec: specification of any network that can be trained.
        folder: folder that it may write to.
        thorough: also map an image larger than a tile, and build it with other bands and classes.

    Returns:
        The network, trained a step.
    """
    import keras

    from core.inference.predictor import Predictor
    from core.models.cost.measured import measure_cost, receptive_field
    from core.models.network import block_of, build_model, cost, encoder_layers
    from core.models.store import load_model
    from core.training.config import TrainConfig
    from core.training.step.compile import compile_model

    keras.utils.set_random_seed(0)
    model = build_model(spec)
    classes = ClassTable(
        classes=tuple(LandClass(name=f"class {i}", color=_COLOURS[i]) for i in range(spec.classes))
    )
    side = spec.input_size or -(-96 // spec.multiple) * spec.multiple
    rng = np.random.default_rng(0)
    images = rng.random((2, side, side, spec.bands), np.float32)
    labels = rng.integers(0, spec.classes, (2, side, side)).astype(np.uint8)
    labels[:, : side // 4] = VOID

    # What the table before a launch says of it.
    expected = cost(spec, side)
    measured = measure_cost(model, side)
    assert (expected.parameters, expected.macs) == (measured.parameters, measured.macs)
    assert expected.activations == measured.activations
    assert expected.receptive_field == receptive_field(model)
    blocks = {block_of(spec, layer.name) for layer in model.layers}
    assert all(BLOCKS.fullmatch(block) for block in blocks), blocks
    assert encoder_layers(model, spec)

    # A step, without a traced graph: that of the largest takes minutes to make.
    config = TrainConfig(model=spec, batch=2, clip_norm=1.0)
    compiled = compile_model(
        model, spec, config, np.ones(spec.classes, np.int64), [1.0] * spec.classes
    )
    compiled.run_eagerly = True
    before = [np.array(weight) for weight in model.trainable_weights]
    history = compiled.fit(images, labels, batch_size=2, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    moved = [
        not np.array_equal(old, new)
        for old, new in zip(before, model.trainable_weights, strict=True)
    ]
    # A step of AdamW moves every weight that has a gradient; some filters of a ReLU may have none.
    assert np.mean(moved) > 0.9

    # Saved with its card, and loaded again from nothing else.
    saved = save_with_card(model, folder, spec, classes)
    loaded, card = load_model(folder)
    assert card == saved and card.spec == spec
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    output = np.asarray(model(images, training=False))
    assert output.shape == (2, side, side, spec.classes) and output.dtype == np.float32
    assert np.isfinite(output).all()
    np.testing.assert_array_equal(output, loaded(images, training=False))

    # Images of odd sizes, one of them smaller than a tile.
    predictor = Predictor.of_card(loaded, card, tile=side)
    predictor._call = _eager(loaded)  # type: ignore[method-assign]
    for shape in ((33, 41), (side + 5, side - 7))[: 1 + thorough]:
        pixels = rng.integers(0, 256, (*shape, spec.bands)).astype(np.uint8)
        probabilities = predictor.probabilities(pixels)
        assert probabilities.shape == (*shape, spec.classes)
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-4)

    if thorough:
        _check_other_bands_and_classes(spec, side)
    return model


def _check_other_bands_and_classes(spec: Any, side: int) -> None:
    from core.models.network import build_model, cost

    other = spec.model_copy(update={"bands": spec.bands + 2, "classes": spec.classes + 1})
    wide = build_model(other)
    assert wide.count_params() == cost(other, side).parameters
    assert wide(np.zeros((1, side, side, other.bands), np.float32)).shape[-1] == other.classes


def _eager(model: Any) -> Any:
    import keras

    return lambda tiles: np.asarray(keras.ops.softmax(model(tiles, training=False), axis=-1))
