"""Masks whose values are not those of classes: smoothed, compressed, shares, transparent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image

from core.classes import ClassTable, LandClass
from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.datasets.layouts.class_inference import infer_classes
from core.datasets.masks.class_file import write_class_file
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.fixes import ReadNearest, apply
from core.datasets.recipes.recipe import Recipe
from core.errors import DatasetError, UnnamedClasses
from tests.datasets.masks.coded_masks import SIDE, expected, labels_of, laid_out, pixels_of, tif


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_one_bit_is_bright_or_dark(tmp_path: Path, photometric: str) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    bits = labels_of(0) ^ (photometric == "miniswhite")
    tif(root / "masks/a.tif", bits.astype(np.uint8), nbits=1, photometric=photometric)
    assert pixels_of(open_dataset(root)) == expected(["Class 0", "Class 1"], 1)


def test_nan_of_a_float_mask_is_void(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    values = labels_of(0).astype(np.float32)
    values[:2] = np.nan
    tif(root / "masks/a.tif", values)
    assert pixels_of(open_dataset(root))["void"] == 2 * SIDE


def test_fractions_are_shares_of_one_class_or_refused(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    shares = np.where(labels_of(0) > 0, 0.95, 0.1).astype(np.float32)
    tif(root / "masks/a.tif", shares)
    assert pixels_of(open_dataset(root)) == expected(["Background", "Foreground"], 1)
    tif(root / "masks/a.tif", shares * 7)
    with pytest.raises(DatasetError, match="fractions from 0"):
        open_dataset(root)


@pytest.mark.parametrize("table", [None, {"classes": [{"name": "land"}, {"name": "water"}]}])
def test_grey_jpeg_masks_are_read_at_half(tmp_path: Path, table: Any) -> None:
    masks = {f"{i}.jpg": labels_of(i) * 255 for i in range(4)}
    root = laid_out(tmp_path, masks, table)
    dataset = open_dataset(root)
    one, other = pixels_of(dataset).values()
    assert other == pytest.approx(4 * 64, rel=0.1)
    assert one + other == 4 * SIDE * SIDE
    assert "at half" in dataset.notes[0].text
    inferred = infer_classes(root)
    assert [item.value for item in inferred.values] == [0, 255]
    assert inferred.tolerance == 127.5


COLORS = np.array([[60, 16, 152], [132, 41, 246], [110, 193, 228]])
TABLE = {
    "classes": [
        {"name": "A", "color": "#3C1098"},
        {"name": "B", "color": "#8429F6"},
        {"name": "C", "color": "#6EC1E4"},
    ]
}


def test_smoothed_grey_masks_are_read_at_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Gaussian leaves two values near 255, and several at the edges, where a JPEG has many."""
    large = [np.kron(labels_of(seed), np.ones((4, 4), np.uint8)) for seed in range(3)]
    monkeypatch.setitem(globals(), "SIDE", 4 * SIDE)  # so that edges are few
    masks: dict[str, Any] = {}
    for place, labels in enumerate(large):
        soft = cv2.GaussianBlur(labels * np.uint8(255), (5, 5), 0)
        masks[f"m{place}.png"] = soft.astype(np.uint8)
    dataset = open_dataset(laid_out(tmp_path, masks))
    assert "at half" in dataset.notes[0].text
    used = pixels_of(dataset)
    assert "void" not in used
    known = sum(int(labels.sum()) for labels in large)
    assert used["Foreground"] == pytest.approx(known, abs=3 * 4)  # the corners


@pytest.mark.parametrize("kind", ["noise", "jpeg"])
def test_soft_colours_are_one_finding_with_one_fix(tmp_path: Path, kind: str) -> None:
    masks = {}
    for i in range(3):
        colors = COLORS[labels_of(i, 3)]
        if kind == "noise":
            colors = colors + np.random.default_rng(i).integers(-2, 3, colors.shape)
        else:
            _, data = cv2.imencode(".jpg", np.uint8(colors), [cv2.IMWRITE_JPEG_QUALITY, 95])
            colors = cv2.imdecode(data, cv2.IMREAD_COLOR)
        masks[f"{i}.png"] = colors.astype(np.uint8)
    dataset = open_dataset(laid_out(tmp_path, masks, TABLE))
    (problem,) = [p for p in audit(dataset).problems if p.severity == "error"]
    assert (problem.kind, problem.sample) == ("unknown-colour", "")
    (action,) = problem.actions
    assert isinstance(action, ReadNearest)
    read = prepared(dataset, apply(Recipe(), action))
    counts = pixels_of(read)
    wanted = expected(["A", "B", "C"], 3)
    if kind == "noise":
        assert action == ReadNearest(2.0, others=False)
        assert counts == wanted
    else:
        assert all(abs(counts[name] - wanted[name]) < 0.2 * wanted[name] for name in wanted)


def test_three_greys_of_a_jpeg_are_no_two(tmp_path: Path) -> None:
    greys = np.array([0, 128, 255], np.uint8)
    root = laid_out(tmp_path, {f"{i}.jpg": greys[labels_of(i, 3)] for i in range(3)})
    with pytest.raises(UnnamedClasses, match="values up to"):
        open_dataset(root)
    values = sorted(int(item.value) for item in infer_classes(root).values)
    assert np.abs(np.array(values) - (0, 128, 255)).max() <= 4


@pytest.mark.parametrize("first", ["#FFFFFF", "#000000"])
def test_greys_of_one_band_are_read_by_the_class_colours(tmp_path: Path, first: str) -> None:
    """White may be the first class of the table: its place in it says nothing of 0 and 255."""
    second = "#000000" if first == "#FFFFFF" else "#FFFFFF"
    table = {"classes": [{"name": "a", "color": first}, {"name": "b", "color": second}]}
    dataset = open_dataset(laid_out(tmp_path, {"a.png": labels_of(0) * 255}, table))
    white = "a" if first == "#FFFFFF" else "b"
    assert pixels_of(dataset)[white] == 64


def test_soft_colours_without_a_table_are_few_to_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noisy = COLORS[labels_of(0, 3)] + rng.integers(-2, 3, (SIDE, SIDE, 3))
    root = laid_out(tmp_path, {"a.png": noisy.astype(np.uint8)})
    inferred = infer_classes(root)
    assert len(inferred.values) == 3
    assert inferred.tolerance >= 2
    assert inferred.values[0].pixels == expected(["A", "B", "C"], 1)["A"]


def test_named_soft_colours_are_read(space: Path) -> None:
    """As the Data page keeps them: the commonest value of each cluster, and how far others are."""
    rng = np.random.default_rng(1)
    noisy = COLORS[labels_of(0, 3)] + rng.integers(-2, 3, (SIDE, SIDE, 3))
    root = laid_out(space / "datasets/soft", {"a.png": noisy.astype(np.uint8)})
    inferred = infer_classes(root)
    names = [
        LandClass(name=name, color=str(item.value))
        for name, item in zip("abc", inferred.values, strict=True)
    ]
    write_class_file(root, ClassTable(classes=tuple(names)), tolerance=inferred.tolerance)
    assert sorted(pixels_of(open_dataset(root)).values()) == sorted(
        expected(["A", "B", "C"], 1).values()
    )


TINTS = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
COLORED = {
    "classes": [
        {"name": name, "color": f"#{r:02X}{g:02X}{b:02X}"}
        for name, (r, g, b) in zip(["bg", "road", "roof"], TINTS.tolist(), strict=True)
    ]
}


def see_through(labels: np.ndarray, form: str, below: int = 0) -> Image.Image:
    """A mask whose label 0 is transparent; `below` is the red or index there."""
    alpha = np.where(labels == 0, 0, 255).astype(np.uint8)
    if form == "LA":
        grey = np.where(labels == 0, below, labels).astype(np.uint8)
        return Image.fromarray(np.dstack([grey, alpha]))
    if form == "RGBA":
        colors = TINTS[labels]
        colors[labels == 0, 0] = below
        return Image.fromarray(np.dstack([colors, alpha]))
    picture = Image.fromarray(labels).convert("P")
    picture.putpalette([*TINTS.ravel().tolist(), *[0, 9, 0] * 253])
    picture.info["transparency"] = 0
    return picture


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("form", ["LA", "RGBA", "P"])
def test_transparent_pixels_are_of_the_class_below(tmp_path: Path, form: str, suffix: str) -> None:
    table = ["bg", "road", "roof"] if form == "LA" else COLORED
    masks = {f"{i}.{suffix}": see_through(labels_of(i, 3), form) for i in range(2)}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    assert pixels_of(dataset) == expected(["bg", "road", "roof"], 2)
    if (form, suffix) != ("P", "tif"):  # a TIFF's palette has no transparency
        assert "transparent" in dataset.notes[-1].text
        assert "bg" in dataset.notes[-1].text


@pytest.mark.parametrize("form", ["LA", "RGBA"])
def test_transparent_pixels_above_no_class_are_void(tmp_path: Path, form: str) -> None:
    valued = [{"name": name, "value": i} for i, name in enumerate(["bg", "road", "roof"])]
    table = valued if form == "LA" else COLORED
    masks = {f"{i}.png": see_through(labels_of(i, 3), form, 77) for i in range(2)}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    assert pixels_of(dataset) == {"bg": 0, **expected(["void", "road", "roof"], 2)}
    assert dataset.notes[-1].text == "Masks have transparent pixels: read as void."


def test_alpha_of_a_mask_with_a_grid_is_a_gap(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.tif": see_through(labels_of(0, 3), "RGBA")}, COLORED)
    with rasterio.open(root / "masks/a.tif", "r+") as file:
        file.transform, file.crs = rasterio.Affine(1, 0, 5e5, 0, -1, 5e6), "EPSG:32633"
    dataset = open_dataset(root)
    assert pixels_of(dataset) == {"bg": 0, **expected(["void", "road", "roof"], 1)}
    assert "void" in dataset.notes[-1].text


def test_jpeg_masks_of_class_numbers_are_said_to_be_jpegs(tmp_path: Path) -> None:
    masks = {f"{i}.jpg": labels_of(i, 3) * 3 for i in range(3)}
    with pytest.raises(DatasetError, match="the masks are JPEGs") as caught:
        open_dataset(laid_out(tmp_path, masks, ["bg", "road", "roof"]))
    assert "as PNG" in caught.value.remedy
