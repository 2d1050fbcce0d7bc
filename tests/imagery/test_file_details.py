"""What a raster file says of its own pixels: palettes, pages, masks and no data together."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter, ImageFileDirectory_v2

from core.datasets.masks.values import survey_masks
from core.imagery.raster import read_raster
from tests.imagery.test_as_delivered import LEFT, PICTURE, RNG, write

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
