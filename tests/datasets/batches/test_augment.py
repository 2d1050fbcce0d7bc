"""Augmentation: image and mask move as one, void is void, and a seed says it all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.classes import VOID
from core.datasets.batches.augment import Augmenter, _bent, _bilinear
from core.datasets.batches.crops import random_crops, random_windows
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.recipes.recipe import Augmentation, Patch
from core.imagery.normalise import Normalisation

NONE = Augmentation(flips=False, quarter_turns=False)
PLAIN = Normalisation(kind="unit", divisor=1)
SIZE = 64
GEOMETRY = {
    "rotation": {"rotation": 40.0},
    "shear": {"shear": 20.0},
    "elastic": {"elastic": 1.0},
    "cutout": {"cutout": 0.5},
    "all": {"rotation": 40.0, "shear": 20.0, "elastic": 1.0, "cutout": 0.5},
}
EVERYTHING = {
    **GEOMETRY["all"],
    "speckle": 0.2,
    "brightness": 0.2,
    "contrast": 0.3,
    "saturation": 0.4,
    "hue": 0.1,
    "noise": 0.1,
    "label_deformation": 4,
}


def _augmented(
    images: np.ndarray,
    labels: np.ndarray,
    valid: np.ndarray | None = None,
    seed: int = 3,
    normalisation: Normalisation = PLAIN,
    dtype: str = "float32",
    **changes: float,
) -> tuple[np.ndarray, np.ndarray]:
    from keras import ops

    augmenter = Augmenter(
        NONE.model_copy(update=changes), normalisation, images.shape[-1], np.dtype(dtype)
    )
    valid = np.ones(labels.shape, bool) if valid is None else valid
    got = augmenter(images.astype(np.float32), labels, valid, seed)
    return tuple(ops.convert_to_numpy(part) for part in got)  # type: ignore[return-value]


def _blobs(seed: int = 0, count: int = 16) -> np.ndarray:
    """(count, SIZE, SIZE) uint8: regions of the far apart labels 3 and 200, and void."""
    noise = np.random.default_rng(seed).normal(size=(count, SIZE, SIZE))
    smooth = ndimage.gaussian_filter(noise, (0, 6, 6))
    low, high = np.quantile(smooth, (0.4, 0.8))
    return np.select([smooth < low, smooth > high], [3, VOID], 200).astype(np.uint8)


@pytest.mark.parametrize("changes", [{}, {"cutout": 0.5}, EVERYTHING], ids=["none", "few", "all"])
def test_compiled_into_one_loop_it_is_the_same(changes: dict[str, float]) -> None:
    rng = np.random.default_rng(0)
    images = rng.random((4, SIZE, SIZE, 3)).astype(np.float32)
    labels = rng.integers(0, 5, images.shape[:3], np.uint8)
    valid = rng.random(labels.shape) > 0.1
    standard = Normalisation(
        kind="standard", divisor=255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.1, 0.3)
    )
    (values, labels_after), (fused, fused_labels) = (
        Augmenter(NONE.model_copy(update=changes), standard, 3, "uint8", fused=compiled)(
            images, labels, valid, 3
        )
        for compiled in (False, True)
    )
    np.testing.assert_allclose(np.asarray(fused), np.asarray(values), atol=1e-4)
    np.testing.assert_array_equal(np.asarray(fused_labels), np.asarray(labels_after))


@pytest.mark.parametrize("name", GEOMETRY)
def test_image_and_mask_move_as_one(name: str) -> None:
    labels = _blobs()
    # The image tells its own labels: what is labelled, and as what, lies in two bands.
    known = labels != VOID
    images = np.stack([known, np.where(known, labels / 200, 0)], axis=-1)
    moved, labels_after = _augmented(images, labels, **GEOMETRY[name])
    expected = np.where(moved[..., 0] < 0.5, VOID, np.where(moved[..., 1] > 0.5, 200, 3))
    # One is interpolated, the other takes the nearest: a pixel off a rim they must agree. Three
    # changes one after the other take the nearest three times.
    margin = np.ones((1, 5, 5)) if name == "all" else np.ones((1, 3, 3))
    for value in (3, 200):
        inner = ndimage.binary_erosion(labels_after == value, margin)
        assert inner.sum() > 2000
        assert (expected[inner] == value).all()
    # Something moved, or there would be nothing to agree.
    assert (labels_after != labels).mean() > 0.02


@pytest.mark.parametrize("changes", GEOMETRY.values(), ids=GEOMETRY)
def test_no_class_appears_in_between(changes: dict[str, float]) -> None:
    labels = _blobs(1)
    for seed in range(5):
        _, labels_after = _augmented(np.ones((*labels.shape, 1)), labels, seed=seed, **changes)
        assert labels_after.dtype == np.uint8
        assert set(np.unique(labels_after)) <= {3, 200, VOID}


@pytest.mark.parametrize("changes", GEOMETRY.values(), ids=GEOMETRY)
def test_what_comes_from_outside_is_void_and_0(changes: dict[str, float]) -> None:
    labels = np.zeros((8, SIZE, SIZE), np.uint8)  # class 0 is not the fill
    standard = Normalisation(kind="standard", divisor=1, mean=(0.4, 0.7), std=(0.1, 0.2))
    images = np.broadcast_to(np.float32([0.6, 0.9]), (*labels.shape, 2))
    moved, labels_after = _augmented(images, labels, normalisation=standard, **changes)
    outside = labels_after == VOID
    assert 0.001 < outside.mean() < 0.9
    assert (moved[outside] == 0).all()
    # And nothing of it is mixed into what lies beside it.
    np.testing.assert_allclose(moved[~outside], [[2.0, 1.0]] * (~outside).sum(), atol=1e-4)


@pytest.mark.parametrize("changes", [{}, *GEOMETRY.values()], ids=["none", *GEOMETRY])
def test_without_data_stays_without(changes: dict[str, float]) -> None:
    """Where the image has no data it is 0 and void, whatever is done to it."""
    labels = np.full((4, SIZE, SIZE), 2, np.uint8)
    valid = np.ones(labels.shape, bool)
    valid[:, 20:40, 10:50] = False
    labels[~valid] = VOID
    images = np.where(valid[..., None], 0.5, 77.0)
    clipped = Normalisation(kind="minmax", divisor=1, low=(0,), high=(1,))
    more = {**changes, "brightness": 0.3, "noise": 0.2}
    moved, labels_after = _augmented(images, labels, valid, normalisation=clipped, **more)
    assert (moved[labels_after == VOID] == 0).all()
    assert (labels_after == 2).any() and (labels_after == VOID).any()
    assert moved.max() <= 1
    if not changes:
        np.testing.assert_array_equal(labels_after, labels)


def test_a_deformation_samples_as_scipy_does() -> None:
    from keras import ops

    rng = np.random.default_rng(0)
    image = rng.random((2, 32, 32, 3)).astype(np.float32)
    places = rng.uniform(1, 30, (2, 2, 32, 32)).astype(np.float32)
    ours = ops.convert_to_numpy(_bilinear(image, places[0], places[1]))
    for index in range(2):
        for band in range(3):
            wanted = ndimage.map_coordinates(image[index, ..., band], places[:, index], order=1)
            np.testing.assert_allclose(ours[index, ..., band], wanted, atol=1e-5)


def test_a_deformation_is_smooth_and_never_folds() -> None:
    """Rows and columns as the image: neighbours stay in order, and do not jump."""
    from keras import ops

    from core.datasets.batches.augment import _stateless

    at = np.stack(np.meshgrid(np.arange(256.0), np.arange(256.0), indexing="ij"), -1)
    images = np.broadcast_to(at.astype(np.float32), (4, 256, 256, 2))
    bent, _ = _bent(images, images, 1.0, _stateless()(11))
    inner = ops.convert_to_numpy(bent)[:, 24:-24, 24:-24]
    for axis, part in ((1, inner[..., 0]), (2, inner[..., 1])):
        steps = np.diff(part, axis=axis)
        assert steps.min() > 0
        assert steps.max() < 2.5
    assert np.abs(inner - at[24:-24, 24:-24]).max() > 2


def test_rotation_turns_by_less_than_its_limit() -> None:
    """A dot right of the centre stays on its circle, within the angle."""
    images = np.zeros((200, SIZE, SIZE, 1), np.float32)
    images[:, 31:33, 55:57] = 1
    moved, _ = _augmented(images, np.zeros(images.shape[:3], np.uint8), rotation=30)
    rows, columns = np.mgrid[:SIZE, :SIZE] - 31.5
    mass = moved[..., 0].sum(axis=(1, 2))
    y = (moved[..., 0] * rows).sum(axis=(1, 2)) / mass
    x = (moved[..., 0] * columns).sum(axis=(1, 2)) / mass
    angle = np.degrees(np.arctan2(y, x))
    np.testing.assert_allclose(np.hypot(x, y), 24, atol=0.3)
    assert 25 < angle.max() < 30.5 and -30.5 < angle.min() < -25


def test_brightness_and_contrast_go_both_ways() -> None:
    labels = np.zeros((200, 8, 8), np.uint8)
    images = np.tile([[[0.4]], [[0.6]]], (200, 4, 8, 1)).reshape(200, 8, 8, 1)
    bright, _ = _augmented(images, labels, brightness=0.1)
    shift = bright.mean(axis=(1, 2, 3)) - 0.5
    assert shift.max() == pytest.approx(0.1, abs=0.01)
    assert shift.min() == pytest.approx(-0.1, abs=0.01)
    contrast, _ = _augmented(images, labels, contrast=0.5)
    spread = np.ptp(contrast, axis=(1, 2, 3)) / 0.2
    assert spread.max() == pytest.approx(1.5, abs=0.05)
    assert spread.min() == pytest.approx(0.5, abs=0.05)


def test_saturation_and_hue_are_as_large_as_they_say() -> None:
    import cv2

    labels = np.zeros((300, 2, 2), np.uint8)
    images = np.broadcast_to(np.float32([0.4, 0.6, 0.4]), (300, 2, 2, 3))  # green, saturation 1/3
    pale, _ = _augmented(images, labels, saturation=0.5)
    saturation = 1 - pale.min(axis=-1)[:, 0, 0] / pale.max(axis=-1)[:, 0, 0]
    assert saturation.max() * 3 == pytest.approx(1.5, abs=0.03)
    assert saturation.min() * 3 == pytest.approx(0.5, abs=0.03)
    turned, _ = _augmented(images, labels, hue=0.1)
    degrees = cv2.cvtColor(turned[:, 0], cv2.COLOR_RGB2HSV)[:, 0, 0] - 120
    assert degrees.max() == pytest.approx(36, abs=1)
    assert degrees.min() == pytest.approx(-36, abs=1)


def test_noise_has_at_most_its_deviation() -> None:
    images = np.full((60, 64, 64, 2), 0.5)
    noisy, _ = _augmented(images, np.zeros(images.shape[:3], np.uint8), noise=0.1)
    deviation = noisy.std(axis=(1, 2))
    assert 0.09 < deviation.max() < 0.103
    assert deviation.min() < 0.02
    np.testing.assert_allclose(noisy.mean(axis=(0, 1, 2)), 0.5, atol=2e-3)


def test_noise_of_dark_16_bit_imagery_is_of_its_own_range() -> None:
    """11 bits of 16: a tenth of the type's range would be all one sees."""
    mean, std = 500 / 65535, 100 / 65535
    standard = Normalisation(kind="standard", divisor=65535, mean=(mean,), std=(std,))
    images = np.full((60, 32, 32, 1), mean)
    labels = np.zeros(images.shape[:3], np.uint8)
    noisy, _ = _augmented(images, labels, normalisation=standard, dtype="uint16", noise=0.1)
    assert 0.9 < noisy.std(axis=(1, 2)).max() < 1.05  # of 10 % of mean + 5 std: 1 std


RADAR = Normalisation(kind="decibel", divisor=1, low=(-30.0,), high=(10.0,))


def _speckle(values: float, normalisation: Normalisation, dtype: str, size: float) -> np.ndarray:
    images = normalisation.scaled(np.full((40, 64, 64, 1), values, np.float32), cut=False)
    labels = np.zeros(images.shape[:3], np.uint8)
    changed = {"speckle": size}
    got, _ = _augmented(images, labels, normalisation=normalisation, dtype=dtype, **changed)
    return normalisation.unscaled(got)


def test_speckle_in_decibel_multiplies_the_intensity() -> None:
    decibel = _speckle(-10.0, RADAR, "float32", 0.3)
    factor = 10 ** (decibel / 10) / 10**-1.0
    deviation = factor.std(axis=(1, 2, 3))
    assert 0.27 < deviation.max() < 0.31
    np.testing.assert_allclose(factor.mean(), 1, atol=5e-3)  # a sum of mean 0 dB would not give 1
    # Multilook: skewness of a gamma distribution is twice its deviation.
    strongest = factor[deviation.argmax()].ravel()
    skew = ((strongest - strongest.mean()) ** 3).mean() / strongest.std() ** 3
    assert skew == pytest.approx(2 * strongest.std(), abs=0.12)


def test_speckle_of_whole_numbers_is_a_factor() -> None:
    stretched = Normalisation(kind="percentile", divisor=1, low=(1000.0,), high=(9000.0,))
    for normalisation in (stretched, Normalisation(kind="unit", divisor=65535)):
        values = _speckle(4000.0, normalisation, "uint16", 0.2)
        np.testing.assert_allclose(values.mean(), 4000, rtol=5e-3)
        assert 0.18 < (values.std(axis=(1, 2, 3)) / 4000).max() < 0.21


def test_what_is_far_below_the_noise_floor_stays_there() -> None:
    """Speckle is on the value in the file, not on the limit that it is cut to."""
    assert _speckle(-50.0, RADAR, "float32", 0.3).max() == -30


def test_what_is_decibel_is_known_and_not_guessed() -> None:
    """SpaceNet 6 has positive dB, and a difference of intensities has values below 0."""
    below = Normalisation(kind="minmax", divisor=1, low=(-32.0,), high=(4.0,))
    above = Normalisation(kind="minmax", divisor=1, low=(10.0,), high=(60.0,))
    assert Augmenter(NONE, RADAR, 1, "float32").decibel
    assert Augmenter(NONE, above, 1, "float32").of_decibel(True).decibel
    for other in (below, above, PLAIN):
        assert not Augmenter(NONE, other, 1, "float32").decibel


def test_speckle_in_positive_decibel_multiplies_the_intensity() -> None:
    limits = Normalisation(kind="minmax", divisor=1, low=(10.0,), high=(60.0,))
    images = limits.scaled(np.full((40, 64, 64, 1), 36.0, np.float32), cut=False)
    augmenter = Augmenter(NONE.model_copy(update={"speckle": 0.3}), limits, 1, "float32")
    augmenter.of_decibel(True)
    labels = np.zeros(images.shape[:3], np.uint8)
    got, _ = augmenter(images, labels, np.ones(labels.shape, bool), 3)
    factor = 10 ** ((limits.unscaled(np.asarray(got)) - 36.0) / 10)
    np.testing.assert_allclose(factor.mean(), 1, atol=5e-3)
    assert 0.27 < factor.std(axis=(1, 2, 3)).max() < 0.31


EVERYTHING = {
    **GEOMETRY["all"],
    "brightness": 0.2,
    "contrast": 0.2,
    "saturation": 0.2,
    "hue": 0.1,
    "noise": 0.1,
    "speckle": 0.3,
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_seed_says_it_all(name: str) -> None:
    labels = _blobs(2)
    images = np.random.default_rng(4).random((*labels.shape, 3))
    changes = {name: EVERYTHING[name]}
    one, other, different = (
        _augmented(images, labels, seed=seed, dtype="uint8", **changes) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert (one[0] != different[0]).any()
    # Every image of a batch gets its own change.
    same = np.broadcast_to(images[:1], images.shape)
    each, _ = _augmented(same, labels * 0, dtype="uint8", **changes)
    assert all((each[0] != image).any() for image in each[1:])


def test_mixed_precision_leaves_values_whole() -> None:
    import keras

    labels = _blobs(3)
    images = np.random.default_rng(4).random((*labels.shape, 3))
    wanted = _augmented(images, labels, dtype="uint8", **EVERYTHING)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        got = _augmented(images, labels, dtype="uint8", **EVERYTHING)
    finally:
        keras.config.set_dtype_policy(before)
    assert got[0].dtype == np.float32
    np.testing.assert_array_equal(got[0], wanted[0])
    np.testing.assert_array_equal(got[1], wanted[1])


DISK = {
    "none": {},
    **{name: GEOMETRY[name] for name in ("rotation", "shear", "elastic", "all")},
    "colour": {"brightness": 0.1, "contrast": 0.2},
}


def _middles(weights: np.ndarray) -> np.ndarray:
    """(N, 2): row and column of the centre of mass of each of (N, S, S)."""
    rows, columns = np.mgrid[: weights.shape[1], : weights.shape[2]]
    mass = weights.sum(axis=(1, 2))
    both = [(weights * steps).sum(axis=(1, 2)) / mass for steps in (rows, columns)]
    return np.stack(both, axis=-1)


def _disks(count: int, size: int, radius: float) -> np.ndarray:
    """(count, size, size) bool, about the middle but anywhere between the pixels."""
    rows, columns = np.mgrid[:size, :size]
    at = np.random.default_rng(0).uniform(-3, 3, (count, 2, 1, 1)) + (size - 1) / 2
    return np.hypot(rows - at[:, 0], columns - at[:, 1]) < radius


@pytest.mark.parametrize("name", DISK)
def test_a_disk_and_its_mask_keep_one_middle(name: str) -> None:
    disks = _disks(64, SIZE, 14)
    images = np.where(disks, 0.75, 0.25)[..., None]
    moved, labels = _augmented(images, disks.astype(np.uint8), **DISK[name])
    # What was turned in from outside is void in one and 0 in the other: as the ground.
    shown = np.where(labels != VOID, moved[..., 0], 0.25)
    ground = np.median(shown, axis=(1, 2), keepdims=True)
    off = _middles(labels == 1) - _middles(np.clip(shown - ground, 0, None))
    assert np.abs(off.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("zoom", [0.5, 0.6, 0.75, 1.0, 4 / 3, 1.5, 2.0])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int32"])
def test_a_disk_and_its_mask_keep_one_middle_through_zoom(zoom: float, dtype: str) -> None:
    settings = Augmentation(flips=False, quarter_turns=False, zoom=(zoom, zoom))
    size = round(64 / zoom)  # of what becomes a crop
    off = []
    for disk in _disks(40, size, 0.35 * size):
        pixels = (100 * disk[..., None]).astype(dtype)
        image = LabelledImage("d", pixels, disk.astype(np.uint8), disk)
        crop = next(random_crops([image], Patch(size=64), settings, np.random.default_rng(0)))
        shown = _middles(crop.pixels[None, ..., 0].astype(np.float64))
        off.append([_middles(crop.labels[None] == 1) - shown, _middles(crop.valid[None]) - shown])
    assert np.abs(np.mean(off, axis=0)).max() < 0.05


@pytest.mark.parametrize("changes", [{"flips": True}, {"quarter_turns": True}])
def test_a_disk_and_its_mask_keep_one_middle_in_symmetries(changes: dict[str, bool]) -> None:
    settings = Augmentation(**({"flips": False, "quarter_turns": False} | changes))
    rng = np.random.default_rng(0)
    off = []
    for disk in _disks(40, 64, 20):
        image = LabelledImage(
            "d", 100 * disk[..., None].astype(np.uint8), disk.astype(np.uint8), disk
        )
        crop = next(random_crops([image], Patch(size=64), settings, rng))
        shown = _middles(crop.pixels[None, ..., 0].astype(np.float64))
        off.append([_middles(crop.labels[None] == 1) - shown, _middles(crop.valid[None]) - shown])
    assert np.abs(off).max() < 0.05


def _places(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Two label maps whose values say the row and the column they lie in, (count, size, size)."""
    rows, columns = np.mgrid[:size, :size].astype(np.uint8)
    return tuple(np.repeat(steps[None], count, 0) for steps in (rows, columns))  # type: ignore


@pytest.mark.parametrize("strength", [1, 3, 8])
def test_labels_move_by_whole_pixels_as_far_as_said_and_the_image_stays(strength: int) -> None:
    images = np.random.default_rng(0).random((32, SIZE, SIZE, 2)).astype(np.float32)
    shifts = []
    for seed in range(2):
        moved = []
        for labels in _places(len(images), SIZE):
            after, moved_labels = _augmented(images, labels, seed=seed, label_deformation=strength)
            np.testing.assert_array_equal(after, images)
            moved.append(np.where(moved_labels == VOID, np.nan, moved_labels - labels.astype(int)))
        # Both maps have the same seed: what is void in one is void in the other.
        np.testing.assert_array_equal(*map(np.isnan, moved))
        shifts.append(np.stack(moved))
    shift = np.stack(shifts)
    assert np.nanmax(np.abs(shift)) == strength
    # To no side more than to the other, and each crop by another amount.
    assert abs(np.nanmean(shift)) < 0.06 * strength
    furthest = np.nanmax(np.abs(shift), axis=(1, 3, 4))
    assert len(np.unique(furthest)) >= min(strength + 1, 6)
    # Evenly from 0 on; somewhat less is seen, as what moves furthest may come from outside.
    assert 0.3 * strength < np.mean(furthest) < 0.55 * strength


def test_what_a_deformation_of_labels_brings_in_from_outside_is_void() -> None:
    labels = np.ones((64, SIZE, SIZE), np.uint8)
    images = np.full((*labels.shape, 1), 0.5, np.float32)
    _, after = _augmented(images, labels, label_deformation=6)
    assert set(np.unique(after)) == {1, VOID}
    outside = after == VOID
    assert outside[:, :2].any() and outside[:, -2:].any() and outside[:, :, :2].any()
    assert not outside[:, 6:-6, 6:-6].any()


def test_a_deformation_of_labels_is_smooth_and_invents_no_class() -> None:
    labels = _blobs()
    images = np.zeros((*labels.shape, 1), np.float32)
    _, after = _augmented(images, labels, label_deformation=3)
    assert set(np.unique(after)) == {3, 200, VOID}
    changed = after != labels
    assert 0.005 < changed.mean() < 0.3
    # Only along borders: labels whose surroundings are all the same stay.
    for value in (3, 200):
        for before, moved in zip(labels == value, changed, strict=True):
            inner = ndimage.binary_erosion(before, np.ones((7, 7)), border_value=0)
            assert not (moved & inner).any()
    rows, _ = _places(16, SIZE)
    _, moved_rows = _augmented(images, rows, label_deformation=8)
    shift = np.where(moved_rows == VOID, np.nan, moved_rows - rows.astype(float))
    assert np.nanmax(np.abs(np.diff(shift, axis=2))) <= 2  # 8 px to either side, 16 px apart


def test_labels_are_deformed_the_same_by_the_same_seed() -> None:
    labels = _blobs()
    images = np.zeros((*labels.shape, 1), np.float32)
    one, same, other = (
        _augmented(images, labels, seed=seed, label_deformation=4)[1] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_where_there_is_no_data_deformed_labels_stay_void() -> None:
    labels = np.ones((32, SIZE, SIZE), np.uint8)
    valid = np.ones(labels.shape, bool)
    valid[:, :, :20] = False
    labels[~valid] = VOID
    images = np.ones((*labels.shape, 1), np.float32)
    after, moved = _augmented(images, labels, valid, label_deformation=5)
    assert (moved[~valid] == VOID).all()
    assert (after[~valid] == 0).all() and (after[valid] == 1).all()
    assert (moved[:, :, 20:25] == VOID).any()  # void moves as any label does


def test_scales_are_drawn_evenly_over_their_logarithm() -> None:
    """From 0.5 to 2: as many crops show more than at 1 as show less."""
    image = LabelledImage(
        "z",
        np.zeros((400, 400, 1), np.uint8),
        np.zeros((400, 400), np.uint8),
        np.ones((400, 400), bool),
    )
    windows = random_windows(
        image, Patch(size=64), Augmentation(zoom=(0.5, 2)), np.random.default_rng(0), 2000
    )
    scale = np.log2(64 / np.array([width for _, _, width, _ in windows]))
    counts, _ = np.histogram(scale, np.linspace(-1.02, 1.02, 5))
    assert counts.sum() == 2000
    np.testing.assert_allclose(counts / 2000, 0.25, atol=0.04)
