"""Palettes, the order of bands and no-data tags never make a class another, or void in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from core.classes import VOID, ClassTable, numbered
from core.datasets.catalogue import open_dataset
from core.datasets.layouts.class_inference import infer_classes
from core.datasets.masks.single_mask import read_truth
from core.errors import ImageError, UnnamedClasses
from tests.datasets.masks.coded_masks import SIDE, expected, labels_of, laid_out, pixels_of, tif
from tests.datasets.masks.test_choose_coding import with_palette
from tests.imagery.test_raster import tiff

NAMES = ["land", "road", "water"]
COLORS = [[10, 20, 30], [255, 0, 0], [0, 0, 255]]
SHOWN = ["#000000", "#FF0000", "#00FF00"]
TRUTH = expected(NAMES, 1)


def table_of(*, values: bool = False, order: tuple[int, ...] = (0, 1, 2)) -> list[dict[str, Any]]:
    rows = [{"name": NAMES[i], "color": "#" + bytes(COLORS[i]).hex().upper()} for i in order]
    return [row | ({"value": i} if values else {}) for row, i in zip(rows, order, strict=True)]


def test_palettes_in_an_order_of_their_own_are_read_by_colour(tmp_path: Path) -> None:
    labels = labels_of(0, 3)
    swapped = with_palette(np.array([2, 0, 1], np.uint8)[labels], [*COLORS[1:], COLORS[0]])
    masks = {"a.png": with_palette(labels, COLORS), "b.png": swapped}
    root = laid_out(tmp_path / "colors", masks, table_of(values=True))
    assert pixels_of(open_dataset(root)) == {name: 2 * n for name, n in TRUTH.items()}
    bare = [{"name": name, "value": i} for i, name in enumerate(NAMES)]
    with pytest.raises(UnnamedClasses, match="in colours"):
        open_dataset(laid_out(tmp_path / "bare", masks, bare))


@pytest.mark.parametrize(("factor", "dtype"), [(1, "uint16"), (257, "uint16"), (1, "float32")])
def test_colours_in_more_bits_are_those_of_8(tmp_path: Path, factor: int, dtype: str) -> None:
    colours = (np.array(COLORS)[labels_of(0, 3)] * factor).astype(dtype)
    root = laid_out(tmp_path, {"a.png": labels_of(0)}, table_of())
    (root / "masks/a.png").unlink()
    (root / "masks/a.tif").write_bytes(tiff(colours))
    assert pixels_of(open_dataset(root)) == TRUTH
    colours[0, 0, 0] = 300.5 if dtype == "float32" else 300
    (root / "masks/a.tif").write_bytes(tiff(colours))
    with pytest.raises(ImageError, match=f"8-bit RGB.*3 bands of {dtype}"):
        pixels_of(open_dataset(root))


def test_a_palette_that_is_nearly_the_tables_is_read_by_colour(tmp_path: Path) -> None:
    near = [[c + (3 if c < 200 else -3) for c in color] for color in COLORS]
    masks = {"a.png": with_palette(labels_of(0, 3), near)}
    dataset = open_dataset(laid_out(tmp_path / "near", masks, table_of(order=(2, 1, 0))))
    assert pixels_of(dataset) == TRUTH
    assert "differ by up to 3 of 255" in dataset.notes[0].text
    void = "name,r,g,b\nwater,0,0,255\nroad,255,0,0\nvoid,10,20,30\n"
    masks = {"a.png": with_palette(labels_of(0, 3), COLORS)}
    dataset = open_dataset(laid_out(tmp_path / "void", masks, void, "class_dict.csv"))
    assert pixels_of(dataset)["void"] == TRUTH["land"]
    assert pixels_of(dataset)["water"] == TRUTH["water"]


def test_a_ramp_of_greys_is_no_table_of_colours(tmp_path: Path) -> None:
    masks = {"a.png": with_palette(labels_of(0, 3), [[i] * 3 for i in range(3)])}
    table = [{"name": n, "color": c} for n, c in zip(NAMES, SHOWN, strict=True)]
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    assert (pixels_of(dataset), dataset.notes) == (TRUTH, ())


def test_a_palette_against_the_values_of_the_table_has_a_note(tmp_path: Path) -> None:
    masks = {"a.png": with_palette(labels_of(0, 3), [COLORS[0], COLORS[2], COLORS[1]])}
    dataset = open_dataset(laid_out(tmp_path, masks, table_of(values=True)))
    assert pixels_of(dataset) == TRUTH
    (note,) = dataset.notes
    assert "shows 1 in the colour of water" in note.text and note.severity == "warning"


@pytest.mark.parametrize("said", ["interpretation", "description"])
def test_blue_green_red_is_brought_in_order(tmp_path: Path, said: str) -> None:
    labels = labels_of(0, 3)
    root = laid_out(tmp_path, {"a.png": labels}, table_of())
    (root / "masks/a.png").unlink()
    path = root / "masks/a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8"
    ) as file:
        if said == "interpretation":
            file.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
        else:
            file.descriptions = ("Blue", "Green", "Red")
        file.write(np.moveaxis(np.array(COLORS, np.uint8)[labels][..., ::-1], -1, 0))
    dataset = open_dataset(root)
    assert pixels_of(dataset) == TRUTH
    for source in (path, path.read_bytes()):
        truth = read_truth(source, dataset.classes, labels.shape, name="a")
        np.testing.assert_array_equal(truth.labels, labels)
    (root / "classes.json").unlink()
    assert {value.value for value in infer_classes(root).values} == {
        "#0A141E",
        "#FF0000",
        "#0000FF",
    }


def tagged(root: Path, values: np.ndarray, nodata: float, table: Any = None, **extra: Any) -> Path:
    laid_out(root, {"a.png": values}, table)
    (root / "masks/a.png").unlink()
    tif(root / "masks/a.tif", values, nodata=nodata, **extra)
    return root


@pytest.mark.parametrize(
    ("classes", "factor", "tag"), [(3, 1, 2), (2, 1, 1), (2, 255, 255), (3, 1, 1)]
)
def test_a_tag_that_may_be_a_class_has_a_note(
    tmp_path: Path, classes: int, factor: int, tag: int
) -> None:
    values = labels_of(0, classes) * factor
    dataset = open_dataset(tagged(tmp_path, values.astype(np.uint8), tag))
    count = int((values == tag).sum())
    assert pixels_of(dataset)["void"] == count
    (note,) = [n for n in dataset.notes if f"tag {tag} as no data" in n.text]
    assert f"{100 * count / SIDE**2:.1f}".rstrip("0").rstrip(".") in note.text
    assert note.severity == "warning"


@pytest.mark.parametrize("tag", [0, 1, 2])
def test_a_class_of_the_table_wins_over_a_tag_and_a_note_says_so(tmp_path: Path, tag: int) -> None:
    dataset = open_dataset(tagged(tmp_path, labels_of(0, 3), tag, NAMES))
    assert pixels_of(dataset) == TRUTH
    assert [n.text for n in dataset.notes] == [
        f"The files tag {tag} as no data, and it stands for {NAMES[tag]}: read as {NAMES[tag]}."
    ]


def test_a_tag_of_few_pixels_far_from_the_classes_needs_no_note(tmp_path: Path) -> None:
    values = labels_of(0, 3)
    values[0, :3] = 99
    dataset = open_dataset(tagged(tmp_path, values, 99, NAMES))
    assert (pixels_of(dataset)["void"], dataset.notes) == (3, ())


@pytest.mark.parametrize("kind", ["internal", "beside", "alpha"])
@pytest.mark.parametrize("tag", [0, None])
def test_a_mask_of_a_mask_hides_also_where_the_tag_is_a_class(
    tmp_path: Path, kind: str, tag: int | None
) -> None:
    labels = labels_of(0, 3)
    labels[4:12, 4:12] = 1
    shown = np.full(labels.shape, 255, np.uint8)
    shown[:8] = 0
    root = laid_out(tmp_path, {"a.png": labels}, NAMES)
    (root / "masks/a.png").unlink()
    path = root / "masks/a.tif"
    bands = [labels, shown] if kind == "alpha" else [labels]
    profile: dict[str, Any] = {"driver": "GTiff", "width": SIDE, "height": SIDE, "dtype": "uint8"}
    grid = {"crs": "EPSG:32640", "transform": from_origin(0, 32, 1, 1), "nodata": tag}
    alpha = {"alpha": "YES"} if kind == "alpha" else {}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", count=len(bands), **profile, **grid, **alpha) as file,
    ):
        file.write(np.stack(bands))
        if kind == "internal":
            file.write_mask(shown)
    if kind == "beside":
        with rasterio.open(f"{path}.msk", "w", count=1, **profile) as file:
            file.write(shown, 1)
    wanted = np.where(shown > 0, labels, VOID)
    dataset = open_dataset(root)
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), wanted)
    classes: ClassTable = numbered(NAMES)
    sources = [path] if kind == "beside" else [path, path.read_bytes()]
    for source in sources:
        truth = read_truth(source, classes, labels.shape, name="a")
        np.testing.assert_array_equal(truth.labels, wanted)


@pytest.mark.parametrize(
    ("name", "text", "contradicts"),
    [
        ("classes.csv", "name,value\nwater,2\nroad,1\nland,0\n", False),
        ("classes.csv", "name,value\nwater,0\nroad,1\nland,2\n", True),
        ("labels.txt", "sea\nroad\nwater\n", True),
        ("labels.txt", "water\nroad\nland\n", False),
        ("class_dict.csv", "name,r,g,b\nland,10,20,30\nroad,0,0,255\nwater,255,0,0\n", True),
        ("labels.csv", "file,tile\na.png,7\n", False),
    ],
)
def test_a_second_table_that_contradicts_the_first_has_a_note(
    tmp_path: Path, name: str, text: str, contradicts: bool
) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table_of(values=True))
    (root / name).write_text(text)
    dataset = open_dataset(root)
    assert pixels_of(dataset) == TRUTH
    notes = [note.text for note in dataset.notes if note.severity == "warning"]
    assert [note.startswith(f"classes.json and {name} do not") for note in notes] == (
        [True] if contradicts else []
    )
    (root / "classes.json").write_text(json.dumps(NAMES))
    assert pixels_of(open_dataset(root)) == TRUTH
