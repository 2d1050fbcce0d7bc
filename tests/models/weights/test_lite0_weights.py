"""EfficientNet-Lite0's bundled weights: what they compute and see, and how they are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.imagery.normalise import Normalisation
from core.models.architectures.unet_lite0 import UNetLite0Spec
from core.models.network import build_model, encoder_layers
from core.models.store import find_model, list_models
from core.models.weights import imagenet as table
from core.models.weights.imagenet import pretrained_weights
from core.models.weights.lite0_weights import (
    convert_lite0,
    lite0_shapes,
    read_lite0,
    read_lite0_tensors,
)
from core.models.weights.pretrained import (
    at_hand,
    check_encoder_weights,
    load_encoder,
    local_choices,
    pretrained_normalisation,
    weights_file,
)
from core.paths import BUNDLED_ENCODERS, workspace
from tests.torch_file import write_torch_pickle

SPEC = UNetLite0Spec(classes=2)
FILE = BUNDLED_ENCODERS / "efficientnet-lite0.safetensors"


@pytest.fixture(scope="module")
def stored() -> dict[str, np.ndarray]:
    """The file's tensors, read here by the format's description, not by the code under test."""
    data = FILE.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        start, end = (8 + length + at for at in entry["data_offsets"])
        numbers = np.frombuffer(data[start:end], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]])
        tensors[name] = numbers.reshape(entry["shape"]).astype(np.float64)
    return tensors


@pytest.fixture(scope="module")
def model() -> Any:
    network = build_model(SPEC)
    load_encoder(network, SPEC, FILE)
    return network


def features(model: Any, *names: str) -> Callable[[np.ndarray], list[np.ndarray]]:
    import keras

    graph = keras.Model(model.input, [model.get_layer(name).output for name in names])
    return lambda x: [np.asarray(o) for o in keras.tree.flatten(graph(x, training=False))]


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """x (C, H, W), kernel OIHW, padded as TensorFlow's "same"; of one channel alone if I is 1."""
    window = kernel.shape[-1]
    pads = []
    for side in x.shape[1:]:
        total = max((-(-side // stride) - 1) * stride + window - side, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, ((0, 0), *pads))
    views = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(1, 2))
    views = views[:, ::stride, ::stride]
    if kernel.shape[1] == 1 < len(x):
        return np.einsum("chwij,cij->chw", views, kernel[:, 0])
    return np.einsum("chwij,ocij->ohw", views, kernel, optimize=True)


def numpy_lite0(tensors: dict[str, np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """Outputs (H, W, C) of the seven stages of EfficientNet-Lite0; x is (H, W, 3)."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        gamma, beta, mean, variance = (
            tensors[f"{name}.{kind}"][:, None, None]
            for kind in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    x = x.transpose(2, 0, 1).astype(np.float64)
    x = np.clip(norm(convolved(x, tensors["_conv_stem.weight"], 2), "_bn0"), 0, 6)
    outputs, number = [], 0
    for repeats, stride in zip((1, 2, 2, 3, 3, 4, 1), (1, 2, 2, 2, 1, 2, 1), strict=True):
        for repeat in range(repeats):
            name, before = f"_blocks.{number}.", x
            if number:
                x = convolved(x, tensors[f"{name}_expand_conv.weight"])
                x = np.clip(norm(x, f"{name}_bn0"), 0, 6)
            kernel = tensors[f"{name}_depthwise_conv.weight"]
            x = convolved(x, kernel, 1 if repeat else stride)
            x = np.clip(norm(x, f"{name}_bn1"), 0, 6)
            x = norm(convolved(x, tensors[f"{name}_project_conv.weight"]), f"{name}_bn2")
            if repeat:
                x = x + before
            number += 1
        outputs.append(x.transpose(1, 2, 0))
    return outputs


STAGES = (
    "enc1_block0_project_norm",
    "enc2_block2_add",
    "enc3_block4_add",
    "enc4_block7_add",
    "enc4_block10_add",
    "enc5_block14_add",
    "enc5_block15_project_norm",
)


def test_the_encoder_computes_what_numpy_computes(
    model: Any, stored: dict[str, np.ndarray]
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.float32)
    x = (image - 127) / 128
    for got, wanted in zip(features(model, *STAGES)(x[None]), numpy_lite0(stored, x), strict=True):
        assert got.shape[1:] == wanted.shape and wanted.std() > 0.1
        np.testing.assert_allclose(got[0], wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("picture", "classes"),
    [
        ("chelsea.png", {281, 282, 285}),  # tabby, tiger cat, Egyptian cat
        ("coffee.png", {967}),  # espresso
        ("rocket.jpg", {657, 744, 812}),  # missile, projectile, space shuttle
    ],
)
def test_the_classifier_knows_pictures(
    model: Any, stored: dict[str, np.ndarray], picture: str, classes: set[int]
) -> None:
    cv2 = pytest.importorskip("cv2")
    data = pytest.importorskip("skimage.data")
    path = Path(data.__file__).with_name(picture)
    if not path.is_file():
        pytest.skip(f"this scikit-image does not ship {picture}")
    image = cv2.imread(str(path))[..., ::-1]
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    image = cv2.resize(image[top : top + side, left : left + side], (256, 256), interpolation=3)
    normalise = pretrained_normalisation(Normalisation(kind="unit"), SPEC, 3)
    (x,) = features(model, STAGES[-1])(normalise(image[None, 16:240, 16:240]))
    head = np.einsum("hwc,oc->hwo", x[0], stored["_conv_head.weight"][:, :, 0, 0])
    head = (head - stored["_bn1.running_mean"]) / np.sqrt(stored["_bn1.running_var"] + 1e-3)
    head = np.clip(head * stored["_bn1.weight"] + stored["_bn1.bias"], 0, 6).mean((0, 1))
    scores = stored["_fc.weight"] @ head + stored["_fc.bias"]
    assert int(np.argmax(scores)) in classes


def test_it_takes_the_image_as_the_package_says() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 9, 8, 3)).astype(np.uint8)
    got = pretrained_normalisation(Normalisation(kind="unit"), SPEC, 3)(image)
    np.testing.assert_allclose(got, (image.astype(np.float32) - 127) / 128, atol=1e-6)


def test_imagenets_weights_are_there_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("something is fetched")

    row = pretrained_weights(SPEC)
    assert row is not None and row.bundled == FILE
    monkeypatch.setattr("core.models.weights.cache._opened", refused)
    assert at_hand(SPEC)
    check_encoder_weights(SPEC, "imagenet")
    assert weights_file(SPEC, "imagenet") == FILE
    assert list(workspace().weights.iterdir()) == []
    assert FILE.stat().st_size < 10e6
    assert (FILE.parent / "LICENSE").is_file()
    assert "Apache License" in (FILE.parent / "NOTICE.md").read_text()


def test_a_damaged_bundled_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dataclasses import replace

    bad = tmp_path / "lite0.safetensors"
    row = replace(table._BY_ENCODER["efficientnet-lite0"], bundled=bad)
    monkeypatch.setitem(table._BY_ENCODER, "efficientnet-lite0", row)
    with pytest.raises(ModelError, match="is not there"):
        weights_file(SPEC, "imagenet")
    bad.write_bytes(FILE.read_bytes()[:-1])
    with pytest.raises(ModelError, match="is not what the program came with"):
        weights_file(SPEC, "imagenet")


@pytest.mark.parametrize("bands", [1, 4])
def test_other_bands_by_the_rule(model: Any, bands: int) -> None:
    spec = UNetLite0Spec(classes=2, bands=bands)
    other = build_model(spec)
    full = other.get_layer("stem_conv").get_weights()[0].copy()
    assert load_encoder(other, spec, FILE).bands == bands
    rgb, own = (m.get_layer("enc1_stem").get_weights()[0] for m in (model, other))
    if bands == 1:
        np.testing.assert_allclose(own[:, :, 0], rgb.sum(2), rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(own, rgb[:, :, [0, 1, 2, 0]] * 0.75, rtol=1e-6)
    # The convolution at full resolution is the decoder's and stays random.
    np.testing.assert_array_equal(other.get_layer("stem_conv").get_weights()[0], full)


def test_the_encoder_and_nothing_else_is_loaded(model: Any) -> None:
    stored = read_lite0(FILE)
    weighted = [layer.name for layer in encoder_layers(model, SPEC) if layer.weights]
    assert sorted(stored) == sorted(weighted)
    assert sum(values.size for layer in stored.values() for values in layer) == 2_998_304


def test_the_packages_own_file_does_as_well(tmp_path: Path) -> None:
    """A file in PyTorch's form with the package's names, and the safetensors made of it."""
    rng = np.random.default_rng(1)
    tensors = {
        name: rng.uniform(0.1, 1, shape).astype(np.float32)
        for name, shape in lite0_shapes().items()
    }
    path = workspace().weights / "lite0.pth"
    write_torch_pickle(path, {**tensors, "_bn0.num_batches_tracked": np.array(7)})
    assert local_choices(SPEC) == ["lite0.pth"]
    assert weights_file(SPEC, "lite0.pth") == path
    network = build_model(SPEC)
    load_encoder(network, SPEC, path)
    kernel = network.get_layer("enc5_block15_depthwise").get_weights()[0]
    wanted = tensors["_blocks.15._depthwise_conv.weight"]
    np.testing.assert_array_equal(kernel[..., 0], wanted[:, 0].transpose(1, 2, 0))
    made = tmp_path / "made.safetensors"
    convert_lite0(path, made)
    for name, values in read_lite0_tensors(made).items():
        rounded = tensors[name].astype(np.float16 if values.ndim > 1 else np.float32)
        np.testing.assert_array_equal(values, rounded)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    write_torch_pickle(path, {"_conv_stem.weight": np.zeros((40, 3, 3, 3), np.float32)})
    with pytest.raises(ModelError, match=r"expected _conv_stem.weight of shape \[32, 3, 3, 3\]"):
        read_lite0(path)


def test_the_folder_is_no_model() -> None:
    assert "encoders" not in [ref.name for ref in list_models()]
    with pytest.raises(ModelError, match="cannot be used as a model"):
        find_model("encoders")
