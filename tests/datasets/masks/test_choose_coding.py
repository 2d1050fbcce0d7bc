"""How a set's masks are read: by its table and what they hold, never a class as another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image

from core.classes import VOID, ClassTable, LandClass
from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.layouts.class_inference import infer_classes
from core.datasets.masks.class_file import write_class_file
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.fixes import ReadNearest, apply
from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError, DatasetError, UnnamedClasses
from core.training.checks.checks import check_training
from core.training.config import TrainConfig

SIDE = 32


def labels_of(seed: int, classes: int = 2) -> np.ndarray:
    """Squares of 8 px of each class but the first."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for label in range(1, classes):
        x, y = rng.integers(0, SIDE - 8, 2)
        labels[y : y + 8, x : x + 8] = label
    return labels


def laid_out(root: Path, masks: dict[str, Any], table: Any = None, name: str = "") -> Path:
    """Images with the masks of these file names: arrays, or pictures of Pillow."""
    for place, (file, mask) in enumerate(masks.items()):
        image = np.random.default_rng(place).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        for folder, picture, suffix in (("images", image, ".png"), ("masks", mask, "")):
            path = root / folder / (f"{Path(file).stem}{suffix}" if suffix else file)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture, np.ndarray):
                picture = Image.fromarray(picture)
            picture.save(path, **({"quality": 75} if path.suffix == ".jpg" else {}))
    if table is not None:
        text = table if isinstance(table, str) else json.dumps(table)
        (root / (name or "classes.json")).write_text(text)
    return root


def pixels_of(dataset: Dataset) -> dict[str, int]:
    """Labelled pixels by class, and those of void."""
    counts = np.zeros(256, int)
    for sample in dataset.samples:
        counts += np.bincount(dataset.load_labels(sample).ravel(), minlength=256)
    used = {name: int(counts[index]) for index, name in enumerate(dataset.classes.names)}
    return used | ({"void": int(counts[VOID])} if counts[VOID] else {})


def expected(names: list[str], seeds: int) -> dict[str, int]:
    counts = sum(
        np.bincount(labels_of(seed, len(names)).ravel(), minlength=len(names))
        for seed in range(seeds)
    )
    return {name: int(count) for name, count in zip(names, np.asarray(counts), strict=True)}


@pytest.mark.parametrize("factor", [1, 255])
@pytest.mark.parametrize("value", [{}, {"value": "factor"}])
def test_a_table_of_one_class_gets_a_background(
    tmp_path: Path, factor: int, value: dict[str, Any]
) -> None:
    table = {"classes": [{"name": "building"} | dict.fromkeys(value, factor)]}
    masks = {f"{i}.png": labels_of(i) * factor for i in range(3)}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    assert pixels_of(dataset) == expected(["background", "building"], 3)
    assert "building alone" in dataset.notes[0].text


def test_a_table_of_one_class_and_masks_of_three_values(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, {"classes": [{"name": "building"}]})
    with pytest.raises(DatasetError, match="one class and the masks 3 values") as caught:
        open_dataset(root)
    assert "the background first" in caught.value.remedy


def test_a_table_of_one_colour_gets_the_other_as_background(tmp_path: Path) -> None:
    colors = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
    table = {"classes": [{"name": "Building", "color": "#FF0000"}]}
    dataset = open_dataset(laid_out(tmp_path, {"a.png": colors[labels_of(0)]}, table))
    assert pixels_of(dataset) == expected(["Background", "Building"], 1)


@pytest.mark.parametrize("value", [0, 1, 7, 255])
def test_masks_of_one_value_are_refused_before_a_run(tmp_path: Path, value: int) -> None:
    mask = np.full((SIDE, SIDE), value, np.uint8)
    dataset = open_dataset(laid_out(tmp_path, {f"{i}.png": mask for i in range(6)}))
    with pytest.raises(ConfigError, match="one class") as caught:
        check_training(TrainConfig(), dataset)
    assert "classes.json" in caught.value.remedy


@pytest.mark.parametrize("ids", [(10, 50, 90), (1, 2, 5), (0, 2, 3)])
def test_ids_with_gaps_are_named_by_their_value(tmp_path: Path, ids: tuple[int, ...]) -> None:
    masks = {f"{i}.png": np.array(ids, np.uint8)[labels_of(i, 3)] for i in range(2)}
    dataset = open_dataset(laid_out(tmp_path, masks))
    assert pixels_of(dataset) == expected([f"Class {i}" for i in ids], 2)


def test_mixed_0_1_and_0_255_are_both_read(tmp_path: Path) -> None:
    masks = {f"{i}.png": labels_of(i) * (255 if i % 2 else 1) for i in range(4)}
    dataset = open_dataset(laid_out(tmp_path, masks))
    assert pixels_of(dataset) == expected(["Background", "Foreground"], 4)
    assert dataset.notes[0].severity == "warning"
    with pytest.raises(UnnamedClasses, match="255 may be void"):
        open_dataset(laid_out(tmp_path / "few", dict([*masks.items()][:2])))
    void = {"classes": [{"name": "a"}, {"name": "b"}], "void": [255]}
    dataset = open_dataset(laid_out(tmp_path / "told", masks, void))
    assert pixels_of(dataset)["void"] == 128


@pytest.mark.parametrize("void_first", [False, True])
def test_a_table_that_counts_from_elsewhere_is_refused(tmp_path: Path, void_first: bool) -> None:
    """Masks of 1 to 3, or of 0 (not labelled) to 3, and three names."""
    values = labels_of(0, 3) + 1
    values[0] = 0 if void_first else values[0]
    root = laid_out(tmp_path, {"a.png": values}, "Land\nRoad\nRoof\n", "labels.txt")
    with pytest.raises(UnnamedClasses, match="3 classes without values") as caught:
        open_dataset(root)
    assert '"void": [0]' in caught.value.remedy


def test_labelmes_list_counts_from_the_background(tmp_path: Path) -> None:
    table = "__ignore__\n_background_\nroof\nroad\n"
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table, "labels.txt")
    dataset = open_dataset(root)
    assert pixels_of(dataset) == expected(["_background_", "roof", "road"], 1)


def test_a_csv_with_void_first_shifts_the_indices(tmp_path: Path) -> None:
    table = "name,r,g,b\nunknown,0,0,0\nurban,0,255,255\nfield,255,255,0\n"
    values = labels_of(0, 2) + 1
    values[0] = 0
    dataset = open_dataset(laid_out(tmp_path, {"a.png": values}, table, "class_dict.csv"))
    counts = pixels_of(dataset)
    assert counts["urban"] + counts["field"] + counts["void"] == SIDE * SIDE
    assert counts["void"] == SIDE


def with_palette(labels: np.ndarray, colors: list[list[int]]) -> Image.Image:
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([value for color in colors for value in color])
    return picture


VOC = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]


@pytest.mark.parametrize("colors", [VOC, [[0, 0, 0]] * 3], ids=["voc", "black"])
@pytest.mark.parametrize("table", ["background\nbuilding\nroad\n", None])
def test_a_palette_is_for_show_where_the_table_has_no_colours(
    tmp_path: Path, colors: list[list[int]], table: str | None
) -> None:
    masks = {f"{i}.png": with_palette(labels_of(i, 3), colors) for i in range(2)}
    root = laid_out(tmp_path, masks, table, "labels.txt")
    names = ["background", "building", "road"] if table else ["Class 0", "Class 1", "Class 2"]
    assert pixels_of(open_dataset(root)) == expected(names, 2)


def test_palettes_that_differ_are_read_by_their_colours(tmp_path: Path) -> None:
    """Programs that save few colours order each file's palette anew."""
    labels = labels_of(0, 3)
    swapped = with_palette(np.array([2, 0, 1], np.uint8)[labels], [VOC[1], VOC[2], VOC[0]])
    masks = {"a.png": with_palette(labels, VOC), "b.png": swapped}
    root = laid_out(tmp_path, masks)
    with pytest.raises(UnnamedClasses, match="in colours"):
        open_dataset(root)
    names = ["background", "building", "road"]
    colors = ["#000000", "#800000", "#008000"]
    table = {"classes": [{"name": n, "color": c} for n, c in zip(names, colors, strict=True)]}
    (root / "classes.json").write_text(json.dumps(table))
    counts = pixels_of(open_dataset(root))
    assert counts == {name: 2 * n for name, n in expected(names, 1).items()}


def tif(path: Path, values: np.ndarray, colormap: Any = None, **profile: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype=values.dtype, **profile
    ) as file:
        file.write(values, 1)
        if colormap:
            file.write_colormap(1, colormap)


@pytest.mark.parametrize("table", [True, False])
def test_values_and_nodata_of_a_land_cover_palette(tmp_path: Path, table: bool) -> None:
    values = np.array([10, 50, 80], np.uint8)[labels_of(0, 3)]
    values[:2] = 0
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    shown = {0: (0, 0, 0, 0), 10: (0, 100, 0), 50: (250, 0, 0), 80: (0, 100, 200)}
    tif(root / "masks/a.tif", values, shown, nodata=0)
    if table:
        names = {"Tree": 10, "Built": 50, "Water": 80}
        content = {"classes": [{"name": name, "value": value} for name, value in names.items()]}
        (root / "classes.json").write_text(json.dumps(content))
    dataset = open_dataset(root)
    counts = pixels_of(dataset)
    assert counts.pop("void") == 2 * SIDE
    assert [*counts.values()] == [int((values == value).sum()) for value in (10, 50, 80)]
    wanted = ("Tree", "Built", "Water") if table else ("Class 10", "Class 50", "Class 80")
    assert dataset.classes.names == wanted


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


def test_other_tags_of_no_data_are_void(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    tif(root / "masks/a.tif", labels_of(0, 3).astype(np.int16) - 1, nodata=-1)
    counts = pixels_of(open_dataset(root))
    assert counts == {"Class 0": 64, "Class 1": 64, "void": SIDE * SIDE - 128}


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


NAMES = ["road", "roof", "tree"]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_void_0_makes_a_list_of_names_count_from_1(
    tmp_path: Path, classes: int, named: bool
) -> None:
    listed: list[Any] = [{"name": name} for name in NAMES] if named else list(NAMES)
    masks = {f"{i}.png": labels_of(i, classes + 1) for i in range(3)}
    table = {"classes": listed, "void": [0]}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    counts = expected(["void", *NAMES[:classes]], 3)
    assert pixels_of(dataset) == {**dict.fromkeys(NAMES, 0), **counts}
    assert "count from 1, road" in dataset.notes[0].text


@pytest.mark.parametrize(
    ("names", "void", "top"),
    [
        (NAMES, [1], 3),
        (NAMES, [0, 3], 3),
        (NAMES, [0], 5),
        (["background", "road", "roof"], [0], 3),
    ],
)
def test_a_void_among_the_numbers_of_the_classes_is_asked_for(
    tmp_path: Path, names: list[str], void: list[int], top: int
) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, top)}, {"classes": names, "void": void})
    with pytest.raises(UnnamedClasses, match="as void and 3 classes without values") as caught:
        open_dataset(root)
    assert "give each class its value" in caught.value.remedy


def test_a_void_row_in_the_order_of_a_text_has_a_note(tmp_path: Path) -> None:
    masks = {f"{i}.png": labels_of(i, 3) for i in range(2)}
    root = laid_out(tmp_path, masks, "unlabeled\nbg\nroad\n", "labels.txt")
    dataset = open_dataset(root)
    assert pixels_of(dataset) == expected(["void", "bg", "road"], 2)
    assert dataset.notes[0].text.startswith("labels.txt lists unlabeled: read as void")


@pytest.mark.parametrize("kind", [float, str])
def test_whole_numbers_may_be_fractions_and_texts(tmp_path: Path, kind: type) -> None:
    listed = [{"name": name, "value": kind(i)} for i, name in enumerate(NAMES)]
    dataset = open_dataset(laid_out(tmp_path, {"a.png": labels_of(0, 3)}, {"classes": listed}))
    assert pixels_of(dataset) == expected(NAMES, 1)


@pytest.mark.parametrize(
    ("values", "void", "words"),
    [
        ((0, 1, 1), [], "roof and tree have the same value, 1"),
        ((0, 1, None), [], "some classes have a value and tree has none"),
        ((0, 1, 2), [0], "the value 0 is that of road, and is listed as void"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_in_words(
    tmp_path: Path, values: tuple[int | None, ...], void: list[int], words: str
) -> None:
    listed = [
        {"name": name} | ({} if value is None else {"value": value})
        for name, value in zip(NAMES, values, strict=True)
    ]
    table = {"classes": listed, "void": void}
    with pytest.raises(DatasetError, match=words):
        open_dataset(laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table))


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
