"""Files as they are delivered: masks, no data, orientation, pages, control points, sidecars."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from core.datasets.catalogue import open_dataset
from core.datasets.image_file import read_image_file
from core.errors import ImageError
from core.formats import counted
from core.imagery.display import bands_of, to_rgb
from core.imagery.header import read_header
from core.imagery.raster import alpha_bands, read_raster
from core.imagery.source.tiff_tags import orientation
from core.imagery.source.validity import fill_values

RNG = np.random.default_rng(5)
UTM = CRS.from_epsg(32640)
GRID = Affine(0.5, 0, 325000, 0, -0.5, 2790000)
PICTURE = RNG.integers(1, 250, (24, 32, 3), np.uint8)


def write(path: Path, pixels: np.ndarray, mask: np.ndarray | None = None, **options: Any) -> Path:
    """A GeoTIFF of (H, W, C)."""
    path.parent.mkdir(exist_ok=True)
    height, width, bands = pixels.shape
    interpretation = options.pop("colorinterp", None)
    scale = options.pop("scale", None)
    names = options.pop("names", ())
    sidecar = options.pop("sidecar", False)
    profile = {"width": width, "height": height, "count": bands, "dtype": pixels.dtype}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=not sidecar),
        rasterio.open(path, "w", driver="GTiff", **profile, **options) as file,
    ):
        if interpretation:
            file.colorinterp = interpretation
        if scale:
            file.scales, file.offsets = (scale[0],) * bands, (scale[1],) * bands
        file.write(np.moveaxis(pixels, -1, 0))
        for number, name in enumerate(names, start=1):
            file.set_band_description(number, name)
        if mask is not None:
            file.write_mask(mask)
    return path


LEFT = np.ones((24, 32), bool)
LEFT[:, :10] = False


@pytest.mark.parametrize("options", [{}, {"photometric": "ycbcr", "compress": "jpeg"}])
def test_a_mask_within_the_file_is_asked(tmp_path: Path, options: dict[str, str]) -> None:
    raster = read_raster(write(tmp_path / "a.tif", PICTURE, LEFT, **options))
    np.testing.assert_array_equal(raster.valid, LEFT)


def test_a_mask_beside_the_file_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", PICTURE, LEFT, sidecar=True)
    assert (tmp_path / "a.tif.msk").is_file()
    np.testing.assert_array_equal(read_raster(path).valid, LEFT)
    assert read_raster(path.read_bytes()).valid.all()  # an upload comes alone


@pytest.mark.parametrize("mask", ["a.tif.msk", "a_udm2.tif"])
def test_a_mask_of_another_size_is_named(tmp_path: Path, mask: str) -> None:
    path = write(tmp_path / "a.tif", PICTURE)
    write(tmp_path / "b.tif", PICTURE[:4, :5, :1]).rename(tmp_path / mask)
    with pytest.raises(ImageError, match="has 5 × 4 pixels, the image 32 × 24") as error:
        read_raster(path)
    assert error.value.where == str(tmp_path / mask)
    assert "remove or remake it" in error.value.remedy
    for content in (b"no picture", (tmp_path / "a.tif").read_bytes()[:200]):
        (tmp_path / mask).write_bytes(content)
        with pytest.raises(ImageError, match="no TIFF, or damaged") as error:
            read_raster(path)
        assert error.value.where == str(tmp_path / mask)


@pytest.mark.parametrize("driver", ["PNG", "GTiff"])
def test_alpha_with_soft_edges_is_no_band(tmp_path: Path, driver: str) -> None:
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :20] = 0
    alpha[:, 20:23] = (60, 120, 200)
    pixels = np.dstack([RNG.integers(0, 255, (48, 64, 3), np.uint8), alpha])
    path = tmp_path / "a"
    Image.fromarray(pixels).save(path, "PNG" if driver == "PNG" else "TIFF")
    if driver == "GTiff":
        write(path, pixels, photometric="rgb", alpha="yes")
    raster = read_raster(path)
    assert raster.pixels.shape[-1] == 3
    np.testing.assert_array_equal(raster.valid, alpha > 0)


def test_near_infrared_called_alpha_stays_a_band_for_the_set_and_where_it_is_wanted(
    tmp_path: Path,
) -> None:
    pixels = RNG.integers(0, 255, (40, 40, 4), np.uint8)
    path = write(tmp_path / "a.tif", pixels)
    assert read_header(path).color_interpretation[-1] == "alpha"
    assert alpha_bands(path) == 4
    assert read_raster(path).pixels.shape[-1] == 4
    plants = pixels.copy()
    plants[..., 3] = np.where(pixels[..., 3] < 128, 0, 255)  # by itself it passes for opacity
    other = write(tmp_path / "b.tif", plants)
    assert read_raster(other).pixels.shape[-1] == 3
    assert read_raster(other, bands=4).pixels.shape[-1] == 4
    assert read_raster(path, bands=3).pixels.shape[-1] == 3
    assert read_image_file(path, 3).raster.pixels.shape[-1] == 4
    assert read_image_file(other, 4).raster.pixels.shape[-1] == 4


@pytest.mark.parametrize(
    ("dtype", "nodata", "expected"),
    [
        ("float32", -9999.0, "any"),
        ("float32", float(np.finfo(np.float32).min), "any"),
        ("int16", -32768, "any"),
        ("uint16", 65535, "any"),
        ("uint16", 0, "all"),
        ("uint8", 0, "all"),
        ("uint8", 255, "all"),
        ("float32", np.nan, "any"),
    ],
)
def test_no_data_in_one_band(tmp_path: Path, dtype: str, nodata: float, expected: str) -> None:
    pixels = RNG.integers(1, 200, (20, 20, 3)).astype(dtype)
    pixels[:5, :, 2] = nodata
    pixels[5:8] = nodata
    raster = read_raster(write(tmp_path / "a.tif", pixels, nodata=nodata))
    valid = np.ones((20, 20), bool)
    valid[5:8] = False
    if expected == "any":
        valid[:5] = False
    np.testing.assert_array_equal(raster.valid, valid)


def test_a_transparent_colour_of_a_png_is_no_data() -> None:
    pixels = PICTURE.copy()
    pixels[:3] = (9, 9, 9)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", transparency=(9, 9, 9))
    valid = read_raster(data.getvalue()).valid
    assert not valid[:3].any() and valid[3:].all()


ORIENTATIONS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.rot90(np.fliplr(a), 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.fliplr(a), -1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("value", ORIENTATIONS)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_orientation_is_applied(value: int, form: str) -> None:
    """As Pillow's `ImageOps.exif_transpose` does it."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[274] = value
    data = io.BytesIO()
    options = {"subsampling": 0, "quality": 100} if form == "JPEG" else {}
    Image.fromarray(PICTURE).save(data, form, exif=exif, **options)
    assert orientation(data.getvalue()) == value
    upright = np.asarray(ImageOps.exif_transpose(Image.open(data)))
    raster = read_raster(data.getvalue())
    header = read_header(data.getvalue())
    assert (header.height, header.width) == raster.pixels.shape[:2] == upright.shape[:2]
    if form != "JPEG":  # decoders differ by a grey level
        np.testing.assert_array_equal(raster.pixels, upright)
        np.testing.assert_array_equal(upright, ORIENTATIONS[value](PICTURE))
    assert np.abs(raster.pixels.astype(int) - upright).max() <= 3


_PNG = io.BytesIO()
Image.new("L", (1, 1)).save(_PNG, "PNG")
# A profile of colours without a name, after the pixels: there Pillow raises an IndexError.
LATE = _PNG.getvalue()[:-12] + b"\0\0\0\0iCCP\xa5\x89\x19\x3e" + _PNG.getvalue()[-12:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"\xff\xd8\xff\xe1\0\x10Exif\0\0II*\0\xff\xff\xff",
        LATE,
    ],
)
def test_what_cannot_be_read_is_upright(data: bytes) -> None:
    assert orientation(data) == 1


def test_pages_of_one_band_are_bands() -> None:
    pages = [Image.fromarray(PICTURE[..., band]) for band in range(3)]
    data = io.BytesIO()
    pages[0].save(data, "TIFF", save_all=True, append_images=pages[1:])
    assert read_header(data.getvalue()).bands == 3
    np.testing.assert_array_equal(read_raster(data.getvalue()).pixels, PICTURE)


def test_other_pages_are_refused() -> None:
    data = io.BytesIO()
    other = Image.fromarray(PICTURE[:10, :10])
    Image.fromarray(PICTURE).save(data, "TIFF", save_all=True, append_images=[other])
    with pytest.raises(ImageError, match="2 pages") as error:
        read_raster(data.getvalue())
    assert "GTIFF_DIR" in error.value.remedy


def test_control_points_give_a_grid_where_a_grid_goes_through_them(tmp_path: Path) -> None:
    corners = [(0, 0), (0, 32), (24, 0), (24, 32)]
    points = [GroundControlPoint(r, c, *(GRID @ (c, r))) for r, c in corners]
    path = write(tmp_path / "a.tif", PICTURE, gcps=points, crs=UTM)
    place = read_header(path).georeference
    assert place is not None and place.crs == UTM
    assert place.transform.almost_equals(GRID, 1e-6)
    points[0] = GroundControlPoint(0, 0, 325040, 2790000)  # bent
    header = read_header(write(tmp_path / "b.tif", PICTURE, gcps=points, crs=UTM))
    assert header.georeference is None
    assert "gdalwarp" in header.notes[0].remedy


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_control_points_are_noted(tmp_path: Path, count: int) -> None:
    points = [GroundControlPoint(r, c, *(GRID @ (c, r))) for r, c in [(0, 0), (24, 32)][:count]]
    header = read_header(write(tmp_path / "a.tif", PICTURE, gcps=points, crs=UTM))
    assert header.georeference is None
    assert f"{counted(count, 'ground control point')}," in header.notes[0].text
    assert not read_header(write(tmp_path / "b.tif", PICTURE)).notes


@pytest.mark.parametrize("scale", [(0.0, 5.0), (np.nan, 0.0), (np.inf, 0.0), (2.0, np.nan)])
def test_factors_that_say_nothing_are_ignored(tmp_path: Path, scale: tuple[float, float]) -> None:
    path = write(tmp_path / "a.tif", PICTURE, scale=scale)
    raster = read_raster(path)
    np.testing.assert_array_equal(raster.pixels, PICTURE)
    assert raster.header.dtype == "uint8" and raster.header.scaling == ()
    assert "read as stored" in raster.header.notes[0].text
    assert not read_raster(path, values="stored").header.notes
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (scale[0], 0.5, 0.5), (scale[1], 1.0, 1.0)
    raster = read_raster(path)
    np.testing.assert_array_equal(raster.pixels[..., 0], PICTURE[..., 0])
    np.testing.assert_array_equal(raster.pixels[..., 1], PICTURE[..., 1] * 0.5 + 1)
    assert "1 band" in raster.header.notes[0].text


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="this is a folder") as error:
        read_header(tmp_path)
    assert f"{tmp_path}/*.tif" in error.value.remedy


def test_a_grid_without_a_reference_system_is_kept(tmp_path: Path) -> None:
    place = read_header(write(tmp_path / "a.tif", PICTURE, transform=GRID)).georeference
    assert place is not None and place.crs is None and place.transform == GRID


@pytest.mark.parametrize(
    ("image", "world"),
    [("a.tif", "a.tfw"), ("a.jpg", "a.jgw"), ("a.png", "a.PGW"), ("a.jpeg", "a.wld")],
)
def test_world_files(tmp_path: Path, image: str, world: str) -> None:
    path = tmp_path / image
    Image.fromarray(PICTURE).save(path)
    (tmp_path / world).write_text("0.5\n0\n0\n-0.5\n325000.25\n2789999.75\n")
    place = read_header(path).georeference
    assert place is not None and place.crs is None and place.transform == GRID
    (tmp_path / "a.prj").write_text(UTM.to_wkt(version="WKT1_ESRI"))
    place = read_header(path).georeference
    assert place is not None and place.crs is not None and place.crs.to_epsg() == 32640
    assert read_header(path.read_bytes()).georeference is None


def test_auxiliary_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    numbers = ", ".join(str(value) for value in GRID.to_gdal())
    (tmp_path / "a.png.aux.xml").write_text(
        f"<PAMDataset><SRS>{UTM.to_wkt()}</SRS><GeoTransform>{numbers}</GeoTransform>"
        '<PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand></PAMDataset>'
    )
    header = read_header(path)
    assert header.georeference is not None and header.georeference.transform == GRID
    assert header.georeference.crs == UTM and header.nodata == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<PAMDataset><GeoTransform>1, 2</GeoTransform></PAMDataset>",
        '<!DOCTYPE x [<!ENTITY a "1">]><PAMDataset><SRS>&a;</SRS></PAMDataset>',
    ],
)
def test_sidecars_that_say_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    for name in ("a.png.aux.xml", "a.pgw", "a.prj"):
        (tmp_path / name).write_text(text)
    assert read_header(path).georeference is None


def test_a_sidecar_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    path = tmp_path / "set/a.png"
    Image.fromarray(PICTURE).save(path)
    (tmp_path / "secret").write_text("0.5\n0\n0\n-0.5\n325000.25\n2789999.75\n")
    (tmp_path / "set/a.pgw").symlink_to(tmp_path / "secret")
    assert read_header(path).georeference is None


def test_factor_and_offset_are_applied_but_to_masks(tmp_path: Path) -> None:
    stored = RNG.integers(1, 10000, (8, 8, 2)).astype(np.uint16)
    stored[0] = 0
    path = write(tmp_path / "a.tif", stored, scale=(1e-4, -0.1), nodata=0)
    raster = read_raster(path)
    assert raster.pixels.dtype == np.float32 and raster.header.dtype == "float32"
    np.testing.assert_allclose(raster.pixels, stored * 1e-4 - 0.1, atol=1e-6)
    assert not raster.valid[0].any() and raster.valid[1:].all()
    plain = read_raster(path, values="stored")
    np.testing.assert_array_equal(plain.pixels, stored)


@pytest.mark.parametrize("source", ["names", "interpretation"])
def test_bands_are_shown_as_the_file_names_them(tmp_path: Path, source: str) -> None:
    water = np.tile(np.array([700, 500, 300, 150], np.uint16), (32, 32, 1))  # B, G, R, NIR
    pixels = water + RNG.integers(0, 60, (32, 32, 4)).astype(np.uint16)
    pixels[:8, :8] = 2000
    gray = (ColorInterp.gray,) + (ColorInterp.undefined,) * 3
    bgr = (ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined)
    options: dict[str, Any] = (
        {"names": ("blue", "green", "red", "nir"), "colorinterp": gray}
        if source == "names"
        else {"colorinterp": bgr}
    )
    raster = read_raster(write(tmp_path / "a.tif", pixels, photometric="minisblack", **options))
    assert raster.header.named_bands[:3] == ("blue", "green", "red")
    rgb = to_rgb(
        raster.pixels, raster.valid, bands=bands_of(raster.pixels, raster.header.named_bands)
    )
    expected = to_rgb(raster.pixels, raster.valid, bands=(2, 1, 0))
    np.testing.assert_array_equal(rgb, expected)


def test_jpeg_2000(tmp_path: Path) -> None:
    path = tmp_path / "a.jp2"
    options = {"driver": "JP2OpenJPEG", "width": 32, "height": 24, "count": 3, "dtype": "uint8"}
    lossless = {"QUALITY": "100", "REVERSIBLE": "YES"}
    with rasterio.open(path, "w", crs=UTM, transform=GRID, **options, **lossless) as file:
        file.write(np.moveaxis(PICTURE, -1, 0))
    raster = read_raster(path)
    np.testing.assert_array_equal(raster.pixels, PICTURE)
    assert raster.georeference is not None and raster.georeference.crs == UTM


HEIGHTS = RNG.uniform(30, 220, (40, 40, 1))


@pytest.mark.parametrize("value", [-9999.0, -32767.0, float(np.finfo(np.float32).min)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_a_fill_value_without_a_tag_is_no_data(value: float, dtype: str) -> None:
    if dtype == "int16" and value < -40000:
        return
    pixels = HEIGHTS.astype(dtype)
    pixels[:5] = value
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=40, height=40, count=1, dtype=dtype) as file:
            file.write(np.moveaxis(pixels, -1, 0))
        data = memory.read()
    raster = read_raster(data)
    assert raster.fill == pytest.approx((value,))
    assert not raster.valid[:5].any() and raster.valid[5:].all()


@pytest.mark.parametrize(
    "pixels",
    [
        HEIGHTS.astype(np.float32),
        (HEIGHTS * 100 - 9000).astype(np.int16),  # values all around it
        np.full((40, 40, 1), -9999, np.float32),  # nothing else
        np.full((40, 40, 1), np.nan, np.float32),
        np.zeros((40, 40, 1), np.float32),
    ],
)
def test_what_is_no_fill_value(pixels: np.ndarray) -> None:
    assert fill_values(pixels) == ()
    few = HEIGHTS.astype(np.float32)
    few[0, :3] = -9999
    assert fill_values(few) == ()


@pytest.mark.parametrize("clip", ["", "_clip"])
def test_planets_usable_data_mask(tmp_path: Path, clip: str) -> None:
    clear = np.zeros((24, 32, 8), np.uint8)
    clear[5:, :, 0] = 1
    name = f"20230804_093015_83_24a1_3B_AnalyticMS_SR{clip}.tif"
    pixels = RNG.integers(1, 3000, (24, 32, 4)).astype(np.uint16)
    path = write(tmp_path / "images" / name, pixels)
    write(tmp_path / f"images/20230804_093015_83_24a1_3B_udm2{clip}.tif", clear)
    np.testing.assert_array_equal(read_raster(path).valid, clear[..., 0] > 0)
    assert [sample.image for sample in open_dataset(tmp_path).samples] == [path]


def test_several_fill_values_and_a_wide_range() -> None:
    """Reflectance up to 10,000 lies hardly farther from -9999 than its own range is wide."""
    pixels = RNG.integers(100, 9100, (40, 40, 2)).astype(np.int16)
    pixels[:5] = -9999
    pixels[5:8, :, 0] = -32767
    assert sorted(fill_values(pixels)) == [-32767, -9999]
    pixels = RNG.uniform(0, 1, (40, 40, 1))
    pixels[:5] = np.finfo(np.float64).min
    assert fill_values(pixels) == (np.finfo(np.float64).min,)


def test_no_data_of_each_band_beside_the_file(tmp_path: Path) -> None:
    pixels = RNG.integers(10, 99, (30, 30, 3)).astype(np.uint16)
    pixels[:4, :, 0], pixels[4:9, :, 1], pixels[9:11, :, 2] = 1, 9999, 2
    path = write(tmp_path / "a.tif", pixels)
    bands = "".join(
        f'<PAMRasterBand band="{band}"><NoDataValue>{value}</NoDataValue></PAMRasterBand>'
        for band, value in ((1, 1), (2, 9999), (3, 2))
    )
    (tmp_path / "a.tif.aux.xml").write_text(f"<PAMDataset>{bands}</PAMDataset>")
    valid = read_raster(path).valid
    assert not valid[:11].any() and valid[11:].all()


@pytest.mark.parametrize("text", ["nan\n0\n0\n-1\n0\n0\n", "1\n0\n0\n-1\ninf\n0\n"])
def test_a_grid_of_no_numbers_is_none(tmp_path: Path, text: str) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    (tmp_path / "a.pgw").write_text(text)
    assert read_header(tmp_path / "a.png").georeference is None


def test_near_infrared_by_its_name_is_no_opacity(tmp_path: Path) -> None:
    pixels = np.dstack([PICTURE, np.where(LEFT, 255, 0).astype(np.uint8)])
    path = write(tmp_path / "a.tif", pixels, names=("red", "green", "blue", "nir"))
    raster = read_image_file(path, 3).raster
    assert raster.pixels.shape[-1] == 4 and raster.valid.all()


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("composite0.tif", "composite0_udm2.tif"),
        ("composite0.tif", "composite0_udm2_clip.tif"),
        ("mosaic_clip.tif", "mosaic_udm2_clip.tif"),
        ("20230804_93_24a1_3B_AnalyticMS_SR.tif", "20230804_93_24a1_3B_udm2_clip.tif"),
        ("20230804_93_24a1_3B_AnalyticMS_SR.tif", "20230804_93_24a1_3B_AnalyticMS_SR_udm2.tif"),
    ],
)
def test_usable_data_masks_by_other_names(tmp_path: Path, image: str, mask: str) -> None:
    path = write(tmp_path / "images" / image, PICTURE)
    other = write(tmp_path / "images" / f"other_{image}", PICTURE)
    write(tmp_path / "images" / mask, LEFT[..., None].astype(np.uint8))
    np.testing.assert_array_equal(read_raster(path).valid, LEFT)
    assert read_raster(other).valid.all()
    assert {sample.image for sample in open_dataset(tmp_path).samples} == {path, other}


def test_alpha_is_decided_for_the_set(tmp_path: Path) -> None:
    """One image whose opacity is a ramp would pass for near infrared by itself."""
    flat = np.where(LEFT, 255, 0).astype(np.uint8)
    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (24, 1))
    for name, alpha in (("a", flat), ("b", flat), ("c", ramp)):
        write(tmp_path / f"images/{name}.tif", np.dstack([PICTURE, alpha]))
    assert read_raster(tmp_path / "images/c.tif").pixels.shape[-1] == 4
    dataset = open_dataset(tmp_path)
    rasters = [dataset.load_image(sample) for sample in dataset.samples]
    assert [raster.pixels.shape[-1] for raster in rasters] == [3, 3, 3]
    np.testing.assert_array_equal(rasters[2].valid, ramp > 0)
