"""What the compare viewer sends is what it was given."""

import base64

import cv2
import numpy as np
import pytest

from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from ui.viewer import encode
from ui.viewer.layers import Layer, ViewerClass, ViewerClick
from ui.viewer.tiles.sources import Tiled
from ui.viewer.values import Threshold, ValueLayer
from ui.viewer.viewer import _click, viewer


def decode(src: str) -> np.ndarray:
    """The sent picture as OpenCV reads it: grey, BGR or BGRA."""
    if src.startswith("/pictures/"):
        sent = encode.sent_picture(src.removeprefix("/pictures/"))
        assert sent
        return cv2.imdecode(np.frombuffer(sent.data, np.uint8), cv2.IMREAD_UNCHANGED)
    raw = base64.b64decode(src.partition("base64,")[2] or src, validate=True)
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)


def random_labels(height: int, width: int) -> np.ndarray:
    values = np.array([0, 1, 3, 7, 255], np.uint8)
    return np.random.default_rng(0).choice(values, (height, width))


def test_mask_survives_with_exactly_its_indices():
    labels = random_labels(61, 97)
    sent = encode.encode_picture(labels, "labels")
    assert sent.src.startswith("data:image/png;base64,")
    np.testing.assert_array_equal(decode(sent.src), labels)


def test_all_256_label_values_survive():
    labels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    np.testing.assert_array_equal(decode(encode.encode_picture(labels, "labels").src), labels)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_nearest_takes_the_label_of_its_own_block(factor):
    small = random_labels(11, 17)
    large = np.kron(small, np.ones((factor, factor), np.uint8))
    np.testing.assert_array_equal(resample_labels(large, 11, 17), small)


def test_image_is_averaged_over_its_area():
    image = np.random.default_rng(1).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    mean = image.reshape(6, 2, 10, 2, 3).mean(axis=(1, 3))
    assert np.abs(downsample_image(image, 6, 10) - mean).max() <= 0.5


def test_transparent_colour_does_not_bleed():
    overlay = np.zeros((2, 2, 4), np.uint8)
    overlay[0] = (200, 100, 50, 255)
    overlay[1] = (0, 255, 0, 0)
    np.testing.assert_array_equal(downsample_image(overlay, 1, 1)[0, 0], (200, 100, 50, 128))


def test_rgb_and_rgba_keep_their_channel_order():
    color = np.zeros((2, 2, 4), np.uint8)
    color[:] = (10, 20, 30, 40)
    sent = encode.encode_picture(color[..., :3], "rgba")
    np.testing.assert_array_equal(decode(sent.src)[0, 0], (30, 20, 10))  # OpenCV reads BGR
    np.testing.assert_array_equal(decode(encode.png_base64(color))[0, 0], (30, 20, 10, 40))


def test_what_is_larger_than_the_limit_goes_as_tiles():
    labels = random_labels(40, encode.DISPLAY_LIMIT + 1)
    sent = Layer("mask", "Mask", "labels", labels).payload(labels.shape)
    assert "src" not in sent and sent["tiles"] == {
        "src": f"/tiles/{sent['digest']}",
        "size": [encode.DISPLAY_LIMIT + 1, 40],
        "side": 512,
        "levels": 4,
    }
    whole = Layer("mask", "Mask", "labels", labels[:, 1:]).payload((40, encode.DISPLAY_LIMIT))
    assert "tiles" not in whole


def test_a_tile_is_lossless_or_the_smaller_jpeg():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    board = np.kron(np.indices((32, 32)).sum(axis=0) % 2, np.ones((2, 2))).astype(np.uint8) * 255
    board = np.repeat(board[..., None], 3, axis=2)
    for pixels, mime in ((noise, "image/jpeg"), (board, "image/png")):
        assert encode.picture_file(pixels, "image")[1] == mime
        assert encode.picture_file(pixels, "rgba")[1] == "image/png"
    assert encode.picture_file(np.dstack([noise, noise[..., :1]]), "image")[1] == "image/png"


def test_only_a_large_base_image_is_jpeg():
    large = np.full((1001, 1000, 3), (200, 30, 60), np.uint8)
    assert encode.encode_picture(large, "rgba").mime == "image/png"
    assert encode.encode_picture(large[:-1], "image").mime == "image/png"
    sent = encode.encode_picture(large, "image")
    assert sent.mime == "image/jpeg"
    assert np.abs(decode(sent.src)[0, 0].astype(int) - (60, 30, 200)).max() <= 3


def test_one_pixel_changes_the_digest_and_the_answer():
    labels = np.zeros((1500, 1500), np.uint8)
    before = encode.encode_picture(labels, "labels")
    changed = labels.copy()
    changed[777, 1234] = 1
    after = encode.encode_picture(changed, "labels")
    assert after.digest != before.digest
    assert decode(after.src).sum() == 1
    assert encode.encode_picture(labels.copy(), "labels") == before


def test_digest_knows_shape_dtype_and_views():
    flat = np.arange(12, dtype=np.uint8)
    digests = {
        encode.digest(flat.reshape(3, 4)),
        encode.digest(flat.reshape(4, 3)),
        encode.digest(flat.view(np.int8).reshape(3, 4)),
        encode.digest(flat.reshape(3, 4)[:, ::-1]),
    }
    assert len(digests) == 4
    assert encode.digest(flat.reshape(4, 3).T) == encode.digest(flat.reshape(4, 3).T.copy())


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ((600, 800), (600, 800)),
        ((5000, 10000), (1000, 2000)),
        ((10000, 5000), (2000, 1000)),
        ((1, 9000), (1, 2000)),
    ],
)
def test_display_size_keeps_the_proportions(full, shown):
    assert display_size(*full, limit=2000) == shown


def test_png_refuses_what_it_cannot_keep():
    with pytest.raises(ValueError, match=r"expected uint8 .* received float64"):
        encode.png_base64(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"received uint8 of shape \(2, 2, 2\)"):
        encode.png_base64(np.zeros((2, 2, 2), np.uint8))


def test_viewer_refuses_a_layer_of_another_size():
    layer = Layer("mask", "Mask", "labels", np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match=r"layer 'mask': expected .*\(5, 4\), received .*\(4, 5\)"):
        viewer(np.zeros((5, 4, 3), np.uint8), [layer], [ViewerClass("Road", (1, 2, 3))], key="v")


def test_viewer_refuses_tiles_of_another_size():
    layer = Layer("mask", "Mask", "labels", Tiled("0" * 32, 5, 5))
    with pytest.raises(ValueError, match=r"expected tiles of \(5, 4\), received \(5, 5\)"):
        viewer(Tiled("1" * 32, 4, 5), [layer], [ViewerClass("Road", (1, 2, 3))], key="v")


def test_viewer_refuses_two_layers_of_one_key():
    layer = Layer("mask", "Mask", "labels", np.zeros((5, 4), np.uint8))
    with pytest.raises(ValueError, match="unique layer keys"):
        viewer(np.zeros((5, 4, 3), np.uint8), [layer, layer], [], key="v")


def test_click_is_believed_only_inside_the_image():
    size = (20, 30)
    assert _click({"x": 29, "y": 19}, size) == ViewerClick(29, 19)
    for value in (
        None,
        {"x": 30, "y": 0},
        {"x": 0, "y": -1},
        {"x": 1.5, "y": 0},
        {"x": 1},
        "click",
    ):
        assert _click(value, size) is None


def test_a_layer_says_what_its_colours_mean():
    """The panel shows it while the layer is shown: tests/e2e/test_predict.py."""
    pixels = np.zeros((4, 5, 3), np.uint8)
    assert Layer("a", "A", "rgba", pixels, note="Green is right.").payload((4, 5))["note"] == (
        "Green is right."
    )


def test_sixteen_bits_survive_in_two_channels():
    codes = np.random.default_rng(3).integers(0, 65536, (13, 17)).astype(np.uint16)
    sent = decode(encode.encode_picture(codes, "values16").src)  # blue, green, red
    np.testing.assert_array_equal(256 * sent[..., 2].astype(int) + sent[..., 1], codes)


def test_a_tiled_value_layer_says_how_many_pixels_have_which_value():
    """The browser has no more than the tiles that it shows."""
    threshold = Threshold("mask", "Threshold", 0.5)
    codes = np.random.default_rng(3).integers(0, 9, (3, encode.DISPLAY_LIMIT + 1)).astype(np.uint8)
    sent = ValueLayer("v", "V", codes, 0, 1, threshold=threshold).payload(codes.shape)
    assert sent["counts"] == [0, *np.bincount(codes.ravel(), minlength=256)[1:]]
    deep = codes.astype(np.uint16) * 300
    sent = ValueLayer("v", "V", deep, 0, 1, threshold=threshold).payload(codes.shape)
    expected = np.bincount(deep[deep > 0] >> 8, minlength=256)
    assert sent["kind"] == "values16" and sent["counts"] == list(expected)
    assert "counts" not in ValueLayer("v", "V", codes, 0, 1).payload(codes.shape)


def test_a_value_layer_is_checked():
    codes = np.ones((4, 5), np.uint8)
    with pytest.raises(ValueError, match=r"expected uint8 or uint16 codes of shape \(4, 6\)"):
        ValueLayer("v", "V", codes, 0, 1).payload((4, 6))
    with pytest.raises(ValueError, match="received float64"):
        ValueLayer("v", "V", codes / 2, 0, 1).payload((4, 5))
    with pytest.raises(ValueError, match="no range from 1 to 1"):
        ValueLayer("v", "V", codes, 1, 1).payload((4, 5))
    threshold = Threshold("mask", "Threshold", 7)
    sent = ValueLayer("v", "V", codes, 0, 2, threshold=threshold).payload((4, 5))
    assert sent["threshold"] == {"of": "mask", "title": "Threshold", "start": 2}
