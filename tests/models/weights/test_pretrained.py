"""Pretrained encoders: fetched, checked, and the same output as by independent arithmetic."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError, ModelError
from core.formats import counted
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo import _package, whole_encoder
from core.models.architectures.zoo_spec import ZooSpec
from core.models.network import build_model, encoder_layers
from core.models.spec import ModelSpec
from core.models.weights import imagenet as table
from core.models.weights.imagenet import pretrained_weights
from core.models.weights.pretrained import (
    adapt_channels,
    adapt_kernel,
    check_encoder_weights,
    input_layers,
    load_encoder,
    local_choices,
    pretrained_normalisation,
    weights_file,
)
from core.paths import workspace
from tests.weights_server import served, vgg11_tensors, write_keras2, write_safetensors

pytestmark = pytest.mark.training

VGG11 = UNetVGG11Spec(classes=2)
POOLED = (0, 3, 8, 13)  # VGG11's convolutions that a pooling follows, but the last
REST = 64 * 1024**2
BACKBONES = sorted(set(table._BY_ENCODER) - {"vgg11", "efficientnet-lite0"})


def zoo(backbone: str, bands: int = 3) -> ZooSpec:
    # Not validated: which of them build is the zoo's affair.
    return ZooSpec.model_construct(
        architecture="sm-unet", backbone=backbone, bands=bands, classes=2, size=0
    )


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return vgg11_tensors()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray]) -> Path:
    """VGG11's file on the server; what belongs to its classifier is a hole of 64 MB."""
    path = tmp_path_factory.mktemp("remote") / "model.safetensors"
    write_safetensors(path, tensors, REST)
    return path


@pytest.fixture(scope="module")
def vgg11() -> Any:
    """A network that no test changes."""
    return build_model(VGG11)


def at(monkeypatch: pytest.MonkeyPatch, encoder: str, address: str, **changed: Any) -> None:
    row = replace(table._BY_ENCODER[encoder], address=address, **changed)
    monkeypatch.setitem(table._BY_ENCODER, encoder, row)


def numpy_vgg11(tensors: dict[str, np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """Outputs of VGG11's convolutions after their ReLU; x is (N, H, W, 3)."""
    outputs = []
    x = x.astype(np.float64)
    for place in (0, 3, 6, 8, 11, 13, 16, 18):
        kernel, bias = (tensors[f"features.{place}.{part}"] for part in ("weight", "bias"))
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        x = np.maximum(np.tensordot(windows, kernel, axes=((3, 4, 5), (1, 2, 3))) + bias, 0)
        outputs.append(x)
        if place in POOLED:
            n, h, w, c = x.shape
            x = x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))
    return outputs


def test_vgg11_is_fetched_in_part_and_computes_what_numpy_computes(
    monkeypatch: pytest.MonkeyPatch, remote: Path, tensors: dict[str, np.ndarray]
) -> None:
    import keras

    progress: list[tuple[int, int]] = []
    with served(remote) as (address, asked):
        at(monkeypatch, "vgg11", address)
        path = weights_file(VGG11, "imagenet", lambda done, total: progress.append((done, total)))
    # The length, the header, and all convolutions at once: they lie side by side.
    assert len(asked) == 3 and asked[0] == (0, 7)
    assert asked[2][1] - asked[2][0] + 1 == sum(t.nbytes for t in tensors.values())
    assert progress[-1] == (4 * 9_220_480, 4 * 9_220_480)
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    # The server is gone: the second start does without.
    assert weights_file(VGG11, "imagenet") == path

    model = build_model(VGG11)
    before = model.get_layer("dec5_conv").get_weights()[0].copy()
    loaded = load_encoder(model, VGG11, path)
    assert (loaded.layers, loaded.parameters) == (8, 9_220_480)
    np.testing.assert_array_equal(model.get_layer("dec5_conv").get_weights()[0], before)
    names = [layer.name for layer in encoder_layers(model, VGG11) if layer.weights]
    x = np.random.default_rng(1).normal(0, 1, (2, 32, 64, 3)).astype(np.float32)
    features = keras.Model(model.input, [model.get_layer(name).output for name in names])
    for got, wanted in zip(features(x), numpy_vgg11(tensors, x), strict=True):
        np.testing.assert_allclose(np.asarray(got), wanted, atol=1e-4)


def test_a_cache_that_was_damaged_is_fetched_anew(
    monkeypatch: pytest.MonkeyPatch, remote: Path
) -> None:
    with served(remote) as (address, asked):
        at(monkeypatch, "vgg11", address)
        path = weights_file(VGG11, "imagenet")
        whole = path.read_bytes()
        spoiled = bytearray(whole)
        spoiled[len(whole) // 2] ^= 1
        path.write_bytes(bytes(spoiled))
        weights_file(VGG11, "imagenet")
        assert len(asked) == 6
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-4])
    with pytest.raises(ModelError, match="cannot be fetched") as error:
        weights_file(VGG11, "imagenet")
    assert address in error.value.remedy and "encoder_weights=FILE" in error.value.remedy
    assert str(workspace().weights) in error.value.remedy


def test_a_fetch_can_be_ended_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, remote: Path
) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise Enough

    with served(remote) as (address, _):
        at(monkeypatch, "vgg11", address)
        with pytest.raises(Enough):
            weights_file(VGG11, "imagenet", stop)
    assert list(workspace().weights.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"ranges": False}, "does not give parts"), ({"cut": REST + 1000}, "cannot be fetched|broke")],
)
def test_a_server_that_does_not_do_its_part_is_reported(
    monkeypatch: pytest.MonkeyPatch, remote: Path, settings: dict[str, Any], message: str
) -> None:
    with served(remote, **settings) as (address, _):
        at(monkeypatch, "vgg11", address)
        with pytest.raises(ModelError, match=message):
            weights_file(VGG11, "imagenet")


def header(text: bytes, length: int | None = None) -> bytes:
    return (len(text) if length is None else length).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file ends at 0 bytes"),
        (header(b"{}", 2**63), "its header would take"),
        (header(b"{}", 1000), "the file ends at 10 bytes"),
        (header(b"[" * 100_000), "no JSON"),
        (header(b"[]"), "no list of tensors"),
        (header(b"{}"), "no tensor features.0.weight"),
        (header(b'{"features.0.weight": 3}'), "received None"),
        (
            header(
                b'{"features.0.weight": {"dtype": "F16", "shape": [64, 3, 3, 3], '
                b'"data_offsets": [0, 3456]}}'
            ),
            "received F16",
        ),
        (
            header(
                b'{"features.0.weight": {"dtype": "F32", "shape": [64, 3, 3, 3], '
                b'"data_offsets": [-6912, 0]}}'
            ),
            "does not have its 6,912 bytes",
        ),
        (
            header(
                b'{"features.0.weight": {"dtype": "F32", "shape": [64, 3, 3, 3], '
                b'"data_offsets": [0, 99999999999]}}'
            ),
            "does not have its 6,912 bytes",
        ),
    ],
)
def test_broken_safetensors_are_refused(
    tmp_path: Path, vgg11: Any, content: bytes, message: str
) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_encoder(vgg11, VGG11, path)


def test_a_local_file_of_the_whole_network_does_as_well(
    tmp_path: Path, remote: Path, tensors: dict[str, np.ndarray]
) -> None:
    own = workspace().weights / "mine.safetensors"
    own.write_bytes(remote.read_bytes()[: -REST // 2])  # the classifier's part need not be whole
    assert local_choices(VGG11) == ["mine.safetensors"]
    assert weights_file(VGG11, "mine.safetensors") == own
    assert weights_file(VGG11, str(remote)) == remote
    model = build_model(VGG11)
    load_encoder(model, VGG11, own)
    kernel = model.get_layer("conv1").get_weights()[0]
    np.testing.assert_array_equal(kernel, tensors["features.0.weight"].transpose(2, 3, 1, 0))


@pytest.mark.parametrize(
    ("spec", "choice", "start_from", "message"),
    [
        (VGG11, "imagenet", "other", "either with a model's"),
        (UNetSpec(), "imagenet", "", "no encoder weights for the architecture unet"),
        (VGG11, "resnet.h5", "", "expected none, imagenet or a file .safetensors"),
        (VGG11, "nothing.safetensors", "", "there is no file"),
        (ZooSpec(), "ImageNet", "", "expected none, imagenet or a file .h5"),
    ],
)
def test_choices_that_do_not_fit_name_the_setting(
    spec: ModelSpec, choice: str, start_from: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        check_encoder_weights(spec, choice, start_from)
    assert error.value.where == "encoder_weights"
    check_encoder_weights(spec, "none", start_from)


def scrambled(encoder: Any, seed: int) -> None:
    """Random numbers for all weights, such that activations neither die nor explode."""
    rng = np.random.default_rng(seed)
    for layer in encoder.layers:
        values = []
        for weight in layer.weights:
            shape = tuple(weight.shape)
            if "variance" in weight.name or "gamma" in weight.name:
                values.append(rng.uniform(0.5, 1.5, shape))
            elif len(shape) == 1:
                values.append(rng.normal(0, 0.1, shape))
            else:
                fan = np.prod(shape[:2]) * (1 if "depthwise" in weight.name else shape[2])
                values.append(rng.normal(0, np.sqrt(1 / fan), shape))
        layer.set_weights(values)


@pytest.mark.parametrize("backbone", ["resnet18", "seresnet18", "vgg16", "mobilenetv2"])
def test_a_zoo_encoder_computes_what_the_package_computes(tmp_path: Path, backbone: str) -> None:
    """Of an 8-bit image, from its own preprocessing to the last feature map."""
    import keras

    encoder = whole_encoder(backbone)
    scrambled(encoder, 1)
    path = tmp_path / "weights.h5"
    write_keras2(path, encoder, offset=7)
    image = np.random.default_rng(0).integers(0, 256, (1, 96, 64, 3)).astype(np.uint8)
    prepare = _package().get_preprocessing(backbone)
    wanted = np.asarray(encoder(prepare(image.astype(np.float32))))
    assert np.abs(wanted).max() > 0.01

    spec = zoo(backbone)
    model = build_model(spec)
    loaded = load_encoder(model, spec, path)
    assert loaded.parameters == encoder.count_params()
    (last,) = [
        layer for layer in model.layers if layer.name.partition("_")[2] == encoder.layers[-1].name
    ]
    normalise = pretrained_normalisation(Normalisation(), spec, 3)
    got = np.asarray(keras.Model(model.input, last.output)(normalise(image)))
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory: pytest.TempPathFactory) -> Path:
    encoder = whole_encoder("resnet18")
    scrambled(encoder, 2)
    path = tmp_path_factory.mktemp("resnet18") / "resnet18.h5"
    write_keras2(path, encoder)
    return path


def test_files_of_another_encoder_are_refused_and_change_nothing(
    tmp_path: Path, resnet18: Path
) -> None:
    import h5py

    model, spec = build_model(zoo("seresnet18")), zoo("seresnet18")
    before = [value.copy() for value in model.get_weights()]
    with pytest.raises(ModelError, match=r"not of seresnet18: .*no weights for"):
        load_encoder(model, spec, resnet18)
    with h5py.File(resnet18, "r") as source, h5py.File(tmp_path / "more.h5", "w") as more:
        for key in source:
            source.copy(key, more)
        names = [*source.attrs["layer_names"], "stage4_unit3_conv1"]
        more.attrs["layer_names"] = names
        source.copy("stage4_unit2_conv1", more, "stage4_unit3_conv1")
    (tmp_path / "text.h5").write_text("no HDF5")
    plain = zoo("resnet18")
    with pytest.raises(ModelError, match="a layer stage4_unit3_conv1 besides"):
        load_encoder(build_model(plain), plain, tmp_path / "more.h5")
    with pytest.raises(ModelError, match="cannot be read"):
        load_encoder(model, spec, tmp_path / "text.h5")
    for value, earlier in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, earlier)


def test_a_whole_download_is_held_to_the_published_checksum(
    monkeypatch: pytest.MonkeyPatch, resnet18: Path
) -> None:
    import hashlib

    spec = zoo("resnet18")
    md5 = hashlib.md5(resnet18.read_bytes()).hexdigest()
    progress: list[tuple[int, int]] = []
    with served(resnet18) as (address, asked):
        at(monkeypatch, "resnet18", address, checksum=("md5", "0" * 32))
        with pytest.raises(ModelError, match="its MD5 is not the published one"):
            weights_file(spec, "imagenet")
        assert list(workspace().weights.iterdir()) == []
        at(monkeypatch, "resnet18", address, checksum=("md5", md5))
        path = weights_file(spec, "imagenet", lambda done, total: progress.append((done, total)))
        assert asked == [None, None]
    size = resnet18.stat().st_size
    assert progress[-1] == (size, size)
    assert path.read_bytes() == resnet18.read_bytes()
    # One that somebody has put there by hand is taken, if it is the published one.
    path.with_name(f"{path.name}.sha256").unlink()
    assert weights_file(spec, "imagenet") == path


def test_a_download_that_breaks_off_is_reported(
    monkeypatch: pytest.MonkeyPatch, resnet18: Path
) -> None:
    with served(resnet18, cut=1000) as (address, _):
        at(monkeypatch, "resnet18", address, checksum=None)
        with pytest.raises(ModelError, match=r"cannot be fetched|broke off"):
            weights_file(zoo("resnet18"), "imagenet")
    assert list(workspace().weights.iterdir()) == []


@pytest.mark.parametrize("bands", [1, 2, 4, 7])
def test_the_first_layers_are_adapted_to_other_bands(resnet18: Path, bands: int) -> None:
    models = {}
    for count in (3, bands):
        models[count] = build_model(zoo("resnet18", count))
        loaded = load_encoder(models[count], zoo("resnet18", count), resnet18)
    assert loaded.bands == bands
    assert f"adapted to {counted(bands, 'band')}" in loaded.sentence()
    names = {layer.name for layer in input_layers(models[bands])}
    assert {name.partition("_")[2] for name in names} == {"bn_data", "conv0"}
    for layer in models[3].layers:
        if layer.weights and layer.name not in names and layer.name.startswith("enc"):
            ours = models[bands].get_layer(layer.name).get_weights()
            for value, wanted in zip(ours, layer.get_weights(), strict=True):
                np.testing.assert_array_equal(value, wanted)
    rgb, own = (
        next(
            layer for layer in models[count].layers if layer.name.endswith("_conv0")
        ).get_weights()[0]
        for count in (3, bands)
    )
    if bands == 1:
        np.testing.assert_allclose(own[:, :, 0], rgb[:, :, 0] + rgb[:, :, 1] + rgb[:, :, 2], 1e-5)
    else:
        for band in range(bands):
            np.testing.assert_allclose(own[:, :, band], rgb[:, :, band % 3] * 3 / bands, 1e-5)


def test_one_band_is_what_grey_was() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 1, (3, 3, 3, 5)).astype(np.float32)
    grey = rng.random((4, 4)).astype(np.float32)
    one = np.tensordot(grey[:3, :3, None], adapt_kernel(kernel, 1), 3)
    three = np.tensordot(np.repeat(grey[:3, :3, None], 3, axis=2), kernel, 3)
    np.testing.assert_allclose(one, three, rtol=1e-5, atol=1e-6)
    assert adapt_kernel(kernel, 3) is kernel
    np.testing.assert_array_equal(adapt_channels(np.array([1.0, 2.0, 6.0]), 1), [3])
    np.testing.assert_array_equal(adapt_channels(np.array([1.0, 2.0, 6.0]), 4), [1, 2, 6, 1])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_preprocessing_is_the_packages_own(backbone: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 9, 8, 3)).astype(np.uint8)
    wanted = _package().get_preprocessing(backbone)(image.astype(np.float32))
    row = pretrained_weights(zoo(backbone))
    assert row is not None
    if row.scaling.bgr:  # our kernels are turned round instead
        wanted = wanted[..., ::-1]
    got = pretrained_normalisation(Normalisation(kind="unit"), zoo(backbone), 3)(image)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=5e-6 * np.abs(wanted).max())


def test_what_is_standardised_arrives_with_imagenets_mean_and_spread() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal((-12, -20, 3, 0), (3, 6, 1, 9), (200, 200, 4)).astype(np.float32)
    own = Normalisation(
        kind="standard",
        divisor=1,
        mean=tuple(pixels.mean((0, 1), np.float64)),
        std=tuple(pixels.std((0, 1), np.float64)),
    )
    for backbone in ("resnet18", "vgg16", "inceptionv3", "efficientnetb0"):
        row = pretrained_weights(zoo(backbone))
        assert row is not None
        got = pretrained_normalisation(own, zoo(backbone), 4)(pixels)
        wanted = (np.array((IMAGENET_MEAN, IMAGENET_STD)) - [row.scaling.mean, (0,) * 3]) / (
            row.scaling.std
        )
        channel = np.arange(4) % 3
        np.testing.assert_allclose(got.mean((0, 1)), wanted[0][channel], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(got.std((0, 1)), wanted[1][channel], rtol=1e-3)


def test_torchvisions_numbers_leave_standardised_values_as_they_are() -> None:
    own = Normalisation(kind="standard", mean=(0.4, 0.5, 0.3), std=(0.1, 0.2, 0.3))
    image = np.random.default_rng(0).integers(0, 256, (5, 5, 3)).astype(np.uint8)
    got = pretrained_normalisation(own, VGG11, 3)(image)
    np.testing.assert_allclose(got, own(image), atol=1e-5)


def test_the_table_has_the_packages_own_addresses_and_checksums() -> None:
    rows = table._BY_ENCODER
    for known in importlib.import_module("classification_models.weights").WEIGHTS_COLLECTION:
        if known["dataset"] == "imagenet" and not known["include_top"]:
            row = rows[known["model"]]
            assert (row.address, row.checksum) == (known["url"], ("md5", known["md5"]))
    efficient = importlib.import_module("efficientnet.model")
    for name, (_, sha256) in efficient.WEIGHTS_HASHES.items():
        row = rows[name.replace("-", "")]
        assert row.checksum == ("sha256", sha256)
        assert row.address.startswith(f"{efficient.BASE_WEIGHTS_PATH}{name}_weights_")
    for name, module in {
        "vgg16": "vgg16",
        "vgg19": "vgg19",
        "inceptionv3": "inception_v3",
    }.items():
        known = importlib.import_module(f"keras_applications.{module}")
        assert rows[name].address == known.WEIGHTS_PATH_NO_TOP
    for name, module in {"mobilenet": "mobilenet", "mobilenetv2": "mobilenet_v2"}.items():
        known = importlib.import_module(f"keras_applications.{module}")
        assert rows[name].address.startswith(known.BASE_WEIGHT_PATH)
    known = importlib.import_module("keras_applications.inception_resnet_v2")
    assert rows["inceptionresnetv2"].address.startswith(known.BASE_WEIGHT_URL)
