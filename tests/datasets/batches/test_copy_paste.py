"""Copy-paste: objects come with their pixels and their label, void never does."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.batches.copy_paste import LARGEST, SMALLEST, CopyPaste
from core.datasets.batches.feed import scaled_batches
from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.preview import augmented_preview
from core.datasets.recipes.recipe import Augmentation, Patch, Recipe

NONE = Augmentation(flips=False, quarter_turns=False)
SIDE = 32
RARE = np.array([2, 3])

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


def _batch(count: int, bands: int = 2, dtype: str = "float32") -> Batch:
    """Crops of ground 0; every pixel has a value of its own in all of them, and all have data."""
    pixels = np.arange(count * SIDE**2 * bands, dtype=np.float64)
    pixels = pixels.reshape(count, SIDE, SIDE, bands).astype(dtype)
    return pixels, np.zeros((count, SIDE, SIDE), np.uint8), np.ones((count, SIDE, SIDE), bool)


def _pasted(batch: Batch, seed: int = 0, probability: float = 1.0) -> Batch:
    copies = pixels, labels, valid = tuple(part.copy() for part in batch)  # type: ignore[assignment]
    CopyPaste(probability, RARE, np.random.default_rng(seed))(pixels, labels, valid)
    return copies  # type: ignore[return-value]


@pytest.mark.parametrize("bands", [1, 2, 8])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_an_object_comes_with_its_pixels_and_its_label(bands: int, dtype: str) -> None:
    batch = pixels, labels, _ = _batch(2, bands, dtype)
    labels[0, 5:10, 7:12] = 2
    labels[0, 5:7, 7:9] = 0  # a corner is missing: the outline is pasted, not the box
    after, labels_after, valid_after = _pasted(batch)
    moved = labels_after[1] == 2
    # One to three copies of it, that may lie on one another.
    assert 21 <= moved.sum() <= 63
    known = {tuple(values) for values in pixels[0][labels[0] == 2]}
    assert {tuple(values) for values in after[1][moved]} <= known
    # The rest is as it was, and so is the crop that it came from.
    np.testing.assert_array_equal(after[1][~moved], pixels[1][~moved])
    np.testing.assert_array_equal(after[0], pixels[0])
    np.testing.assert_array_equal(labels_after[0], labels[0])
    assert valid_after.all() and after.dtype == np.dtype(dtype)


def test_one_copy_is_exact_and_lies_anywhere() -> None:
    batch = pixels, labels, _ = _batch(2)
    labels[0, 5:10, 7:12] = 2
    labels[0, 5:7, 7:9] = 0
    places, outline = set(), labels[0, 5:10, 7:12] == 2
    for seed in range(200):
        after, labels_after, _ = _pasted(batch, seed)
        moved = labels_after[1] == 2
        if moved.sum() > outline.sum():
            continue  # several
        rows, columns = np.nonzero(moved)
        top, left = int(rows.min()), int(columns.min())
        np.testing.assert_array_equal(moved[top : top + 5, left : left + 5], outline)
        np.testing.assert_array_equal(after[1][moved], pixels[0][labels[0] == 2])
        places.add((top, left))
    tops, lefts = np.array(sorted(places)).T
    assert len(places) > 40
    assert tops.min() <= 3 and tops.max() >= SIDE - 5 - 3 and lefts.max() >= SIDE - 5 - 3


@pytest.mark.parametrize(
    ("box", "fixed"),
    [
        (np.s_[:6, 10:14], (True, False)),
        (np.s_[-6:, 10:14], (True, False)),
        (np.s_[10:14, :6], (False, True)),
        (np.s_[10:14, -6:], (False, True)),
        (np.s_[:6, -6:], (True, True)),
        (np.s_[10:12, :], (False, True)),
    ],
)
def test_one_that_is_cut_off_by_a_border_stays_at_it(
    box: tuple[slice, slice], fixed: tuple[bool, bool]
) -> None:
    batch = pixels, labels, _ = _batch(2)
    labels[0][box] = 3
    places = set()
    for seed in range(40):
        after, labels_after, _ = _pasted(batch, seed)
        moved = np.nonzero(labels_after[1] == 3)
        if len(moved[0]) == (labels[0] == 3).sum():
            places.add((int(moved[0].min()), int(moved[1].min())))
            np.testing.assert_array_equal(after[1][moved], pixels[0][labels[0] == 3])
        for along, stays in enumerate(fixed):
            own = np.nonzero(labels[0] == 3)[along]
            assert not stays or (moved[along].min(), moved[along].max()) == (own.min(), own.max())
    assert [len({place[along] for place in places}) > 1 for along in (0, 1)] == [
        not stays for stays in fixed
    ]


def test_void_is_never_pasted_and_is_labelled_where_an_object_lies() -> None:
    batch = pixels, labels, _ = _batch(2)
    labels[0] = VOID
    labels[0, 0:6, 0:6] = 2  # in a corner, so that it keeps its place
    labels[0, 2:4, 2:4] = VOID  # a hole
    labels[1] = VOID
    after, labels_after, _ = _pasted(batch)
    np.testing.assert_array_equal(labels_after[1], labels[0])
    moved = labels[0] == 2
    np.testing.assert_array_equal(after[1][moved], pixels[0][moved])
    np.testing.assert_array_equal(after[1][~moved], pixels[1][~moved])
    labels[1] = 0
    after, labels_after, _ = _pasted(batch)
    assert not (labels_after[1] == VOID).any()


def test_what_has_no_data_stays_without_and_is_not_pasted() -> None:
    batch = pixels, labels, valid = _batch(2)
    labels[0, 0:8, 0:8] = 2
    valid[0, 5, 2] = False  # a mask that says more than the image has
    valid[1, 0:4, :] = False
    labels[1, 0:4, :] = VOID
    after, labels_after, valid_after = _pasted(batch)
    wanted = np.zeros((SIDE, SIDE), bool)
    wanted[4:8, 0:8] = True  # it is in a corner, and keeps its place
    wanted[5, 2] = False
    np.testing.assert_array_equal(labels_after[1] == 2, wanted)
    np.testing.assert_array_equal(after[1][~wanted], pixels[1][~wanted])
    np.testing.assert_array_equal(valid_after, valid)
    assert (labels_after[1, :4] == VOID).all()


@pytest.mark.parametrize(
    ("rows", "columns", "fits"),
    [
        (3, 5, False),  # 15 pixels
        (4, 4, True),
        (16, 16, True),  # a quarter
        (16, 17, False),
    ],
)
def test_neither_specks_nor_whole_crops_are_pasted(rows: int, columns: int, fits: bool) -> None:
    assert (SMALLEST, LARGEST) == (16, 0.25)
    batch = _batch(2)
    batch[1][0, 2 : 2 + rows, 2 : 2 + columns] = 2
    assert (_pasted(batch)[1][1] == 2).any() == fits


def test_pixels_that_touch_at_a_corner_are_one_object() -> None:
    batch = _batch(2)
    diagonal = np.arange(4, 24)
    batch[1][0, diagonal, diagonal] = 2
    assert (_pasted(batch)[1][1] == 2).sum() >= 20  # each pixel alone would be a speck


def test_common_classes_are_not_pasted_and_rare_ones_evenly() -> None:
    batch = _batch(3)
    batch[1][0, 2:10, 2:10] = 1  # not among the rare
    for column in range(4):
        batch[1][0, 14:18, 2 + 6 * column : 6 + 6 * column] = 2
    batch[1][1, 22:26, 2:6] = 3
    of_each = np.zeros(4, int)
    for seed in range(600):
        after = _pasted(batch, seed)[1][2]
        of_each += [(after == value).any() for value in range(4)]
    assert of_each[1] == 0
    # One to three draws, evenly between two classes: (1/2 + 3/4 + 7/8) / 3 of the crops have each.
    assert of_each[2:] / 600 == pytest.approx([0.708, 0.708], abs=0.06)


def test_as_many_crops_as_asked_for_are_changed() -> None:
    batch = _batch(400)
    batch[1][:, 2:7, 2:7] = 2
    after = _pasted(batch, probability=0.3)[0]
    changed = (after != batch[0]).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(0.3, abs=0.06)


def test_a_batch_of_one_crop_has_the_objects_of_the_batches_before() -> None:
    paste = CopyPaste(1.0, RARE, np.random.default_rng(0))
    first, second = _batch(1), _batch(1)
    first[1][0, 2:8, 2:8] = 2
    kept = first[0].copy()
    second[0][:] = -1
    paste(*first)
    np.testing.assert_array_equal(first[0], kept)  # never its own
    paste(*second)
    assert set(second[0][second[1] == 2].ravel()) <= set(kept[0, 2:8, 2:8].ravel())
    assert (second[1] == 2).any()


def _images() -> list[LabelledImage]:
    rng = np.random.default_rng(0)
    made = []
    for name in "abc":
        pixels = rng.integers(0, 255, (96, 96, 3), np.uint8)
        labels = np.zeros((96, 96), np.uint8)
        for row, column in rng.integers(0, 86, (12, 2)):
            labels[row : row + 6, column : column + 8] = 1 + row % 2
        valid = np.ones(labels.shape, bool)
        valid[:, :9] = False
        made.append(LabelledImage(name, pixels, np.where(valid, labels, np.uint8(VOID)), valid))
    return made


def _stream(copy_paste: float, seed: int = 4) -> list[tuple[np.ndarray, ...]]:
    augmentation = Augmentation(zoom=(0.5, 2), copy_paste=copy_paste)
    recipe = Recipe(patch=Patch(size=64), augmentation=augmentation)
    images = _images()
    normalisation = fit_normalisation(recipe, images)
    return list(islice(scaled_batches(images, recipe, normalisation, 4, seed), 4))


def test_the_same_seed_pastes_the_same_and_without_it_crops_are_the_same() -> None:
    one, other, without, more = _stream(0.5), _stream(0.5), _stream(0.0), _stream(0.5, seed=5)
    for parts, again in zip(one, other, strict=True):
        for part, same in zip(parts, again, strict=True):
            np.testing.assert_array_equal(part, same)
    assert (one[0][0] != more[0][0]).any()
    # The numbers that draw crops are not those that paste: what is not pasted on is unchanged.
    differs = [(a[0] != b[0]).any(axis=-1) for a, b in zip(one, without, strict=True)]
    assert 0 < np.mean(differs) < 0.5
    for pasted, plain, where in zip(one, without, differs, strict=True):
        np.testing.assert_array_equal(pasted[1][~where], plain[1][~where])
        assert np.isin(pasted[1][where], (1, 2)).all()
        np.testing.assert_array_equal(pasted[2], plain[2])
        assert pasted[3] == plain[3]


def test_the_preview_shows_it() -> None:
    image = _images()[0]
    parts = image.pixels, image.labels, image.valid
    shown = []
    for probability in (0.0, 1.0):
        recipe = Recipe(
            patch=Patch(size=64), augmentation=NONE.model_copy(update={"copy_paste": probability})
        )
        shown.append(augmented_preview(*parts, recipe, fit_normalisation(recipe, [image]), 9, 0))
    plain, pasted = shown
    assert sum((a[1] != b[1]).any() for a, b in zip(plain, pasted, strict=True)) >= 7
    for (rgb, labels), (rgb_after, labels_after) in zip(plain, pasted, strict=True):
        changed = labels != labels_after
        assert np.isin(labels_after[changed], (1, 2)).all()
        assert (rgb[changed] != rgb_after[changed]).any() or not changed.any()
