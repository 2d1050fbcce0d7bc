"""GDAL's .aux.xml counts as in GDAL itself, and what beside an image cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.crs import CRS

from core.imagery.header import Header, read_header
from core.imagery.place import read_place
from core.imagery.raster import read_raster
from tests.imagery.test_as_delivered import GRID, PICTURE, RNG, UTM, write

WORLD = "0.5\n0\n0\n-0.5\n325000.25\n2789999.75\n"
MOVED = Affine(1, 0, 1000, 0, -1, 2000)


def aux(image: Path, *bands: str, head: str = "") -> None:
    parts = "".join(
        f'<PAMRasterBand band="{number}">{text}</PAMRasterBand>'
        for number, text in enumerate(bands, start=1)
    )
    image.with_name(image.name + ".aux.xml").write_text(f"<PAMDataset>{head}{parts}</PAMDataset>")


def grid(transform: Affine) -> str:
    return f"<GeoTransform>{', '.join(map(str, transform.to_gdal()))}</GeoTransform>"


def points(transform: Affine, projection: str = "EPSG:32640") -> str:
    listed = [(0, 0), (32, 0), (0, 24), (32, 24)]
    places = [transform @ place for place in listed]
    tags = "".join(
        f'<GCP Id="{k}" Pixel="{column}" Line="{row}" X="{x}" Y="{y}"/>'
        for k, ((column, row), (x, y)) in enumerate(zip(listed, places, strict=True))
    )
    return f'<GCPList Projection="{projection}">{tags}</GCPList>'


def as_gdal(path: Path, header: Header) -> None:
    """The header says what GDAL says with all that lies beside the file."""
    with (
        rasterio.Env(GDAL_PAM_ENABLED=True, GDAL_DISABLE_READDIR_ON_OPEN=False),
        rasterio.open(path) as file,
    ):
        assert header.band_nodata == (
            file.nodatavals if any(v is not None for v in file.nodatavals) else ()
        )
        assert header.band_names == tuple(text or "" for text in file.descriptions)
        assert header.color_interpretation == tuple(c.name for c in file.colorinterp)
        scaling = tuple(zip(file.scales, file.offsets, strict=True))
        assert header.scaling == (scaling if set(scaling) != {(1, 0)} else ())
        if not file.transform.is_identity:
            assert header.georeference is not None
            assert header.georeference.transform == file.transform
            assert header.georeference.crs == file.crs


BANDS = [
    "<NoDataValue>5</NoDataValue><Description>blue</Description><ColorInterp>Blue</ColorInterp>"
    "<Scale>0.1</Scale><Offset>-10</Offset>",
    "<Offset>3</Offset><ColorInterp>Undefined</ColorInterp>",
    "<NoDataValue>7</NoDataValue><ColorInterp>NIR</ColorInterp><Description></Description>",
]


@pytest.mark.parametrize("name", ["a.tif", "own.tif", "a.png", "a.jpg", "a.jp2"])
@pytest.mark.parametrize("head", ["", f"<SRS>EPSG:32639</SRS>{grid(MOVED)}"])
@pytest.mark.parametrize("world", [False, True])
def test_auxiliary_metadata_count_as_in_gdal(
    tmp_path: Path, name: str, head: str, world: bool
) -> None:
    path = tmp_path / name
    if name == "own.tif":
        options = {"nodata": 9, "scale": (2, 1), "names": ("x", "y", "z"), "photometric": "rgb"}
        write(path, PICTURE, transform=GRID @ Affine.scale(2), crs=UTM, **options)
    else:
        Image.fromarray(PICTURE).save(path)
    aux(path, *BANDS, head=head)
    if world:
        letters = {".tif": ".tfw", ".png": ".pgw", ".jpg": ".jgw", ".jp2": ".j2w"}
        path.with_suffix(letters[path.suffix]).write_text(WORLD)
    header = read_header(path)
    as_gdal(path, header)
    assert header.notes == ()


def test_factor_and_no_data_beside_the_file_are_applied(tmp_path: Path) -> None:
    stored = RNG.integers(10, 999, (8, 8, 2)).astype(np.uint16)
    stored[0], stored[1] = 5, 9
    path = write(tmp_path / "a.tif", stored, nodata=9)
    aux(path, *["<NoDataValue>5</NoDataValue><Scale>0.1</Scale><Offset>-10</Offset>"] * 2)
    raster = read_raster(path)
    np.testing.assert_allclose(raster.pixels, stored * 0.1 - 10, atol=1e-4)
    assert not raster.valid[0].any() and raster.valid[1:].all()
    np.testing.assert_array_equal(read_raster(path, values="stored").pixels, stored)


def test_near_infrared_by_auxiliary_metadata_is_no_opacity(tmp_path: Path) -> None:
    alpha = np.where(RNG.random((24, 32)) > 0.5, 255, 0).astype(np.uint8)
    path = write(tmp_path / "a.tif", np.dstack([PICTURE, alpha]))
    assert read_raster(path).pixels.shape[-1] == 3
    for text in ("<Description>nir</Description>", "<ColorInterp>NIR</ColorInterp>"):
        aux(path, "", "", "", text)
        raster = read_raster(path)
        assert raster.pixels.shape[-1] == 4 and raster.valid.all()


def test_control_points_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    aux(path, head=points(GRID))
    place = read_header(path).georeference
    assert place is not None and place.crs == UTM and place.transform.almost_equals(GRID, 1e-6)
    aux(path, head=points(GRID, UTM.to_wkt().replace('"', "&quot;")))
    place = read_header(path).georeference
    assert place is not None and place.crs == UTM


def test_the_ground_is_that_of_the_auxiliary_metadata(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", PICTURE, transform=GRID, crs=UTM)
    aux(path, head=grid(MOVED))
    place = read_place(path)
    assert place is not None and (place.west, place.north) == (1000, 2000)


@pytest.mark.parametrize(
    "text",
    [
        WORLD.rsplit("\n", 2)[0],
        WORLD.replace("325000", "325,000").replace("2789999", "2,789,999"),
        "nan\n0\n0\n-1\n0\n0\n",
        "",
    ],
)
def test_a_world_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    (tmp_path / "a.pgw").write_text(text)
    header = read_header(path)
    (note,) = header.notes
    assert header.georeference is None
    assert "world file a.pgw" in note.text and "six numbers" in note.remedy
    (tmp_path / "a.wld").write_text(WORLD)  # another that is sound
    assert read_header(path).georeference is not None and not read_header(path).notes
    tagged = write(tmp_path / "b.tif", PICTURE, transform=GRID)
    (tmp_path / "b.tfw").write_text(text)  # of which nobody has need
    assert not read_header(tagged).notes


def test_a_prj_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    (tmp_path / "a.pgw").write_text(WORLD)
    (tmp_path / "a.prj").write_text('PROJCS["foo"')
    header = read_header(path)
    (note,) = header.notes
    assert header.georeference is not None and header.georeference.crs is None
    assert "a.prj" in note.text and "gdalsrsinfo" in note.remedy
    (tmp_path / "a.prj").write_text("EPSG:32640")
    header = read_header(path)
    assert header.georeference is not None and header.georeference.crs == CRS.from_epsg(32640)
    assert not header.notes


@pytest.mark.parametrize(
    ("head", "band", "part"),
    [
        ("<a>", "", "content"),
        ("<GeoTransform>1, 2</GeoTransform>", "", "GeoTransform"),
        ("<SRS>PROJCS[</SRS>", "", "SRS"),
        ('<GCPList><GCP Pixel="1" Line="2" X="x" Y="0"/></GCPList>', "", "GCPList"),
        ("", "<Scale>abc</Scale>", "Scale"),
        ("", "<NoDataValue>none</NoDataValue>", "NoDataValue"),
        ('<PAMRasterBand band="one"/>', "", "number of a band"),
        (f'<PAMRasterBand band="{"9" * 5000}"/>', "", "number of a band"),
    ],
)
def test_parts_of_auxiliary_metadata_that_cannot_be_read_are_named(
    tmp_path: Path, head: str, band: str, part: str
) -> None:
    path = write(tmp_path / "a.tif", PICTURE)
    aux(path, band, head=head)
    header = read_header(path)
    (note,) = header.notes
    assert note.text.startswith(f"a.tif.aux.xml beside the image cannot be read ({part})")
    assert header.scaling == () and header.georeference is None
