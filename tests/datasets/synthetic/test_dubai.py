"""The generated scenes: layout, labels, repeatability, and that colour does not solve them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import DUBAI_CLASSES, VOID
from core.datasets.synthetic.dubai import generate_scene, is_demo, write_demo
from core.errors import DatasetError

# The palette measured in the real masks, not the one in the dataset's classes.json.
PALETTE = {
    "Building": 0x3C1098,
    "Land": 0x8429F6,
    "Road": 0x6EC1E4,
    "Vegetation": 0xFEDD3A,
    "Water": 0xE2A929,
}
UNLABELED = 0x9B9B9B


@pytest.fixture(scope="module")
def scenes() -> list[tuple[np.ndarray, np.ndarray]]:
    return [generate_scene(512, seed) for seed in range(4)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("demo") / "set", scenes=2, size=128, seed=3)


def packed(path: Path) -> np.ndarray:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR).astype(int)
    return bgr[..., 2] << 16 | bgr[..., 1] << 8 | bgr[..., 0]


def mosaic(folder: Path, kind: str, suffix: str) -> np.ndarray:
    parts = [
        cv2.imread(str(folder / kind / f"image_part_00{part}.{suffix}")).astype(float)
        for part in (1, 2, 3, 4)
    ]
    return np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])


def test_label_values_are_the_dubai_class_table(folder: Path) -> None:
    assert DUBAI_CLASSES.names == tuple(PALETTE)
    image, labels = generate_scene(256, int(np.random.SeedSequence([3, 1]).generate_state(1)[0]))
    assert image.dtype == labels.dtype == np.uint8
    assert image.shape == (256, 256, 3)
    lookup = np.full(256, UNLABELED)
    lookup[: len(PALETTE)] = list(PALETTE.values())
    first = packed(folder / "Tile 1" / "masks" / "image_part_001.png")
    np.testing.assert_array_equal(first, lookup[labels[:128, :128]])


def test_same_seed_same_scene_other_seed_another() -> None:
    image, labels = generate_scene(128, 5)
    again, labels_again = generate_scene(128, 5)
    other, _ = generate_scene(128, 6)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(labels, labels_again)
    assert (image != other).mean() > 0.5


def test_every_class_occurs_and_void_is_rare(scenes: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for _, labels in scenes:
        shares = np.bincount(labels.ravel(), minlength=256) / labels.size
        assert shares[: len(PALETTE)].min() >= 0.01
        assert shares[: len(PALETTE)].max() <= 0.75
        assert 0 < shares[VOID] <= 0.02
        assert shares[len(PALETTE) : VOID].sum() == 0


def test_colour_alone_does_not_tell_the_classes(
    scenes: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    """The best class per RGB bin, learnt on other scenes, must stay far from a solution.

    On the real Dubai tiles the same classifier, leaving one tile out, reaches a mean IoU of 0.37.
    """

    def bins(image: np.ndarray) -> np.ndarray:
        r, g, b = np.moveaxis(image.astype(int) // 16, -1, 0)
        return r * 256 + g * 16 + b

    counts = np.zeros((len(scenes), len(PALETTE), 4096))
    for scene, (image, labels) in enumerate(scenes):
        for k in range(len(PALETTE)):
            counts[scene, k] = np.bincount(bins(image)[labels == k], minlength=4096)
    confusion = np.zeros((len(PALETTE), len(PALETTE)))
    for held_out in range(len(scenes)):
        guess = (counts.sum(axis=0) - counts[held_out]).argmax(axis=0)
        for k in range(len(PALETTE)):
            confusion[k] += np.bincount(guess, counts[held_out, k], minlength=len(PALETTE))
    hits = np.diag(confusion)
    iou = hits / (confusion.sum(axis=0) + confusion.sum(axis=1) - hits)
    assert 0.15 < iou.mean() < 0.55, np.round(iou, 3)


def test_layout_and_palette(folder: Path) -> None:
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    expected = {
        f"Tile {tile}/{kind}/image_part_00{part}.{suffix}"
        for tile in (1, 2)
        for kind, suffix in (("images", "jpg"), ("masks", "png"))
        for part in (1, 2, 3, 4)
    }
    assert names == expected | {"README.txt"}
    allowed = {*PALETTE.values(), UNLABELED}
    for path in folder.glob("*/masks/*.png"):
        mask = packed(path)
        assert set(np.unique(mask)) <= allowed
        image = cv2.imread(str(path.parent.parent / "images" / f"{path.stem}.jpg"))
        assert image.shape[:2] == mask.shape == (128, 128)
    assert "--seed 3" in (folder / "README.txt").read_text(encoding="utf-8")
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # nothing beside it


@pytest.mark.parametrize("axis", [0, 1])
def test_parts_of_a_tile_match_at_the_seam(folder: Path, axis: int) -> None:
    """Across the seam the picture changes no more than between two rows inside a part."""
    for tile in ("Tile 1", "Tile 2"):
        for kind, suffix, slack in (("images", "jpg", 1.6), ("masks", "png", 3.0)):
            steps = np.abs(np.diff(mosaic(folder / tile, kind, suffix), axis=axis))
            steps = steps.mean(axis=tuple(a for a in (0, 1, 2) if a != axis))
            assert steps[127] < slack * np.median(steps)


@pytest.mark.parametrize("size", [64, 101])
def test_small_and_odd_sizes(tmp_path: Path, size: int) -> None:
    seen = []
    root = write_demo(
        tmp_path / "d", scenes=1, size=size, parts=1, progress=lambda n, of: seen.append((n, of))
    )
    assert cv2.imread(str(root / "Tile 1/images/image_part_001.jpg")).shape == (size, size, 3)
    assert seen == [(1, 1)]


def test_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DatasetError, match="not empty"):
        write_demo(tmp_path, scenes=1, size=64)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"size": 63}, "at least 64"), ({"scenes": 0}, "at least 1 scene"), ({"parts": 3}, "square")],
)
def test_wrong_numbers_say_what_to_do(tmp_path: Path, wrong: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        write_demo(tmp_path / "d", **{"scenes": 1, "size": 64, **wrong})
    assert caught.value.remedy
    assert not (tmp_path / "d").exists()


def test_what_it_wrote_is_known_again(tmp_path: Path) -> None:
    assert is_demo(write_demo(tmp_path / "demo", scenes=1, size=64))
    (tmp_path / "other").mkdir()
    assert not is_demo(tmp_path / "other")
    (tmp_path / "other/README.txt").write_text("Aerial imagery of Dubai")
    assert not is_demo(tmp_path / "other")
    assert not is_demo(tmp_path / "missing")
