"""Tiled prediction against the whole image in one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from core.device import tensorflow
from core.errors import ConfigError, ImageError
from core.imagery.normalise import Normalisation
from core.inference.predictor import Predictor
from core.models.architectures.unet import UNetSpec
from core.models.model_input import ModelInput
from core.models.network import build_model

RNG = np.random.default_rng(5)
SPEC = UNetSpec(width=8, depth=2, norm="none")
INPUT = ModelInput.of_spec(SPEC, Normalisation())


@pytest.fixture(scope="module")
def model() -> Any:
    tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    return build_model(SPEC)


def image(height: int, width: int) -> np.ndarray:
    """A smooth random picture, (H, W, 3) uint8."""
    coarse = RNG.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def whole_pass(model: Any, pixels: np.ndarray) -> np.ndarray:
    """Probabilities from a single call on the mirrored-out image."""
    margin = 64
    height, width = pixels.shape[:2]
    down, right = -(height + 2 * margin) % 4, -(width + 2 * margin) % 4
    edges = ((margin, margin + down), (margin, margin + right), (0, 0))
    padded = np.pad(pixels, edges, mode="reflect").astype(np.float32) / 255
    logits = np.asarray(model(padded[None]))[0]
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores = e / e.sum(axis=-1, keepdims=True)
    return scores[margin : margin + height, margin : margin + width]


@pytest.mark.parametrize("size", [(300, 413), (128, 128), (1, 1), (5, 700), (127, 260)])
def test_tiles_leave_no_seam(model: Any, size: tuple[int, int]) -> None:
    pixels = image(*size)
    predictor = Predictor(model, INPUT, tile=128, overlap=0.5)
    tiled = predictor.probabilities(pixels)
    whole = whole_pass(model, pixels)
    assert tiled.shape == whole.shape
    np.testing.assert_allclose(tiled.sum(axis=-1), 1, atol=1e-4)
    # Near a tile's border a pixel sees a little of the zeros beyond, with a falling weight.
    assert np.abs(tiled - whole).max() < 0.01
    assert np.abs(tiled - whole).mean() < 0.0005
    scores = np.empty_like(tiled)
    labels = predictor.predict(pixels, probabilities=scores)
    assert (labels == whole.argmax(axis=-1)).mean() > 0.99
    np.testing.assert_array_equal(scores, tiled)


def test_no_overlap_does_leave_seams(model: Any) -> None:
    """The test above can fail: without overlap and blending the difference is many times larger."""
    pixels = image(300, 413)
    whole = whole_pass(model, pixels)
    hard = Predictor(model, INPUT, tile=128, overlap=0).probabilities(pixels)
    soft = Predictor(model, INPUT, tile=128, overlap=0.5)
    assert np.abs(hard - whole).max() > 5 * np.abs(soft.probabilities(pixels) - whole).max()


def test_one_traced_function_per_tile_shape(model: Any) -> None:
    predictor = Predictor(model, INPUT, tile=128, batch=3)
    predictor.predict(image(300, 413))
    predictor.predict(image(500, 200))
    assert set(predictor._functions) == {(128, 128)}
    traced = predictor._functions[128, 128]
    assert traced.experimental_get_tracing_count() == 1


def test_batches_of_tiles_change_nothing(model: Any) -> None:
    pixels = image(200, 500)
    one = Predictor(model, INPUT, tile=128, batch=1).probabilities(pixels)
    four = Predictor(model, INPUT, tile=128, batch=4).probabilities(pixels)
    np.testing.assert_allclose(one, four, atol=1e-5)


def test_time_augmented_prediction_turns_with_the_image(model: Any) -> None:
    """With all eight symmetries averaged, turning the image turns the result."""
    pixels = image(96, 96)
    predictor = Predictor(model, INPUT, tile=128, tta=True)
    upright = predictor.probabilities(pixels)
    turned = predictor.probabilities(np.ascontiguousarray(np.rot90(pixels)))
    np.testing.assert_allclose(np.rot90(upright), turned, atol=1e-4)


SCALES = (0.75, 1, 1.25)


def by_hand(model: Any, pixels: np.ndarray, scale: float, symmetries: bool) -> np.ndarray:
    """The whole image resized, turned and mirrored, one call each, and all brought back."""
    height, width = pixels.shape[:2]
    size = round(width * scale), round(height * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(pixels.astype(np.float32) / 255, size, interpolation=how)
    edges = ((0, -size[1] % 4), (0, -size[0] % 4), (0, 0))
    padded = np.pad(resized, edges, mode="reflect")
    turns = [(k, m) for k in range(4) for m in (1, -1)] if symmetries else [(0, 1)]
    total = np.zeros((*padded.shape[:2], 5), np.float32)
    for turn, mirror in turns:
        view = np.rot90(padded, turn)[:, ::mirror]
        logits = np.asarray(model(np.ascontiguousarray(view)[None]))[0]
        e = np.exp(logits - logits.max(axis=-1, keepdims=True))
        scores = e / e.sum(axis=-1, keepdims=True)
        total += np.rot90(scores[:, ::mirror], -turn) / len(turns)
    own = np.ascontiguousarray(total[: size[1], : size[0]])
    return cv2.resize(own, (width, height), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("scales", [SCALES, (0.5,), (2, 0.6)])
@pytest.mark.parametrize("tta", [False, True])
def test_scales_are_averaged_as_by_hand(model: Any, scales: tuple[float, ...], tta: bool) -> None:
    pixels = image(70, 93)
    predictor = Predictor(model, INPUT, tile=256, overlap=0, tta=tta, scales=scales)
    made = predictor.probabilities(pixels)
    expected = np.mean([by_hand(model, pixels, scale, tta) for scale in scales], axis=0)
    np.testing.assert_allclose(made, expected, atol=2e-6)
    np.testing.assert_array_equal(predictor.predict(pixels), made.argmax(axis=-1))
    plain = Predictor(model, INPUT, tile=256, overlap=0, tta=tta).probabilities(pixels)
    assert np.abs(made - plain).max() > 1e-3


@pytest.mark.parametrize("tta", [False, True])
def test_its_own_size_alone_changes_nothing(model: Any, tta: bool) -> None:
    pixels = image(150, 201)
    valid = np.ones((150, 201), bool)
    valid[30:60, 90:] = False
    settings: dict[str, Any] = {"tile": 64, "overlap": 0.25, "tta": tta}
    plain = Predictor(model, INPUT, **settings).probabilities(pixels, valid)
    one = Predictor(model, INPUT, **settings, scales=[1]).probabilities(pixels, valid)
    np.testing.assert_array_equal(plain, one)


@pytest.mark.parametrize("size", [(300, 413), (5, 700), (1, 1)])
def test_tiles_of_every_scale_leave_no_seam(model: Any, size: tuple[int, int]) -> None:
    pixels = image(*size)
    parts = []
    for scale in SCALES:
        height, width = (max(1, round(side * scale)) for side in size)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(pixels.astype(np.float32), (width, height), interpolation=how)
        whole = whole_pass(model, resized)
        parts.append(cv2.resize(whole, size[::-1], interpolation=cv2.INTER_LINEAR))
    tiled = Predictor(model, INPUT, tile=128, overlap=0.5, scales=SCALES).probabilities(pixels)
    np.testing.assert_allclose(tiled.sum(axis=-1), 1, atol=1e-4)
    apart = np.abs(tiled - np.mean(parts, axis=0))
    # As for one size, above.
    assert apart.max() < 0.01
    assert apart.mean() < 0.0005


def test_at_no_scale_it_matters_what_a_pixel_without_data_holds(model: Any) -> None:
    pixels = image(90, 120)
    valid = np.ones((90, 120), bool)
    valid[20:41, 31:77] = False
    valid[:, 111:] = False
    other = pixels.copy()
    other[~valid] = 255 - other[~valid]
    predictor = Predictor(model, INPUT, tile=64, scales=SCALES)
    first = predictor.probabilities(pixels, valid)
    np.testing.assert_array_equal(first, predictor.probabilities(other, valid))
    assert np.abs(first - predictor.probabilities(other)).max() > 1e-3
    labels = predictor.predict(pixels, valid)
    np.testing.assert_array_equal(labels == 255, ~valid)


def test_scales_that_do_not_fit_are_refused(model: Any) -> None:
    for scales, said in (((), "no scale"), ((1, 1), "twice"), ((0.1,), "from 0.25 to 4")):
        with pytest.raises(ConfigError, match=said):
            Predictor(model, INPUT, scales=scales)
    with pytest.raises(ConfigError, match="received 1, nan"):
        Predictor(model, INPUT, scales=(1, float("nan")))


def test_pixels_without_data_are_void(model: Any) -> None:
    valid = np.ones((60, 70), bool)
    valid[:20] = False
    predictor = Predictor(model, INPUT, tile=64)
    labels = predictor.predict(image(60, 70), valid)
    assert (labels[:20] == 255).all()
    assert (labels[20:] < 5).all()


@pytest.mark.parametrize("scales", [(1,), SCALES])
def test_progress_counts_up_to_all_tiles(model: Any, scales: tuple[float, ...]) -> None:
    seen: list[tuple[int, int]] = []
    predictor = Predictor(model, INPUT, tile=64, batch=2, scales=scales)
    predictor.predict(image(150, 150), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_wrong_bands_type_and_overlap(model: Any) -> None:
    predictor = Predictor(model, replace(INPUT, dtype="uint8"))
    with pytest.raises(ImageError, match=r"takes 3 band.*has 4"):
        predictor.predict(np.zeros((64, 64, 4), np.uint16))
    with pytest.raises(ImageError, match="uint8 values, the image holds uint16"):
        predictor.predict(np.zeros((64, 64, 3), np.uint16))
    with pytest.raises(ConfigError, match="overlap"):
        Predictor(model, INPUT, overlap=0.9)


@pytest.mark.parametrize("scales", [(1,), (0.5, 1, 1.5)])
def test_memory_is_bounded_by_a_row_of_tiles(model: Any, scales: tuple[float, ...]) -> None:
    """A tall image: the canvas must not grow with its height."""
    import tracemalloc

    predictor = Predictor(model, INPUT, tile=64, overlap=0.25, scales=scales)

    def peak(height: int) -> int:
        pixels = np.zeros((height, 128, 3), np.uint8)
        predictor.predict(pixels[:64])
        tracemalloc.start()
        predictor.predict(pixels)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # The labels themselves are a byte a pixel.
        return highest - height * 128

    assert peak(2048) < 2 * peak(256)


@pytest.mark.parametrize("multiple", [4, 64, 128, 256, 512])
@pytest.mark.parametrize("overlap", [0.05, 0.25, 0.5])
def test_an_overlap_is_never_rounded_away(model: Any, multiple: int, overlap: float) -> None:
    """A deep network's multiple may be more than that share of a tile."""
    deep = replace(INPUT, multiple=multiple)
    for tile in (64, 128, 512):
        predictor = Predictor(model, deep, tile=tile, overlap=overlap)
        assert predictor.overlap >= deep.multiple
        assert predictor.overlap % deep.multiple == predictor.tile % deep.multiple == 0
        assert predictor.overlap < predictor.tile
    assert Predictor(model, deep, tile=64, overlap=0).overlap == 0
