"""Predictions by windows: as those in memory, wherever the tiles lie, and resumed after an end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from core.errors import ImageError, WorkspaceError
from core.imagery.header import read_header
from core.imagery.output.outlines import OutlineSettings
from core.imagery.output.polygons import polygon_parts
from core.imagery.raster import read_raster
from core.inference.anchor import Anchor
from core.inference.outputs.file import Handling, NamedModel
from core.inference.outputs.kinds import Wanted
from core.inference.predictor import Predictor
from core.inference.scene.predict import predict_image
from core.inference.scene.state import unfinished_folder
from core.inference.small_regions import SmallRegions, small_regions
from core.models.store import find_model, load_model
from core.provenance import is_own_file

RNG = np.random.default_rng(8)
GRID = Affine(0.5, 0, 590000.5, 0, -0.5, 5750003)
EVERYTHING = Wanted(probabilities=True, confidence=True)


def scene(path: Path, pixels: np.ndarray, **profile: Any) -> Path:
    """A tiled GeoTIFF of (H, W, C)."""
    height, width, count = pixels.shape
    settings = {
        "driver": "GTiff", "height": height, "width": width, "count": count,
        "dtype": pixels.dtype, "crs": CRS.from_epsg(32631), "transform": GRID, "tiled": True,
        "blockxsize": 64, "blockysize": 64, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **settings | profile) as file:
        file.write(np.moveaxis(pixels, -1, 0))
    return path


def picture(height: int, width: int) -> np.ndarray:
    coarse = RNG.integers(1, 255, (height // 12 + 2, width // 12 + 2, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(1)


@pytest.fixture
def make(tiny_model: str) -> Callable[..., Predictor]:
    """A predictor for which every image is large."""
    model, card = load_model(find_model(tiny_model).folder)

    def of(**settings: Any) -> Predictor:
        settings = {"tile": 48, "overlap": 0.25, "large_pixels": 1000} | settings
        predictor = Predictor.of_card(model, card, **settings)
        predictor.table = card.classes  # type: ignore[attr-defined]
        return predictor

    return of


def by_windows(
    image: Path, predictor: Any, out: Path, *, wanted: Wanted = EVERYTHING, **handling: Any
) -> list[Path]:
    model = NamedModel(predictor, predictor.table, "tiny")
    return predict_image(image, model, out, wanted, Handling(**handling))


def in_memory(image: Path, predictor: Predictor) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities (H, W, K) with NaN where there is no data."""
    raster = read_raster(image)
    scores = np.empty((*raster.valid.shape, predictor.classes), np.float32)
    anchor = Anchor.of(raster.georeference)
    labels = predictor.predict(raster.pixels, raster.valid, probabilities=scores, anchor=anchor)
    scores[~raster.valid] = np.nan
    return labels, scores


def read(path: Path) -> np.ndarray:
    """(H, W) or (H, W, K)."""
    with rasterio.open(path) as file:
        return np.moveaxis(file.read(), 0, -1).squeeze()


@pytest.mark.parametrize("tta", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_labels_are_those_of_a_prediction_in_memory(
    make: Any, tmp_path: Path, tta: bool, batch: int
) -> None:
    pixels = picture(230, 313)
    pixels[60:200, 40:190] = 0
    image = scene(tmp_path / "s.tif", pixels, nodata=0)
    predictor = make(tta=tta, batch=batch)
    paths = by_windows(image, predictor, tmp_path / "out")
    assert [path.name for path in paths] == [
        "s_labels.png", "s_color.png", "s_labels.tif", "s_probabilities.tif", "s_confidence.tif",
        "s.json",
    ]  # fmt: skip
    labels, scores = in_memory(image, predictor)
    assert (labels == 255).sum() == 140 * 150
    for name in ("s_labels.png", "s_labels.tif"):
        np.testing.assert_array_equal(read(tmp_path / "out" / name), labels)
    np.testing.assert_array_equal(read(tmp_path / "out/s_probabilities.tif"), scores)
    colors = cv2.imread(str(tmp_path / "out/s_color.png"))[..., ::-1]
    np.testing.assert_array_equal(colors, predictor.table.colorize(labels))
    with rasterio.open(tmp_path / "out/s_confidence.tif") as file:
        confidence = file.read(1, masked=True)
        assert file.scales == (1e-4,) and file.nodata == 65535
    np.testing.assert_array_equal(confidence.mask, labels == 255)
    expected = np.nanmax(np.where(np.isnan(scores), -1, scores), axis=-1)
    np.testing.assert_allclose(confidence * 1e-4, expected, atol=5.1e-5)
    assert all(is_own_file(path) for path in paths)
    assert not unfinished_folder(tmp_path / "out", "s").exists()


def test_a_small_image_has_the_same_files_and_keys(make: Any, tmp_path: Path) -> None:
    image = scene(tmp_path / "s.tif", picture(90, 130))
    large = by_windows(image, make(), tmp_path / "large")
    small = by_windows(image, make(large_pixels=10**9), tmp_path / "small")
    assert [path.name for path in large] == [path.name for path in small]
    first, second = (json.loads(paths[-1].read_text()) for paths in (large, small))
    assert list(first) == list(second)
    assert (
        next(iter(first["classes"].values())).keys()
        == next(iter(second["classes"].values())).keys()
    )
    for one, other in zip(large, small, strict=True):
        if one.suffix == ".tif":
            with rasterio.open(one) as a, rasterio.open(other) as b:
                assert (a.dtypes, str(a.nodata), a.transform, a.crs) == (
                    b.dtypes, str(b.nodata), b.transform, b.crs,
                )  # fmt: skip
                assert (a.descriptions, a.tags(1), a.scales) == (
                    b.descriptions,
                    b.tags(1),
                    b.scales,
                )


def test_the_summary_adds_up(make: Any, tmp_path: Path) -> None:
    image = scene(tmp_path / "s.tif", picture(120, 200))
    by_windows(image, make(), tmp_path, wanted=Wanted())
    summary = json.loads((tmp_path / "s.json").read_text())
    labels = read(tmp_path / "s_labels.tif")
    for index, entry in enumerate(summary["classes"].values()):
        pixels = int((labels == index).sum())
        assert entry["pixels"] == pixels
        assert entry["area_m2"] == pytest.approx(pixels * summary["pixel_area_m2"], rel=1e-4)
        assert entry["area_ha"] == pytest.approx(entry["area_m2"] / 1e4)
        assert entry["area_km2"] == pytest.approx(entry["area_m2"] / 1e6)
    assert sum(e["share"] for e in summary["classes"].values()) == pytest.approx(1)


class Ended(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("after", [1, 9, 17, 29])
def test_a_prediction_that_was_ended_goes_on_to_the_same_bytes(
    make: Any, tmp_path: Path, after: int
) -> None:
    pixels = picture(230, 313)
    pixels[100:130] = 0
    image = scene(tmp_path / "s.tif", pixels, nodata=0)
    by_windows(image, make(), tmp_path / "whole")

    def end(done: int, _: int) -> None:
        if done >= after:
            raise Ended

    with pytest.raises(Ended):
        by_windows(image, make(), tmp_path / "out", progress=end)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".dsi-s.unfinished"]
    with pytest.raises(WorkspaceError, match=r"unfinished prediction.*--resume"):
        by_windows(image, make(), tmp_path / "out")
    seen: list[tuple[int, int]] = []
    by_windows(
        image, make(), tmp_path / "out", resume=True, progress=lambda *done: seen.append(done)
    )
    assert seen[-1][0] == seen[-1][1]
    if after == 29:
        assert len(seen) < seen[-1][1]
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files


def test_what_changed_meanwhile_is_named(make: Any, tmp_path: Path) -> None:
    image = scene(tmp_path / "s.tif", picture(120, 200))

    def end(*_: int) -> None:
        raise Ended

    with pytest.raises(Ended):
        by_windows(image, make(), tmp_path / "out", progress=end)
    state = (unfinished_folder(tmp_path / "out", "s") / "state.json").read_text()
    with pytest.raises(WorkspaceError, match="other options"):
        by_windows(image, make(), tmp_path / "out", wanted=Wanted(), resume=True)
    with pytest.raises(WorkspaceError, match="other options"):
        by_windows(image, make(tta=True), tmp_path / "out", resume=True)
    other = make()
    other.model_digest = "0" * 64
    with pytest.raises(WorkspaceError, match="another model"):
        by_windows(image, other, tmp_path / "out", resume=True)
    content = image.read_bytes()
    scene(image, picture(120, 200))
    with pytest.raises(WorkspaceError, match="image has changed"):
        by_windows(image, make(), tmp_path / "out", resume=True)
    image.write_bytes(content)
    assert (unfinished_folder(tmp_path / "out", "s") / "state.json").read_text() == state
    by_windows(image, make(), tmp_path / "out", resume=True)
    assert not unfinished_folder(tmp_path / "out", "s").exists()


@pytest.mark.parametrize("large_pixels", [1000, 10**9])
def test_complete_results_are_left_where_they_are_made_from_the_same(
    make: Any, tmp_path: Path, large_pixels: int
) -> None:
    image, out = scene(tmp_path / "s.tif", picture(60, 70)), tmp_path / "out"
    notes: list[str] = []
    calls: list[int] = []

    def predicted(wanted: Wanted = EVERYTHING, digest: str = "", **settings: Any) -> str:
        """Whether tiles are predicted, and what is said."""
        predictor = make(large_pixels=large_pixels, **settings)
        predictor.model_digest = digest or predictor.model_digest
        before = len(calls)
        notes.clear()
        handling = {"note": notes.append, "progress": lambda *_: calls.append(1)}
        paths = by_windows(image, predictor, out, wanted=wanted, resume=True, **handling)
        assert all(is_own_file(path) for path in paths)
        return f"{'predicted' if len(calls) > before else 'left'} {' '.join(notes)}"

    assert predicted() == "predicted "
    files = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.iterdir()}
    assert predicted().startswith("left note: ") and "made from the same" in notes[0]
    assert files == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in out.iterdir()}
    assert "other options" in predicted(tta=True) and "predicted" in predicted()
    assert "other options" in predicted(Wanted(polygons=True))
    smaller = Wanted(polygons=True, outlines=OutlineSettings(9))
    assert "other options" in predicted(smaller) and predicted(smaller).startswith("left")
    assert "another model" in predicted(smaller, "0" * 64)
    assert predicted(smaller, "0" * 64).startswith("left")
    (out / "s_labels.tif").unlink()
    assert "a file is missing" in predicted(smaller, "0" * 64)
    (out / "s.geojson").write_bytes(b"{}")
    with pytest.raises(WorkspaceError, match=r"s\.geojson is there already"):
        predicted(smaller, "0" * 64)  # somebody's own now
    (out / "s.geojson").unlink()
    scene(image, picture(60, 70))
    assert "predicted" in predicted(smaller, "0" * 64) and "image has changed" in notes[0]


def test_resume_without_anything_begins_anew(make: Any, tmp_path: Path) -> None:
    image = scene(tmp_path / "s.tif", picture(60, 70))
    by_windows(image, make(), tmp_path / "out", resume=True, wanted=Wanted())
    assert (tmp_path / "out/s_labels.tif").is_file()


@pytest.mark.parametrize("window", [(37, 61), (16, 32), (5, 0)])
def test_a_part_of_a_scene_is_mapped_as_the_scene(
    make: Any, tmp_path: Path, window: tuple[int, int]
) -> None:
    """Tiles lie on the ground: but for its edges a part has the same ones."""
    whole = scene(tmp_path / "whole.tif", picture(420, 400))
    top, left = window
    with rasterio.open(whole) as file:
        at = Window(left, top, 330, 350)
        pixels = np.moveaxis(file.read(window=at), 0, -1)
        part = scene(tmp_path / "part.tif", pixels, transform=file.window_transform(at))
    for image in (whole, part):
        by_windows(image, make(), tmp_path, wanted=Wanted(probabilities=True))
    scores = read(tmp_path / "whole_probabilities.tif")[top : top + 350, left : left + 330]
    inside = np.s_[100:-100, 100:-100]
    np.testing.assert_allclose(
        read(tmp_path / "part_probabilities.tif")[inside], scores[inside], atol=1e-6
    )


def test_blocks_that_a_file_does_not_hold_are_not_computed(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=1024, width=1024, count=3, dtype="uint8", tiled=True,
        blockxsize=64, blockysize=64, sparse_ok=True, transform=GRID, crs=CRS.from_epsg(32631),
    ) as file:  # fmt: skip
        file.write(np.moveaxis(picture(64, 128), -1, 0), window=Window(192, 320, 128, 64))
    predictor = make()
    calls: list[int] = []
    softmax = predictor.softmax
    predictor.softmax = lambda tiles: (calls.append(len(tiles)), softmax(tiles))[1]
    by_windows(path, predictor, tmp_path, wanted=Wanted())
    labels = read(tmp_path / "sparse_labels.tif")
    inside = np.s_[320:384, 192:320]
    assert (labels[inside] < 5).all()
    labels[inside] = 255
    assert (labels == 255).all()
    assert 0 < sum(calls) < 30 < 400 < len(predictor.tiles(1024, 1024)[0].starts) ** 2
    np.testing.assert_array_equal(
        read_raster(path).valid, read(tmp_path / "sparse_labels.png") < 255
    )


@pytest.mark.parametrize("scales", [(0.75, 1, 1.5), (0.5,)])
def test_sizes_by_windows_are_those_in_memory(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scales: tuple[float, ...]
) -> None:
    pixels = picture(230, 313)
    pixels[60:200, 40:190] = 0
    image = scene(tmp_path / "s.tif", pixels, nodata=0)
    monkeypatch.setattr("core.inference.scene.sizes._COLUMNS_BYTES", 4 * 5 * 64 * 100)
    predictor = make(scales=scales)
    by_windows(image, predictor, tmp_path / "out")
    labels, scores = in_memory(image, predictor)
    np.testing.assert_array_equal(read(tmp_path / "out/s_labels.tif"), labels)
    np.testing.assert_array_equal(read(tmp_path / "out/s_probabilities.tif"), scores)
    assert not unfinished_folder(tmp_path / "out", "s").exists()


@pytest.mark.parametrize("after", [1, 30, 70])
def test_sizes_that_were_ended_go_on_to_the_same_bytes(
    make: Any, tmp_path: Path, after: int
) -> None:
    pixels = picture(230, 200)
    pixels[100:130] = 0
    image = scene(tmp_path / "s.tif", pixels, nodata=0)
    predictor = make(scales=(0.5, 1, 1.25))
    by_windows(image, predictor, tmp_path / "whole")

    def end(done: int, _: int) -> None:
        if done >= after:
            raise Ended

    with pytest.raises(Ended):
        by_windows(image, predictor, tmp_path / "out", progress=end)
    with pytest.raises(WorkspaceError, match="other options"):
        by_windows(image, make(scales=(0.5, 1)), tmp_path / "out", resume=True)
    seen: list[tuple[int, int]] = []
    by_windows(
        image, predictor, tmp_path / "out", resume=True, progress=lambda *done: seen.append(done)
    )
    assert seen[-1][0] == seen[-1][1]
    assert after == 1 or len(seen) < seen[-1][1]
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files


def test_a_disk_with_too_little_room_is_said_before(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = scene(tmp_path / "s.tif", picture(60, 70))
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("core.inference.scene.predict.shutil.disk_usage", lambda _: usage)
    with pytest.raises(WorkspaceError, match=r"needs about .* are free"):
        by_windows(image, make(), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_fills_up_loses_nothing(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = scene(tmp_path / "s.tif", picture(120, 200))
    by_windows(image, make(), tmp_path / "out", wanted=Wanted())
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with monkeypatch.context() as patch:

        def full(*_: Any) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr("core.inference.scene.planes.os.pwrite", full)
        with pytest.raises(WorkspaceError, match="disk is full"):
            by_windows(image, make(), tmp_path / "out", wanted=Wanted())
    after = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    assert after == before
    by_windows(image, make(), tmp_path / "out", wanted=Wanted(), resume=True)


BAD: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "no crs": (picture(60, 70), {"crs": None}),
    "no grid": (picture(60, 70), {"crs": None, "transform": None}),
    "turned": (picture(60, 70), {"transform": Affine(0.4, 0.3, 6e5, 0.3, -0.4, 5.7e6)}),
    "from south to north": (picture(60, 70), {"transform": Affine(1, 0, 6e5, 0, 1, 5.7e6)}),
    "a pixel wide": (picture(1500, 1), {}),
    "a pixel high": (picture(1, 1500), {}),
    "nothing": (np.zeros((60, 70, 3), np.uint8), {"nodata": 0}),
}


@pytest.mark.parametrize("kind", BAD)
def test_odd_images_are_mapped_as_in_memory(make: Any, tmp_path: Path, kind: str) -> None:
    pixels, profile = BAD[kind]
    image = scene(tmp_path / "s.tif", pixels, **profile)
    predictor = make()
    paths = by_windows(image, predictor, tmp_path / "out")
    labels, _ = in_memory(image, predictor)
    np.testing.assert_array_equal(read(tmp_path / "out/s_labels.png").reshape(labels.shape), labels)
    names = {path.name for path in paths}
    located = read_header(image).georeference is not None
    assert ("s_labels.tif" in names) == ("s_confidence.tif" in names) == located
    assert ("s_confidence.png" in names) != located
    summary = json.loads((tmp_path / "out/s.json").read_text())
    assert ("no_area" in summary) == kind.startswith("no ")
    if kind == "nothing":
        assert summary["void_pixels"] == 60 * 70
    if located:
        with rasterio.open(tmp_path / "out/s_labels.tif") as file, rasterio.open(image) as own:
            assert (file.crs, file.transform) == (own.crs, own.transform)
            np.testing.assert_array_equal(file.read(1), labels)
    if not located:
        confidence = cv2.imread(str(tmp_path / "out/s_confidence.png"), cv2.IMREAD_UNCHANGED)
        assert confidence.dtype == np.uint16 and confidence.max() <= 10000


def test_other_bands_and_numbers_are_refused(make: Any, tmp_path: Path) -> None:
    four = scene(
        tmp_path / "four.tif", RNG.integers(0, 9, (60, 70, 4), np.uint8), photometric="MINISBLACK"
    )
    with pytest.raises(ImageError, match=r"takes 3 bands.*has 4"):
        by_windows(four, make(), tmp_path / "out")
    floats = RNG.random((60, 70, 3)).astype(np.float32)
    with pytest.raises(ImageError, match="uint8 values, the image holds float32"):
        by_windows(scene(tmp_path / "f.tif", floats), make(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("simplify", [0, 1.5, 4])
def test_polygons_are_those_of_the_whole_map(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simplify: float
) -> None:
    """Bands of 13 rows, or 40 of those that are simplified: nearly every region lies in several."""
    monkeypatch.setattr("core.inference.scene.results._ROWS_BYTES", 13 * 170)
    for module in ("core.imagery.output.polygons", "core.inference.scene.results"):
        monkeypatch.setattr(f"{module}.SIMPLIFIED_ROWS", 40)
    predictor = make()
    # A map with many regions: by brightness of the first band.
    predictor.softmax = lambda tiles: np.eye(5, dtype=np.float32)[
        (tiles[..., 0] * 4.99).astype(int)
    ]
    pixels = picture(150, 170)
    pixels[20:60, 30:90] = 0  # void
    image = scene(tmp_path / "s.tif", pixels, nodata=0)
    counts: list[SmallRegions] = []
    min_area, before = 0.0, 0
    for folder in (tmp_path / "all", tmp_path / "large"):
        wanted = Wanted(
            polygons=True, geopackage=True, outlines=OutlineSettings(min_area, simplify)
        )
        paths = by_windows(image, predictor, folder, wanted=wanted, left_out=counts.append)
        assert is_own_file(folder / "s.geojson") and folder / "s.geojson" in paths
        labels = read(folder / "s_labels.tif")
        grid = read_header(image).georeference
        names = predictor.table.names
        whole = json.loads(b"".join(polygon_parts(labels, names, grid, wanted.outlines)))
        made = json.loads((folder / "s.geojson").read_text())
        assert _features(made) == _features(whole)
        assert {k: v for k, v in made.items() if k not in ("features", "generator")} == {
            k: v for k, v in whole.items() if k not in ("features", "generator")
        }
        areas = sorted(feature["properties"]["area_m2"] for feature in made["features"])
        assert sorted(pyogrio.raw.read(folder / "s.gpkg")[3][3].tolist()) == areas
        if min_area:
            assert counts == [small_regions(labels, grid, min_area)]
            assert counts[0].polygons == before // 2
            break
        min_area, before = areas[len(areas) // 2], len(areas)
        assert before > 4


def _features(collection: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What each feature says, and its normalised shape; rings wind as RFC 7946 has it."""
    for feature in collection["features"]:
        outer, *holes = map(shapely.LinearRing, feature["geometry"]["coordinates"])
        assert outer.is_ccw and not any(hole.is_ccw for hole in holes)
    return sorted(
        (
            sorted(feature["properties"].items()),
            shapely.to_wkt(shapely.normalize(shapely.geometry.shape(feature["geometry"])), 9),
        )
        for feature in collection["features"]
    )
