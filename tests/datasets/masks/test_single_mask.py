"""A mask given alone: sizes, colours and numbers that do not fit are said, never guessed."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from core.classes import DUBAI_CLASSES, VOID, ClassTable, LandClass
from core.datasets.masks.single_mask import mask_readings, read_truth
from core.errors import ImageError
from core.imagery.header import Georeference, Header
from core.imagery.output.write import label_geotiff, png_bytes
from core.mask_coding import MaskCoding

RNG = np.random.default_rng(6)
LABELS = RNG.integers(0, 5, (20, 30), np.uint8)
LABELS[:2] = 255


def test_colours_and_numbers_give_the_same_labels() -> None:
    for data in (png_bytes(DUBAI_CLASSES.colorize(LABELS)), png_bytes(LABELS)):
        truth = read_truth(data, DUBAI_CLASSES, (20, 30), name="mask.png")
        np.testing.assert_array_equal(truth.labels, LABELS)
        assert truth.notes == ()


def test_mask_of_another_size() -> None:
    with pytest.raises(ImageError, match=r"image is 31×20 pixels but its mask is 30×20"):
        read_truth(png_bytes(LABELS), DUBAI_CLASSES, (20, 31), name="mask.png")


def test_unknown_colour_is_counted_and_its_neighbour_named() -> None:
    color = DUBAI_CLASSES.colorize(LABELS)
    color[5, 3:8] = (0x3C, 0x11, 0x98)  # Building with green one too high
    truth = read_truth(png_bytes(color), DUBAI_CLASSES, (20, 30), name="mask.png")
    assert (truth.labels[5, 3:8] == 255).all()
    assert len(truth.notes) == 1
    assert "#3C1198" in truth.notes[0]
    assert "5 pixel(s)" in truth.notes[0]
    assert "Building, #3C1098" in truth.notes[0]


def test_unknown_number() -> None:
    labels = LABELS.copy()
    labels[7, :4] = 9
    truth = read_truth(png_bytes(labels), DUBAI_CLASSES, (20, 30), name="mask.png")
    assert "value 9" in truth.notes[0]
    assert (truth.labels[7, :4] == 255).all()


def test_a_picture_that_is_no_mask() -> None:
    noise = RNG.integers(0, 255, (20, 30, 3), np.uint8)
    with pytest.raises(ImageError, match="no pixel of the mask is of a class"):
        read_truth(png_bytes(noise), DUBAI_CLASSES, (20, 30), name="photo.png")


BINARY = ClassTable(
    classes=(
        LandClass(name="Background", color="#999999"),
        LandClass(name="Foreground", color="#E69F00"),
    )
)
COLORS = ("#111111", "#222299", "#333300")
OF_255 = MaskCoding("index", values={0: 0, 255: 1})
SQUARE = np.zeros((20, 30), np.uint8)
SQUARE[4:9, 6:16] = 1


def one_bit(**options: str) -> bytes:
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "width": 30, "height": 20, "count": 1, "dtype": "uint8"}
        with memory.open(**profile, nbits=1, **options) as file:
            white_is_0 = options.get("photometric") == "miniswhite"
            file.write(SQUARE ^ white_is_0, 1)
        return bytes(memory.read())


@pytest.mark.parametrize("coding", [OF_255, None])
@pytest.mark.parametrize(
    "data",
    [
        png_bytes(SQUARE * 255),
        png_bytes(np.repeat(SQUARE[..., None] * 255, 3, axis=-1)),
        png_bytes(SQUARE),
        one_bit(),
        one_bit(photometric="miniswhite"),
    ],
    ids=["0/255", "grey RGB", "0/1", "1 bit", "1 bit, white is 0"],
)
def test_a_binary_mask_is_read_whatever_its_form(data: bytes, coding: MaskCoding | None) -> None:
    truth = read_truth(data, BINARY, (20, 30), name="m", coding=coding)
    np.testing.assert_array_equal(truth.labels, SQUARE)
    first, *_ = mask_readings(data, BINARY, (20, 30), name="m", coding=coding)
    assert first.pixels == {"Background": 550, "Foreground": 50}
    assert first.certain or coding is None


def test_a_guess_is_a_question() -> None:
    readings = mask_readings(png_bytes(SQUARE * 255), BINARY, (20, 30), name="m")
    assert [r.pixels for r in readings] == [
        {"Background": 550, "Foreground": 50},
        {"Background": 550},
    ]
    assert not readings[0].certain
    truth = read_truth(png_bytes(SQUARE * 255), BINARY, (20, 30), name="m")
    assert "could be read in another way" in truth.notes[0]
    # A model of class numbers: 0 and 255 alone may be a mask without a single building.
    numbers = MaskCoding("index", values={0: 0, 1: 1})
    data = png_bytes(SQUARE * 255)
    assert not mask_readings(data, BINARY, (20, 30), name="m", coding=numbers)[0].certain


def test_values_of_the_class_table_hold_for_an_upload() -> None:
    coding = MaskCoding("index", values={10: 0, 50: 1, 0: VOID})
    values = np.array([10, 50], np.uint8)[SQUARE]
    values[0] = 0
    (reading,) = mask_readings(png_bytes(values), BINARY, (20, 30), name="m", coding=coding)
    assert reading.certain
    assert reading.pixels == {"Background": 520, "Foreground": 50}


def test_the_products_own_labels_are_read_back() -> None:
    place = Georeference(CRS.from_epsg(32631), from_origin(0, 0, 1, 1))
    data = label_geotiff(LABELS, place, DUBAI_CLASSES.colors)
    truth = read_truth(data, DUBAI_CLASSES, (20, 30), name="x_labels.tif")
    np.testing.assert_array_equal(truth.labels, LABELS)
    assert truth.notes == ()


def test_numbers_of_their_own_are_a_guess() -> None:
    """Masks that count from 1: read from 0 each class would be the next one."""
    three = ClassTable(
        classes=tuple(LandClass(name=n, color=c) for n, c in zip("abc", COLORS, strict=True))
    )
    values = np.repeat(np.array([[1, 2, 3]], np.uint8), 10, axis=1).repeat(20, axis=0)
    first, *_ = mask_readings(png_bytes(values), three, (20, 30), name="m")
    assert first.pixels == {"a": 200, "b": 200, "c": 200}
    assert not first.certain
    assert "1 is a, 2 is b, 3 is c" in read_truth(
        png_bytes(values), three, (20, 30), name="m"
    ).notes[0]  # fmt: skip
    own = MaskCoding("index", values={1: 0, 2: 1, 3: 2})
    first, *_ = mask_readings(png_bytes(values), three, (20, 30), name="m", coding=own)
    assert first.certain


def test_white_may_be_the_first_class() -> None:
    table = ClassTable(
        classes=(LandClass(name="w", color="#FFFFFF"), LandClass(name="b", color="#000000"))
    )
    truth = read_truth(png_bytes(SQUARE * 255), table, (20, 30), name="m")
    np.testing.assert_array_equal(truth.labels, 1 - SQUARE)


def test_a_mask_of_two_classes_for_a_model_of_more_is_remarked() -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[5:9, 5:9] = 255
    readings = mask_readings(png_bytes(labels), DUBAI_CLASSES, (20, 30), name="m")
    assert not readings[0].certain
    truth = read_truth(png_bytes(labels), DUBAI_CLASSES, (20, 30), name="m")
    assert "0 and 255 alone" in truth.notes[0]


def test_255_alone_is_a_question() -> None:
    numbers = MaskCoding("index", values={0: 0, 1: 1})
    for coding in (None, numbers):
        data = png_bytes(np.full((20, 30), 255, np.uint8))
        assert not mask_readings(data, BINARY, (20, 30), name="m", coding=coding)[0].certain


def test_a_transparent_background_is_that_below() -> None:
    square = np.dstack([SQUARE * 255, np.where(SQUARE == 0, 0, 255)]).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(square).save(file, "PNG")
    reading = mask_readings(file.getvalue(), BINARY, (20, 30), name="m")[0]
    np.testing.assert_array_equal(reading.truth.labels, SQUARE)
    assert "transparent pixel(s) are read by what is below" in reading.truth.notes[0]


GRID = from_origin(325000, 2790000, 0.5, 0.5)


def _on_grid(labels: np.ndarray, transform: Affine, crs: str | None = "EPSG:32640") -> bytes:
    with MemoryFile() as memory:
        height, width = labels.shape
        size = {"height": height, "width": width, "count": 1, "dtype": "uint8"}
        with memory.open(driver="GTiff", transform=transform, crs=crs, **size) as file:
            file.write(labels, 1)
        return bytes(memory.read())


def _image(crs: str | None = "EPSG:32640") -> Header:
    place = Georeference(CRS.from_string(crs) if crs else None, GRID)
    return Header(30, 20, 3, "uint8", "GTiff", None, place)


SOUTH_UP = GRID @ Affine(1, 0, 0, 0, -1, 20)


@pytest.mark.parametrize(
    ("labels", "transform"),
    [
        (LABELS, GRID),
        (LABELS[::-1], SOUTH_UP),
        (np.pad(LABELS, 7), GRID @ Affine.translation(-7, -7)),
        (np.kron(LABELS, np.ones((3, 3), np.uint8)), GRID @ Affine.scale(1 / 3)),
    ],
)
def test_a_mask_is_brought_to_the_images_grid(labels: np.ndarray, transform: Affine) -> None:
    """One from south to north was read upside down, and nothing said so."""
    data = _on_grid(labels, transform)
    first, *_ = mask_readings(data, DUBAI_CLASSES, _image(), name="m")
    np.testing.assert_array_equal(first.truth.labels, LABELS)
    assert first.certain and first.truth.notes == ()


@pytest.mark.parametrize(
    ("transform", "crs", "words"),
    [
        (SOUTH_UP, None, "on another grid"),
        (GRID @ Affine.translation(0, 10), "EPSG:32640", "on another grid"),
        (GRID, "EPSG:32639", "in another reference system"),
    ],
)
def test_a_mask_that_says_that_it_lies_elsewhere(
    transform: Affine, crs: str | None, words: str
) -> None:
    data = _on_grid(LABELS, transform, crs)
    truth = read_truth(data, DUBAI_CLASSES, _image(), name="m")
    np.testing.assert_array_equal(truth.labels, LABELS)
    assert words in truth.notes[0]
    assert not read_truth(data, DUBAI_CLASSES, (20, 30), name="m").notes
