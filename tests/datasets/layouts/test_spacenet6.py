"""The SpaceNet 6 layout: where it lies, which tile is which, turns, scenes, masks, no data."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio

from core.classes import VOID
from core.datasets.audit.audit import audit
from core.datasets.batches.labelled_image import load_samples
from core.datasets.catalogue import open_dataset, recognise
from core.datasets.dataset import Dataset
from core.datasets.image_file import read_image_file
from core.datasets.layouts.spacenet6 import (
    AREA,
    ORIENTATIONS,
    PRODUCTS,
    SPACENET6_CLASSES,
    is_spacenet6,
    read_orientations,
    read_spacenet6,
)
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig, split_samples
from core.datasets.synthetic.spacenet6 import write_spacenet6
from core.errors import DatasetError
from core.imagery.display import to_rgb
from core.inference.averaging import PLAIN
from tests.spacenet_tree import PASSES, write_tree

TURNED = "20190804111224_20190804111453"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spacenet6(tmp_path_factory.mktemp("sn6") / "set", scenes=3, size=160, seed=5)


@pytest.fixture
def copied(tmp_path: Path, generated: Path) -> Path:
    """One that a test may change; the folder around ``AOI_11_Rotterdam``."""
    return Path(shutil.copytree(generated, tmp_path / "copy"))


def path_of(root: Path, product: str, number: int) -> Path:
    (path,) = (root / AREA / product).glob(f"*_tile_{number}.*")
    return path


def sample_labels(dataset: Dataset) -> dict[str, np.ndarray]:
    return {sample.id: dataset.load_labels(sample) for sample in dataset.samples}


@pytest.mark.parametrize("inside", ["", AREA, f"train/{AREA}", "renamed"])
def test_the_folder_is_located_wherever_the_archive_puts_it(
    tmp_path: Path, generated: Path, inside: str
) -> None:
    root = tmp_path / "root"
    if inside == "renamed":
        shutil.copytree(generated / AREA, root)
    else:
        shutil.copytree(generated / AREA, root / (inside or AREA))
    assert is_spacenet6(root) and recognise(root) == "spacenet6"
    dataset = open_dataset(root, "sn6")
    assert (dataset.layout, dataset.name) == ("spacenet6", "sn6")
    assert len(dataset.samples) == 9
    if inside == AREA:
        assert len(open_dataset(root / AREA).samples) == 9


def test_other_folders_are_not_taken_for_it(tmp_path: Path, demo_dataset: Path) -> None:
    (tmp_path / "PAN").mkdir()
    (tmp_path / "PAN" / "field.tif").write_bytes(b"")
    assert not is_spacenet6(tmp_path)
    assert recognise(demo_dataset) == "dubai"


def test_products(generated: Path, demo_dataset: Path) -> None:
    dataset = open_dataset(generated)
    assert dataset.products == PRODUCTS and dataset.product == "SAR-Intensity"
    assert dataset.classes.names == ("Background", "Building")
    kinds = {}
    for product in PRODUCTS:
        one = open_dataset(generated, product=product)
        header = one.load_image(one.samples[0]).header
        kinds[product] = (header.bands, header.dtype, header.width, one.coding.minimum_area)
        assert [s.id for s in one.samples] == [s.id for s in dataset.samples]
        assert [s.scene for s in one.samples] == [s.scene for s in dataset.samples]
    assert kinds == {
        "SAR-Intensity": (4, "float32", 160, 80.0),
        "PS-RGB": (3, "uint8", 160, 80.0),
        "PS-RGBNIR": (4, "uint16", 160, 80.0),
        "RGBNIR": (4, "uint16", 80, 20.0),
        "PAN": (1, "uint16", 160, 80.0),
    }
    with pytest.raises(DatasetError, match="one kind of image"):
        open_dataset(demo_dataset, product="PS-RGB")
    with pytest.raises(DatasetError, match="use SAR-Intensity, PS-RGB"):
        open_dataset(generated, product="HSV")


def test_a_recipe_changes_the_product(generated: Path) -> None:
    chosen = prepared(open_dataset(generated), Recipe(product="PAN"))
    assert chosen.product == "PAN"
    assert chosen.load_image(chosen.samples[0]).pixels.shape[-1] == 1


def test_only_the_products_that_are_there(copied: Path) -> None:
    for product in ("SAR-Intensity", "PS-RGBNIR"):
        shutil.rmtree(copied / AREA / product)
    dataset = open_dataset(copied)
    assert (dataset.product, dataset.products) == ("PS-RGB", ("PS-RGB", "RGBNIR", "PAN"))


def test_names(copied: Path) -> None:
    dataset = open_dataset(copied)
    assert dataset.samples[0].id == f"{TURNED}_tile_0"
    # By strip, then by number as a number.
    numbers = [int(s.id.rsplit("_", 1)[1]) for s in dataset.samples if s.id.startswith(TURNED)]
    assert numbers == sorted(numbers) and len(numbers) >= 2
    (copied / AREA / "SAR-Intensity" / "overview.tif").write_bytes(b"")
    again = open_dataset(copied)
    assert len(again.samples) == 9
    assert any("1 image of SAR-Intensity with other names" in note.text for note in again.notes)


def test_no_tiles(tmp_path: Path) -> None:
    (tmp_path / AREA / "SAR-Intensity").mkdir(parents=True)
    with pytest.raises(DatasetError, match="holds no tiles"):
        open_dataset(tmp_path)


def test_strips_from_the_other_side_are_turned(generated: Path) -> None:
    dataset = open_dataset(generated)
    turned = {s.id.rsplit("_tile_", 1)[0]: s.turned for s in dataset.samples}
    assert turned == read_orientations(generated / AREA / "SummaryData" / ORIENTATIONS)
    sample = dataset.sample(f"{TURNED}_tile_0")
    with rasterio.open(sample.image) as file:
        as_it_lies = np.moveaxis(file.read(), 0, -1)
    np.testing.assert_array_equal(dataset.load_image(sample).pixels, as_it_lies[::-1, ::-1])
    optical = open_dataset(generated, product="PS-RGB")
    assert not any(s.turned for s in optical.samples)
    same_place = optical.load_labels(optical.sample(sample.id))
    assert same_place.any() and not same_place.all()
    np.testing.assert_array_equal(dataset.load_labels(sample), same_place[::-1, ::-1])


def test_the_radar_looks_from_one_side_in_all(generated: Path) -> None:
    """Layover lies above a building, shadow below, in every strip as it is read."""
    dataset = open_dataset(generated)
    seen = 0
    for sample in dataset.samples:
        raster, labels = dataset.load_image(sample), dataset.load_labels(sample)
        before = np.zeros(labels.shape, bool)
        before[:-3] = (labels[:-3] == 0) & (labels[3:] == 1)
        after = np.zeros(labels.shape, bool)
        after[3:] = (labels[3:] == 0) & (labels[:-3] == 1)
        hh = raster.pixels[..., 0]
        before, after = before & raster.valid, after & raster.valid
        if before.sum() < 30 or after.sum() < 30:
            continue
        seen += 1
        assert np.median(hh[before]) > np.median(hh[after]) + 15, sample.id
    assert seen >= 4


def test_the_orientation_file_may_lie_beside_or_be_missing(copied: Path) -> None:
    listed = copied / AREA / "SummaryData" / ORIENTATIONS
    turned = [s.turned for s in open_dataset(copied).samples]
    assert any(turned) and not all(turned)
    shutil.move(listed, copied / ORIENTATIONS)
    assert [s.turned for s in open_dataset(copied).samples] == turned
    (copied / ORIENTATIONS).write_text(f"{TURNED} 1\n")
    dataset = open_dataset(copied)
    assert {s.id[:29] for s in dataset.samples if s.turned} == {TURNED}
    assert any("strips are not in SAR_orientations.txt" in note.text for note in dataset.notes)
    (copied / ORIENTATIONS).unlink()
    dataset = open_dataset(copied)
    assert not any(s.turned for s in dataset.samples)
    assert any("not turned" in note.text for note in dataset.notes)


@pytest.mark.parametrize("text", ["hello\n", f"{TURNED} 2\n", f"{TURNED}\n"])
def test_a_broken_orientation_file_is_named(copied: Path, text: str) -> None:
    (copied / AREA / "SummaryData" / ORIENTATIONS).write_text(text)
    with pytest.raises(DatasetError, match="line 1 of the orientations"):
        open_dataset(copied)


def test_the_real_orientation_file(real_data: Path) -> None:
    turns = read_orientations(real_data / "spacenet" / ORIENTATIONS)
    assert len(turns) == 204 and sum(turns.values()) == 102
    assert turns[TURNED]


def test_passes_over_one_place_are_on_one_side_of_a_split(tmp_path: Path) -> None:
    dataset = open_dataset(write_tree(tmp_path / "tree", tiles=12 * PASSES))
    assert len(dataset.scenes) == 12
    split = split_samples(dataset.samples, SplitConfig(kind="scene", val=0.25, test=0.25))
    sides = {i: side for side in ("train", "val", "test") for i in getattr(split, side)}
    assert len(sides) == 12 * PASSES and len(set(sides.values())) == 3
    bounds = {}
    for sample in dataset.samples:
        with rasterio.open(sample.image) as file:
            bounds[sample.id] = file.bounds
    met = 0
    for i, one in bounds.items():
        for j, other in bounds.items():
            across = min(one.right, other.right) - max(one.left, other.left)
            along = min(one.top, other.top) - max(one.bottom, other.bottom)
            if i != j and min(across, along) > 0:
                met += 1
                assert sides[i] == sides[j]
    assert met == 12 * PASSES * (PASSES - 1)


def test_listing_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(tmp_path / "tree", tiles=40)
    monkeypatch.setattr("core.imagery.place.read_header", None)
    monkeypatch.setattr("core.datasets.dataset.read_raster", None)
    monkeypatch.setattr(rasterio, "open", None)
    assert len(open_dataset(root).samples) == 40


def test_masks_from_the_csv_are_the_same(copied: Path) -> None:
    from_geojson = sample_labels(open_dataset(copied))
    assert sum(int((labels == 1).sum()) for labels in from_geojson.values()) > 1000
    shutil.rmtree(copied / AREA / "geojson_buildings")
    dataset = open_dataset(copied)
    assert {s.mask.suffix for s in dataset.samples if s.mask} == {".csv"}
    for sample_id, labels in sample_labels(dataset).items():
        np.testing.assert_array_equal(labels, from_geojson[sample_id])


def test_the_csv_counts_in_fine_pixels(copied: Path) -> None:
    shutil.rmtree(copied / AREA / "geojson_buildings")
    dataset = open_dataset(copied, product="RGBNIR")
    assert all(sample.mask is None for sample in dataset.samples)
    assert any("9 tiles have no mask" in note.text for note in dataset.notes)


def test_a_tile_the_csv_does_not_list_is_no_empty_one(copied: Path) -> None:
    shutil.rmtree(copied / AREA / "geojson_buildings")
    (table,) = (copied / AREA / "SummaryData").glob("*.csv")
    rows = list(csv.reader(table.open()))
    tiles = sorted({row[0] for row in rows[1:]})
    kept = [row for row in rows if row[0] not in tiles[:2]]
    kept.append([tiles[1], "-1", "POLYGON EMPTY", "", "", ""])
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(kept)
    dataset = open_dataset(copied)
    with pytest.raises(DatasetError, match="does not list"):
        dataset.load_labels(dataset.sample(tiles[0]))
    assert not dataset.load_labels(dataset.sample(tiles[1])).any()


def test_without_footprints_there_is_no_mask(copied: Path) -> None:
    path_of(copied, "geojson_buildings", 0).unlink()
    (table,) = (copied / AREA / "SummaryData").glob("*.csv")
    table.unlink()
    dataset = open_dataset(copied)
    assert [s.id for s in dataset.samples if s.mask is None] == [f"{TURNED}_tile_0"]
    missing = [p.sample for p in audit(dataset).problems if p.kind == "missing-mask"]
    assert missing == [f"{TURNED}_tile_0"]


def test_footprints_have_heights_and_small_ones_are_left_out(copied: Path) -> None:
    path = path_of(copied, "geojson_buildings", 1)
    content = json.loads(path.read_text())
    assert all(len(p) == 3 for f in content["features"] for p in f["geometry"]["coordinates"][0])
    with rasterio.open(path_of(copied, "PAN", 1)) as file:
        west, north = file.bounds.left, file.bounds.top

    def square(x: float, y: float, side: float) -> dict[str, object]:
        ring = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
        corners = [[west + 0.5 * a, north - 0.5 * b, 9.0] for a, b in ring]
        geometry = {"type": "Polygon", "coordinates": [corners]}
        return {"type": "Feature", "properties": {}, "geometry": geometry}

    # 8 × 8 pixels are 16 m², 9 × 9 are 20.25 m².
    content["features"] = [square(10, 20, 8), square(50, 60, 9)]
    path.write_text(json.dumps(content))
    dataset = open_dataset(copied, product="PS-RGB")
    (sample,) = [s for s in dataset.samples if s.mask == path]
    labels = dataset.load_labels(sample)
    expected = np.zeros_like(labels)
    expected[60:69, 50:59] = 1
    np.testing.assert_array_equal(labels, expected)


def test_no_data_by_tag_by_nan_and_by_zeros_alone(generated: Path) -> None:
    """The three ways in which the generated files say it mean the same ground."""
    kinds = set()
    for number in range(9):
        gaps = []
        for product in ("SAR-Intensity", "PS-RGB", "PS-RGBNIR", "PAN"):
            dataset = open_dataset(generated, product=product)
            (sample,) = [s for s in dataset.samples if s.id.endswith(f"_tile_{number}")]
            raster = dataset.load_image(sample)
            gap = ~raster.valid
            gaps.append(gap[::-1, ::-1] if sample.turned else gap)
            empty = bool(np.isnan(raster.pixels).any())
            kinds.add((product, raster.header.nodata, empty, bool(gap.any())))
        for gap in gaps[1:]:
            np.testing.assert_array_equal(gap, gaps[0])
    assert ("SAR-Intensity", None, True, True) in kinds  # NaN without a tag
    assert ("SAR-Intensity", 0.0, False, True) in kinds
    assert ("PS-RGB", None, False, True) in kinds  # zeros without a tag
    assert ("PAN", 0.0, False, True) in kinds


def test_a_zero_in_one_band_is_data(copied: Path) -> None:
    path = path_of(copied, "PS-RGB", 1)
    with rasterio.open(path, "r+") as file:
        assert file.nodata is None
        pixels = np.full((3, 160, 160), 7, np.uint8)
        pixels[0, :80] = 0
        pixels[:, 100:110] = 0
        file.write(pixels)
    dataset = open_dataset(copied, product="PS-RGB")
    (sample,) = [s for s in dataset.samples if s.image == path]
    expected = np.ones((160, 160), bool)
    expected[100:110] = False
    np.testing.assert_array_equal(dataset.load_image(sample).valid, expected)
    (loaded,) = load_samples(dataset, [sample])
    assert (loaded.labels[100:110] == VOID).all() and (loaded.labels[:100] != VOID).all()


def test_broken_tiles_are_listed_and_named_by_the_audit(copied: Path) -> None:
    cut = path_of(copied, "SAR-Intensity", 0)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    empty = path_of(copied, "SAR-Intensity", 4)
    empty.write_bytes(b"")
    dataset = open_dataset(copied)
    assert len(dataset.samples) == 9
    assert any("tiles do not say where they lie" in note.text for note in dataset.notes)
    broken = {p.sample for p in audit(dataset).problems if p.kind == "unreadable"}
    assert broken == {s.id for s in dataset.samples if s.image in (cut, empty)}
    damaged = path_of(copied, "geojson_buildings", 2)
    damaged.write_text('{"type": "FeatureCollection", "features": [')
    report = audit(open_dataset(copied))
    assert any("labels cannot be read" in p.detail for p in report.problems)


def test_a_clean_set_has_nothing_to_mend(generated: Path) -> None:
    report = audit(open_dataset(generated))
    assert {p.kind for p in report.problems if p.severity != "info"} == set()
    assert report.pixels_per_class["Building"] > 1000
    assert report.void_pixels > 0


def test_every_product_can_be_shown(generated: Path) -> None:
    for product in PRODUCTS:
        dataset = open_dataset(generated, product=product)
        raster = dataset.load_image(dataset.samples[-1])
        shown = to_rgb(raster.pixels, raster.valid)
        assert shown[raster.valid].std() > 20, product


def test_reading_by_the_name_alone(generated: Path) -> None:
    assert read_spacenet6(generated / AREA, "x").root == generated / AREA


@pytest.mark.parametrize("product", ["SAR-Intensity", "PS-RGB"])
def test_a_file_named_by_itself_is_read_as_in_its_dataset(generated: Path, product: str) -> None:
    dataset = open_dataset(generated, product=product)
    assert any(sample.turned for sample in dataset.samples) == (product == "SAR-Intensity")
    for sample in dataset.samples:
        file, raster = read_image_file(sample.image), dataset.load_image(sample)
        assert file.turned == sample.turned
        np.testing.assert_array_equal(file.raster.pixels, raster.pixels)
        np.testing.assert_array_equal(file.raster.valid, raster.valid)


def test_a_prediction_by_file_lies_on_the_files_own_grid(generated: Path, tmp_path: Path) -> None:
    from core.inference.outputs.file import NamedModel, predict_file
    from core.inference.predictor import Strip

    dataset = open_dataset(generated)
    sample = next(sample for sample in dataset.samples if sample.turned)

    class Brightness:
        """Label 1 where the first band of what the network would get is bright."""

        input = SimpleNamespace(file_band_count=4, bands=(), check=lambda pixels, where: None)
        averaging = PLAIN
        tile, large_tile, overlap, model_digest = 768, 1024, 230, ""

        def strips(self, pixels: np.ndarray, *_: object, **__: object) -> Iterator[Strip]:
            bright = pixels[..., :1] > 30
            yield Strip(0, np.concatenate([~bright, bright], axis=-1).astype(np.float32))

    model = NamedModel(Brightness(), SPACENET6_CLASSES, "m")  # type: ignore[arg-type]
    paths = predict_file(sample.image, model, tmp_path / "out")
    (made,) = (path for path in paths if path.name.endswith("_labels.tif"))
    with rasterio.open(made) as labels, rasterio.open(sample.image) as image:
        assert labels.transform == image.transform
        band = image.read(1)
        data = ~(image.read() == 0).all(axis=0)
        np.testing.assert_array_equal(labels.read(1)[data], (band > 30)[data])
