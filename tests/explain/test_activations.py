"""Feature maps of an image: input, padding, windows, statistics, colours and files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import ImageError, ModelError, WorkspaceError
from core.explain.activations import (
    Window,
    _file_stems,
    centre_window,
    feature_maps,
    strength,
    write_activations,
)
from core.explain.heat import colour, enlarge, sheet, span, thumbnail, to_heat
from core.imagery.raster import Header, Raster
from core.models.store import find_model, load_model


@pytest.fixture
def tiny(tiny_model):
    return load_model(find_model(tiny_model).folder)


def _image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_maps_are_the_layers_output_for_the_normalised_image(tiny):
    import keras

    model, card = tiny
    image = _image(32, 48)
    part = keras.Model(model.inputs[0], model.get_layer("bridge_relu2").output)
    expected = part(image[None] / np.float32(255), training=False)[0]
    found = feature_maps(model, card, image, "bridge_relu2")
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)
    assert found.maps.dtype == np.float32
    assert found.stride == (4, 4)
    assert found.note == "the whole image, 48 × 32 px"


@pytest.mark.parametrize("layer", ["enc1_relu2", "enc2_relu2", "bridge_relu2"])
def test_a_side_of_any_length_is_extended_by_reflection(tiny, layer):
    model, card = tiny
    image = _image(33, 22)
    by_hand = np.pad(image, ((0, 3), (0, 2), (0, 0)), mode="reflect")
    found = feature_maps(model, card, image, layer)
    whole = feature_maps(model, card, by_hand, layer)
    height, width = found.maps.shape[:2]
    assert (height, width) == tuple(np.ceil(np.array([33, 22]) / found.stride))
    np.testing.assert_allclose(found.maps, whole.maps[:height, :width], atol=1e-5)


def test_a_single_pixel_has_maps(tiny):
    assert feature_maps(*tiny, _image(1, 1), "bridge_relu2").maps.shape == (1, 1, 32)


def test_a_window_is_the_same_as_that_part_cut_out(tiny):
    image = _image(64, 64)
    window = Window(8, 20, 32, 24)
    found = feature_maps(*tiny, image, "enc2_relu2", window=window)
    cut = feature_maps(*tiny, window.of(image), "enc2_relu2")
    np.testing.assert_array_equal(found.maps, cut.maps)
    assert found.note == (
        "a window of 24 × 32 px, 20 px from the left and 8 px from the top, of the image's "
        "64 × 64 px"
    )


def test_a_large_image_is_not_shrunk_but_its_middle_is_taken(tiny):
    image = _image(40, 90)
    found = feature_maps(*tiny, image, "enc1_relu2", limit=32)
    assert found.window == centre_window(40, 90, 32) == Window(4, 29, 32, 32)
    cut = feature_maps(*tiny, image[4:36, 29:61], "enc1_relu2")
    np.testing.assert_array_equal(found.maps, cut.maps)


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window(0, 0, 41, 10), "is not inside the image of 40 × 40 px"),
        (Window(-1, 0, 10, 10), "is not inside"),
        (Window(0, 35, 10, 10), "is not inside"),
        (Window(0, 0, 0, 10), "is not inside"),
        (Window(0, 0, 40, 40), "is larger than 32 px"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(tiny, window, text):
    with pytest.raises(ImageError, match=text):
        feature_maps(*tiny, _image(40, 40), "enc1_relu2", window=window, limit=32)


def test_pixels_without_data_are_zero_whatever_they_hold(tiny):
    image = _image(16, 16)
    valid = np.ones((16, 16), bool)
    valid[4:8, 4:8] = False
    other = image.copy()
    other[~valid] = 0
    header = Header(16, 16, 3, "uint8", "PNG", None, None)
    found = feature_maps(*tiny, Raster(image, valid, header), "enc1_relu2")
    expected = feature_maps(*tiny, other, "enc1_relu2")
    np.testing.assert_array_equal(found.maps, expected.maps)


def test_other_bands_or_types_are_refused_as_in_prediction(tiny):
    from core.inference.predictor import Predictor

    model, card = tiny
    predictor = Predictor(model, card.normalisation, multiple=4, dtype=card.dtype)
    for image in (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.uint16)):
        with pytest.raises(ImageError) as there:
            predictor.check(image)
        with pytest.raises(ImageError) as here:
            feature_maps(model, card, image, "enc1_relu2")
        assert str(here.value) == str(there.value)


def test_broken_weights_are_told(tiny):
    model, card = tiny
    model.get_layer("enc1_conv1").set_weights([np.full((3, 3, 3, 8), np.nan, np.float32)])
    with pytest.raises(ModelError, match="not finite"):
        feature_maps(model, card, _image(8, 8), "enc1_conv1")


def test_the_strongest_channel_is_the_one_that_varies_most():
    flat = np.full((4, 4), 100.0)
    little = np.zeros((4, 4))
    little[0, 0] = 1
    much = np.zeros((4, 4))
    much[:2] = 6
    said = strength(np.stack([flat, little, much, flat], axis=-1).astype(np.float32))
    assert said.order == [2, 1, 0, 3]
    np.testing.assert_allclose(said.std, [0, np.sqrt(1 / 16 - 1 / 256), 3, 0])
    np.testing.assert_allclose(said.mean, [100, 1 / 16, 3, 100])
    np.testing.assert_array_equal([said.low[2], said.high[2]], [0, 6])


def test_heat_spans_the_range_it_is_given():
    values = np.array([[-1.0, 0.0], [1.0, 3.0]])
    np.testing.assert_array_equal(to_heat(values, -1, 3), [[0, 64], [128, 255]])
    np.testing.assert_array_equal(to_heat(values, 0, 1), [[0, 0], [255, 255]])
    assert not to_heat(np.full((2, 2), 7.0)).any()


def test_a_few_extreme_values_do_not_darken_a_map():
    values = np.linspace(0, 1, 1000).reshape(25, 40)
    values[0, 0], values[-1, -1] = -1e6, 1e6
    low, high = span(values)
    assert (low, high) == pytest.approx((0.005, 0.995), abs=2e-3)
    assert to_heat(values).std() == pytest.approx(255 / np.sqrt(12), rel=0.02)
    lone = np.zeros((40, 40))
    lone[3, 3] = 5
    assert span(lone) == (0, 5)


def test_colours_run_from_violet_to_yellow():
    # The ends of viridis as published: #440154 and #FDE725.
    np.testing.assert_array_equal(
        colour(np.array([[0, 255]], np.uint8)), [[[0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]]]
    )


def test_enlarging_keeps_values_and_their_places():
    values = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(enlarge(values, (4, 4)), np.kron(values, np.ones((2, 2), int)))
    # A stride of 4 over 6 pixels: the second value reaches beyond the window.
    np.testing.assert_array_equal(enlarge(values, (6, 5), (4, 4))[:, 0], [1, 1, 1, 1, 3, 3])
    np.testing.assert_array_equal(enlarge(values, (6, 5), (4, 4))[0], [1, 1, 1, 1, 2])


def test_thumbnails_are_crisp_or_averaged():
    small = np.array([[0, 255]], np.uint8)
    assert set(np.unique(thumbnail(small, 9))) == {0, 255}
    assert thumbnail(small, 9).shape == (4, 8)
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    assert set(np.unique(thumbnail(checks.astype(np.uint8), 32))) <= {127, 128}


def test_a_sheet_shows_every_map():
    heats = [np.full((8, 8), value, np.uint8) for value in (0, 100, 200, 255, 50)]
    colours = {tuple(rgb) for rgb in sheet(heats, range(5), side=32).reshape(-1, 3)}
    for heat in heats:
        assert tuple(colour(heat)[0, 0]) in colours


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Dubai part.png"
    cv2.imwrite(str(path), _image(30, 44))
    return path


def test_files_of_the_command_line(tiny_model, picture, tmp_path):
    out = tmp_path / "out" / "maps"
    written = write_activations(picture, tiny_model, out)
    layers = ["enc1_relu2", "enc2_relu2", "bridge_relu2", "dec2_relu2", "dec1_relu2"]
    names = [f"Dubai part_{layer}.{kind}" for layer in layers for kind in ("png", "npz")]
    assert [path.name for path in written] == [*names, "Dubai part_activations.json"]
    assert set(out.iterdir()) == set(written)

    said = json.loads(written[-1].read_text())
    assert said["model"] == tiny_model
    assert said["part"] == "the whole image, 44 × 30 px"
    assert [layer["layer"] for layer in said["layers"]] == layers
    for layer in said["layers"]:
        with np.load(out / layer["files"][1]) as file:
            maps = file["maps"]
        assert maps.dtype == np.float16
        assert list(maps.shape) == layer["shape"]
        stds = [channel["std"] for channel in layer["channels"]]
        assert stds == sorted(stds, reverse=True)
        assert sorted(c["channel"] for c in layer["channels"]) == list(range(maps.shape[-1]))
        first = layer["channels"][0]
        assert maps[..., first["channel"]].astype(float).std() == pytest.approx(
            first["std"], rel=1e-2
        )
        page = cv2.imread(str(out / layer["files"][0]))
        assert page is not None


def test_named_layers_only_and_nothing_lost_on_an_error(tiny_model, picture, tmp_path):
    out = tmp_path / "out"
    first = write_activations(picture, tiny_model, out, ["dec1_relu2"])
    assert len(first) == 3
    before = {path: path.read_bytes() for path in first}
    with pytest.raises(ModelError, match="did you mean dec1_relu2"):
        write_activations(picture, tiny_model, out, ["enc1_relu1", "dec1_relu"])
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(ImageError, match="no such file"):
        write_activations(Path("nowhere.png"), tiny_model, out)
    with pytest.raises(ModelError, match="no model 'other'"):
        write_activations(picture, "other", out)
    with pytest.raises(WorkspaceError):
        write_activations(picture, tiny_model, picture)


def test_layers_of_like_names_get_files_of_their_own() -> None:
    stems = _file_stems(["a/b", "a_b", "A_b", "c"])
    assert stems == {"a/b": "a_b", "a_b": "a_b-2", "A_b": "A_b-3", "c": "c"}
