"""Weights of one network for another with other bands and classes."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ModelError
from core.formats import counted
from core.imagery.normalise import Expected
from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.network import build_model
from core.models.spec import ModelSpec
from core.models.weights.transfer import Transferred, expected_by, transfer

CLASSES = ("land", "water", "road")


def filled(spec: ModelSpec, seed: int) -> object:
    import keras

    keras.utils.set_random_seed(seed)
    model = build_model(spec)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        # Batch normalisation begins as if it were not there.
        values = [v + rng.uniform(0, 0.5, v.shape).astype(v.dtype) for v in layer.get_weights()]
        layer.set_weights(values)
    return model


def small(**settings: object) -> UNetSpec:
    fields = {"width": 8, "depth": 1, "classes": 3} | settings
    return UNetSpec.model_validate(fields)


def output(model: object, image: np.ndarray) -> np.ndarray:
    return np.asarray(model(image, training=False))  # type: ignore[operator]


def pair(
    spec: ModelSpec, source: ModelSpec, classes: tuple[str, ...] = CLASSES
) -> tuple[object, object, Transferred]:
    model, first = filled(spec, 1), filled(source, 2)
    done = transfer(model, spec, first, source, classes, CLASSES)  # type: ignore[arg-type]
    return model, first, done


@pytest.mark.parametrize("norm", ["batch", "group", "none"])
def test_the_same_network_takes_all(norm: str) -> None:
    model, first, done = pair(small(norm=norm), small(norm=norm, dropout=0.3))
    image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    np.testing.assert_array_equal(output(model, image), output(first, image))
    assert not done.adapted and not done.random
    assert "logits" in done.copied


@pytest.mark.parametrize(("before", "now"), [(3, 5), (4, 1), (1, 4)])
def test_with_other_bands_a_grey_image_gives_what_it_gave(before: int, now: int) -> None:
    model, first, done = pair(small(bands=now), small(bands=before))
    grey = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    # Another number of summands: rounding differs.
    np.testing.assert_allclose(
        output(model, grey.repeat(now, axis=-1)),
        output(first, grey.repeat(before, axis=-1)),
        rtol=1e-3,
        atol=1e-4,
    )
    assert done.adapted == (f"enc1_conv1 adapted from {before} to {counted(now, 'band')}",)
    assert not done.random


def test_the_first_kernel_is_the_mean_scaled_to_the_number_of_bands() -> None:
    model, first, _ = pair(small(bands=2), small(bands=4))
    own, source = (m.get_layer("enc1_conv1").get_weights()[0] for m in (model, first))  # type: ignore[attr-defined]
    for band in range(2):
        np.testing.assert_allclose(own[:, :, band], source.sum(axis=2) / 2, rtol=1e-5)


def test_classes_of_the_same_name_keep_their_filters() -> None:
    classes = ("ship", "road", "land")
    image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    spec = small()
    fresh = filled(spec, 1)
    random = fresh.get_layer("logits").get_weights()  # type: ignore[attr-defined]
    model, first, done = pair(spec, small(), classes)
    ours, theirs = output(model, image), output(first, image)
    np.testing.assert_allclose(ours[..., 1], theirs[..., 2], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours[..., 2], theirs[..., 0], rtol=1e-5, atol=1e-6)
    kernel, bias = model.get_layer("logits").get_weights()  # type: ignore[attr-defined]
    np.testing.assert_array_equal(kernel[..., 0], random[0][..., 0])
    assert bias[0] == random[1][0]
    assert done.adapted == ("the last layer taken over for road, land, random for ship",)
    assert "random for ship" in done.sentence("first")


def test_no_class_in_common_leaves_the_last_layer_random() -> None:
    spec = small(classes=2)
    random = filled(spec, 1).get_layer("logits").get_weights()  # type: ignore[attr-defined]
    model, _, done = pair(spec, small(), ("ship", "car"))
    for value, earlier in zip(model.get_layer("logits").get_weights(), random, strict=True):  # type: ignore[attr-defined]
        np.testing.assert_array_equal(value, earlier)
    assert done.random == ("logits",)
    assert done.sentence("first").endswith("logits left random.")


@pytest.mark.training
def test_a_batch_normalisation_of_the_input_takes_the_mean_of_the_bands() -> None:
    spec, source = (ZooSpec(backbone="resnet18", bands=bands, classes=3) for bands in (2, 3))
    model, first, done = pair(spec, source)
    (name,) = (layer.name for layer in model.layers if layer.name.endswith("_bn_data"))  # type: ignore[attr-defined]
    for own, value in zip(
        model.get_layer(name).get_weights(),  # type: ignore[attr-defined]
        first.get_layer(name).get_weights(),  # type: ignore[attr-defined]
        strict=True,
    ):
        np.testing.assert_allclose(own, [value.mean()] * 2, rtol=1e-6)
    assert len(done.adapted) == 2
    assert "logits" in done.copied


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (small(width=12), "its width is 12, not 8"),
        (small(norm="group"), "its norm is group, not batch"),
        (UNetVGG11Spec(classes=3), "its architecture is unet-vgg11, not unet"),
    ],
)
def test_another_network_is_refused_with_what_differs(source: ModelSpec, message: str) -> None:
    model = filled(small(), 1)
    with pytest.raises(ModelError, match=message):
        transfer(model, small(), model, source, CLASSES, CLASSES)  # type: ignore[arg-type]


def test_what_weights_expect_is_averaged_where_the_first_layer_is() -> None:
    weights = Expected(
        name="x", mean=(1, 2, 6), std=(1, 1, 4), data_mean=(0, 0, 3), data_std=(2, 2, 2)
    )
    assert expected_by(weights, 3) is weights
    two = expected_by(weights, 2)
    assert (two.mean, two.std, two.data_mean) == ((3, 3), (2, 2), (1, 1))
