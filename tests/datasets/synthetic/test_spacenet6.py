"""The generated SpaceNet 6 set: formats, determinism, what the radar shows, no half folder."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.datasets.catalogue import open_dataset
from core.datasets.layouts.spacenet6 import AREA, PRODUCTS, tile_name
from core.datasets.synthetic.port import BANDS_DB, draw_port
from core.datasets.synthetic.spacenet6 import MIN_SIZE, PASSES, write_spacenet6
from core.errors import DatasetError
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spacenet6(tmp_path_factory.mktemp("sn6") / "set", scenes=2, size=130, seed=1)


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_formats(generated: Path) -> None:
    expected = {
        "SAR-Intensity": (4, "float32", 0.5),
        "PS-RGB": (3, "uint8", 0.5),
        "PS-RGBNIR": (4, "uint16", 0.5),
        "RGBNIR": (4, "uint16", 1.0),
        "PAN": (1, "uint16", 0.5),
    }
    assert tuple(expected) == PRODUCTS
    for product, (bands, dtype, pixel) in expected.items():
        files = sorted((generated / AREA / product).iterdir())
        assert len(files) == 2 * PASSES
        for path in files:
            assert tile_name(path.name) is not None
            with rasterio.open(path) as file:
                assert (file.count, file.dtypes[0]) == (bands, dtype)
                assert file.crs.to_epsg() == 32631
                assert file.transform.a == -file.transform.e == pixel
                # On the ground, Rotterdam's port.
                assert 585_000 < file.bounds.left < 605_000
                assert 5_740_000 < file.bounds.bottom < 5_755_000


def test_radar_has_the_values_of_the_real_set(tmp_path: Path) -> None:
    """Positive decibels, as published solutions of the challenge have them; 0 is no data."""
    dataset = open_dataset(write_spacenet6(tmp_path / "set", scenes=4, size=200, seed=0))
    assert dataset.product == "SAR-Intensity" and dataset.decibel
    rasters = [dataset.load_image(sample) for sample in dataset.samples]
    values = np.concatenate([raster.pixels[raster.valid] for raster in rasters])
    np.testing.assert_allclose(values.mean(axis=0), [28.6, 36.1, 33.8, 26.2], atol=1.5)
    np.testing.assert_allclose(values.std(axis=0), 8.4, atol=1.5)
    assert values.min() > 0
    assert 75 < values.max() <= 92
    assert not all(raster.valid.all() for raster in rasters)
    optical = open_dataset(tmp_path / "set", product="PS-RGB")
    assert not optical.decibel


def test_the_summary_lists_every_tile(generated: Path) -> None:
    home = generated / AREA
    (table,) = (home / "SummaryData").glob("SN6_Train_AOI_11_Rotterdam_Buildings.csv")
    rows = list(csv.DictReader(table.open()))
    assert list(rows[0]) == [
        "ImageId",
        "TileBuildingId",
        "PolygonWKT_Pix",
        "Mean_Building_Height",
        "Median_Building_Height",
        "StdDev_Building_Height",
    ]
    for path in (home / "geojson_buildings").iterdir():
        kind, strip, number = tile_name(path.name) or ("", "", "")
        assert kind == "Buildings"
        features = json.loads(path.read_text())["features"]
        listed = [row for row in rows if row["ImageId"] == f"{strip}_tile_{number}"]
        heights = [row["Mean_Building_Height"] for row in listed if row["TileBuildingId"] != "-1"]
        assert [str(f["properties"]["Mean_Building_Height"]) for f in features] == heights
        for feature in features:
            (ring,) = feature["geometry"]["coordinates"]
            assert ring[0] == ring[-1] and {len(corner) for corner in ring} == {3}


def test_both_sides_see_each_place(generated: Path) -> None:
    lines = (generated / AREA / "SummaryData" / "SAR_orientations.txt").read_text().split()
    turns = dict(zip(lines[::2], lines[1::2], strict=True))
    for place in range(2):
        strips = {
            tile[1]
            for path in (generated / AREA / "PAN").iterdir()
            if (tile := tile_name(path.name)) and int(tile[2]) // PASSES == place
        }
        assert len(strips) == PASSES and {turns[strip] for strip in strips} == {"0", "1"}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    first, again = (
        write_spacenet6(tmp_path / name, scenes=1, size=MIN_SIZE, seed=3) for name in "ab"
    )
    other = write_spacenet6(tmp_path / "c", scenes=1, size=MIN_SIZE, seed=4)
    assert digests(first) == digests(again)
    # 3 passes of 5 products and a file of footprints; orientations, summary and README.
    assert len(digests(first)) == 3 * 6 + 3
    assert digests(first) != digests(other)


def test_speckle_is_gamma_distributed() -> None:
    """On open water the intensity has the mean asked for, and the variance of three looks."""
    port = next(p for p in (draw_port(400, seed) for seed in range(20)) if (p.ground == 0).any())
    intensity = 10 ** (port.radar("down", 1) / 10.0)
    roomy = np.zeros(port.ground.shape, bool)
    dark = port.radar("down", 2)[..., 0] < -15  # not where a wall lies over the water
    roomy[(port.ground == 0) & dark] = True
    for band in range(4):
        values = intensity[..., band][roomy].astype(np.float64)
        assert values.size > 2000
        assert values.mean() == pytest.approx(10 ** (BANDS_DB[0][band] / 10), rel=0.1)
        assert values.mean() ** 2 / values.var() == pytest.approx(3, rel=0.15)
    assert np.isfinite(port.radar("up", 0)).all()


def test_layover_lies_toward_the_sensor_and_shadow_behind() -> None:
    port = draw_port(300, 2)
    assert len(port.buildings) > 3
    down, up = (port.radar(side, 0)[..., 0] for side in ("down", "up"))
    compared = 0
    for building in port.buildings:
        if building.height < 4:
            continue
        x = round(building.outline[:, 0].mean())
        top, bottom = round(building.outline[:, 1].min()), round(building.outline[:, 1].max())
        if not (3 < x < 296 and top > 8 and bottom < 292):
            continue
        roof = np.s_[(top + bottom) // 2 - 2 : (top + bottom) // 2 + 3, x - 2 : x + 3]
        assert abs(np.median(down[roof]) - np.median(up[roof])) < 8
        compared += 1
    assert compared >= 2
    # Seen from the other side, bright and dark change places.
    bright_down, bright_up = down > 0, up > 0
    assert (bright_down & bright_up).mean() < 0.5 * bright_down.mean()


def test_progress_and_bad_numbers(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_spacenet6(
        tmp_path / "a", scenes=1, size=MIN_SIZE, progress=lambda *step: seen.append(step)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for wrong in ({"size": MIN_SIZE - 1}, {"scenes": 0}, {"seed": -1}):
        with pytest.raises(DatasetError, match="expected"):
            write_spacenet6(tmp_path / "b", **wrong)
    with pytest.raises(DatasetError, match="not empty"):
        write_spacenet6(tmp_path / "a")
    assert not (tmp_path / "b").exists()


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class FullDisk(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise FullDisk

    with pytest.raises(FullDisk):
        write_spacenet6(tmp_path / "a", scenes=1, size=MIN_SIZE, progress=stop)
    assert list(tmp_path.glob("[!w]*")) == [] and list(tmp_path.glob(".*")) == []


def test_the_command_writes_it_and_the_audit_knows_it(tmp_path: Path) -> None:
    def core(*arguments: str) -> str:
        command = [sys.executable, "-m", "core", *arguments]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        return done.stdout

    folder = tmp_path / "set"
    said = core("demo", str(folder), "--layout", "spacenet6", "--scenes", "1", "--size", "70")
    assert said.strip() == str(folder)
    report = json.loads(core("audit", str(folder), "--json"))
    assert (report["layout"], report["samples"], report["scenes"]) == ("spacenet6", 3, 1)
    assert report["classes"] == ["Background", "Building"]
    broken = next((folder / "AOI_11_Rotterdam" / "PS-RGB").iterdir())
    broken.write_bytes(broken.read_bytes()[:300])
    assert "unreadable" not in {problem["kind"] for problem in report["problems"]}
    report = json.loads(core("audit", str(folder), "--product", "PS-RGB", "--json"))
    assert "unreadable" in {problem["kind"] for problem in report["problems"]}
