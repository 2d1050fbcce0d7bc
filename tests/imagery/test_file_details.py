"""What a raster file says of its own pixels: palettes, pages, masks and no data together."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter, ImageFileDirectory_v2

from core.datasets.masks.values import survey_masks
from core.errors import ImageError
from core.imagery.raster import read_raster
from tests.imagery.test_as_delivered import GRID, LEFT, PICTURE, RNG, UTM, write

INDICES = RNG.integers(0, 3, (24, 32), np.uint8)


@pytest.mark.parametrize("transparency", [bytes([0, 0]), bytes([0, 128]), bytes([255, 0]), 0])
@pytest.mark.parametrize("values", ["measured", "stored", "indices"])
def test_transparent_entries_of_a_palette_are_no_data(
    transparency: bytes | int, values: str
) -> None:
    image = Image.fromarray(INDICES)
    image.putpalette([9, 9, 9, 255, 0, 0, 0, 0, 255])
    data = io.BytesIO()
    image.save(data, "PNG", transparency=transparency)
    opacity = bytes([transparency]) if isinstance(transparency, int) else transparency
    seen = np.array([*opacity, *[255] * (3 - len(opacity))])[INDICES] > 0
    np.testing.assert_array_equal(read_raster(data.getvalue(), values=values).valid, seen)  # type: ignore[arg-type]


def test_a_palette_of_16_bit(tmp_path: Path) -> None:
    """An index of 256 and more read as "damaged or cut off"."""
    indices = (np.arange(24 * 32).reshape(24, 32, 1) % 300).astype(np.uint16)
    path = write(tmp_path / "a.tif", indices)
    colors = {index: (index % 256, index // 256, 7, 255) for index in range(300)}
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, colors)
    expected = np.dstack([indices % 256, indices // 256, np.full_like(indices, 7)])
    np.testing.assert_array_equal(read_raster(path).pixels, expected)
    raster = read_raster(path, values="indices")
    np.testing.assert_array_equal(raster.pixels, indices)
    assert raster.palette is not None and raster.palette[299].tolist() == [43, 1, 7]
    assert survey_masks([path]).palettes[299] == {0x2B0107}


def test_each_page_has_its_own_factor(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with AppendingTiffWriter(str(path), True) as file:
        for band in range(3):
            tags = ImageFileDirectory_v2()
            tags[42112] = (  # GDAL_METADATA
                '<GDALMetadata><Item name="SCALE" sample="0" role="scale">'
                f'{band + 2}</Item><Item name="OFFSET" sample="0" role="offset">{band}</Item>'
                "</GDALMetadata>"
            )
            Image.fromarray(PICTURE[..., band]).save(file, format="TIFF", tiffinfo=tags)
            file.newFrame()
    raster = read_raster(path)
    assert raster.header.scaling == ((2, 0), (3, 1), (4, 2))
    np.testing.assert_array_equal(raster.pixels, PICTURE * np.float32([2, 3, 4]) + [0, 1, 2])


def test_a_mask_within_the_file_and_a_no_data_value_both_count(tmp_path: Path) -> None:
    pixels = np.where(PICTURE == 7, 8, PICTURE).astype(np.uint8)
    pixels[4:9] = 7
    valid = LEFT.copy()
    valid[4:9] = False
    for sidecar in (False, True):
        path = write(tmp_path / f"{sidecar}.tif", pixels, LEFT, nodata=7, sidecar=sidecar)
        np.testing.assert_array_equal(read_raster(path).valid, valid)


def udm2(
    tmp_path: Path,
    clear: np.ndarray,
    transform: Affine,
    crs: object = UTM,
    name: str = "a_udm2.tif",
) -> Path:
    path = write(tmp_path / "a.tif", PICTURE, transform=GRID, crs=UTM)
    write(tmp_path / "b.tif", clear[..., None].astype(np.uint8), transform=transform, crs=crs)
    (tmp_path / "b.tif").rename(tmp_path / name)
    return path


@pytest.mark.parametrize("name", ["a_udm2.tif", "a.tif.msk"])
def test_a_mask_beside_the_image_on_another_grid_is_brought_to_it(
    tmp_path: Path, name: str
) -> None:
    clear = RNG.random((24, 32)) > 0.3
    path = udm2(tmp_path, clear, GRID @ Affine.translation(0, 10), name=name)
    expected = np.zeros((24, 32), bool)
    expected[10:] = clear[:14]
    np.testing.assert_array_equal(read_raster(path).valid, expected)
    udm2(tmp_path, clear[::-1], GRID @ Affine(1, 0, 0, 0, -1, 24), name=name)  # south-up
    np.testing.assert_array_equal(read_raster(path).valid, clear)
    udm2(tmp_path, clear, GRID @ Affine.translation(0.2, 0.2), name=name)  # rounded
    np.testing.assert_array_equal(read_raster(path).valid, clear)
    udm2(tmp_path, clear.repeat(2, 0).repeat(2, 1), GRID @ Affine.scale(1 / 2), name=name)
    np.testing.assert_array_equal(read_raster(path).valid, clear)


def test_a_mask_beside_the_image_in_another_system_is_refused(tmp_path: Path) -> None:
    path = udm2(tmp_path, LEFT, GRID, "EPSG:32639")
    with pytest.raises(ImageError, match="in another reference system") as error:
        read_raster(path)
    assert "gdalwarp" in error.value.remedy
    udm2(tmp_path, LEFT, GRID, None)
    np.testing.assert_array_equal(read_raster(path).valid, LEFT)


def test_a_mask_of_many_more_pixels_is_not_read(tmp_path: Path) -> None:
    path = udm2(tmp_path, LEFT.repeat(5, 0).repeat(5, 1), GRID @ Affine.scale(0.2))
    with pytest.raises(ImageError, match="has 160 × 120 pixels, the image 32 × 24"):
        read_raster(path)
