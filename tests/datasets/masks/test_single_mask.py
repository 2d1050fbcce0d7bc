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
from core.datasets.masks.single_mask import SingleMask, mask_readings, read_truth
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


def _read(labels: np.ndarray, classes: ClassTable, coding: MaskCoding | None = None) -> SingleMask:
    return SingleMask(png_bytes(labels), classes, labels.shape[:2], name="m", coding=coding)


def _areas(*values: int) -> np.ndarray:
    """A band of areas of 10 × 10 pixels of each value, so that each is of another size."""
    rows = [np.full((10, 10 * place), value, np.uint8) for place, value in enumerate(values, 1)]
    return np.concatenate(rows, axis=1)


def test_numbers_from_1_with_a_void_0_are_asked_for() -> None:
    """They were scored shifted by one class, and nothing was asked."""
    mask = _read(_areas(0, 1, 2, 3, 4, 5), DUBAI_CLASSES)
    first, second = mask.readings
    assert "0 void, 1 is Building, 2 is Land" in first.title
    assert first.likely and not first.certain
    assert first.pixels == dict(zip(DUBAI_CLASSES.names, range(200, 700, 100), strict=True))
    assert (second.unknown, second.certain) == (600, False)
    own = MaskCoding("index", values={index: index for index in range(5)})
    assert not _read(_areas(0, 1, 2, 3, 4, 5), DUBAI_CLASSES, own).readings[0].certain


@pytest.mark.parametrize(
    ("values", "titles", "likely", "certain"),
    [
        ((0, 1, 2, 3, 4, 255), ["from 0"], True, True),
        ((0, 1, 2, 255), ["from 0"], True, True),
        ((0, 1, 2, 3, 4), ["from 0", "from 1"], True, False),  # 4 may be Vegetation, 0 void
        ((0, 1, 2, 3), ["from 0", "from 1"], False, False),  # so few numbers do not say which
        ((1, 2, 3, 255), ["from 0", "from 1"], False, False),
        ((0, 10, 20, 30, 40, 50), ["order of the values, 0 void, 10 is B"], True, False),
        ((10, 20, 30, 40, 50, 255), ["order of the values, 10 is Building"], True, False),
        ((0, 3, 4, 17, 90), ["order of the values, 0 is Building"], False, False),
        ((0, 1), ["from 0", "from 1"], False, False),
        ((0, 255), ["from 0"], False, False),
        ((0,), ["from 0"], False, False),
        ((0, 1, 9), ["from 0"], False, False),
    ],
)
def test_which_numbers_are_a_question(
    values: tuple[int, ...], titles: list[str], likely: bool, certain: bool
) -> None:
    readings = _read(_areas(*values), DUBAI_CLASSES).readings
    assert len(readings) >= len(titles)
    for reading, title in zip(readings, titles, strict=False):
        assert title in reading.title
    assert (readings[0].likely, readings[0].certain) == (likely, certain)


def test_a_table_with_a_background_first_counts_from_0() -> None:
    names = ("Background", "Road", "Water")
    three = ClassTable(
        classes=tuple(LandClass(name=n, color=c) for n, c in zip(names, COLORS, strict=True))
    )
    for values in ((0, 1), (0, 1, 2), (0,), (0, 2)):
        assert _read(_areas(*values), three).readings[0].certain, values
    assert not _read(_areas(0, 255), three).readings[0].likely
    # As many values as classes and one more: 0 may be void, but there is a class for the rest.
    assert not _read(_areas(0, 1, 2, 3), three).readings[0].likely


def test_a_person_says_what_each_value_is() -> None:
    """0 and 255 with a model of five classes were Building and void."""
    mask = _read(_areas(0, 255), DUBAI_CLASSES)
    assert mask.values == {0: 100, 255: 200}
    truth = mask.by_values({0: VOID, 255: 3})
    assert np.bincount(truth.labels.ravel(), minlength=256)[[3, VOID]].tolist() == [200, 100]
    truth = mask.by_values({0: 1, 255: 0})
    assert np.bincount(truth.labels.ravel()).tolist() == [200, 100]
    assert not _read(np.arange(60, dtype=np.uint8)[None], DUBAI_CLASSES).values
    assert not _read(DUBAI_CLASSES.colorize(LABELS), DUBAI_CLASSES).values


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_colours_of_a_jpeg_are_read_as_the_nearest() -> None:
    """They were scored on the few pixels whose colours were still exact."""
    labels = np.kron(RNG.integers(0, 5, (4, 5), np.uint8), np.ones((61, 61), np.uint8))
    data = _jpeg(DUBAI_CLASSES.colorize(labels), 90)
    first, *_ = mask_readings(data, DUBAI_CLASSES, labels.shape, name="m.jpg")
    assert "nearest class colour" in first.title
    assert first.likely and not first.certain
    assert first.explained > 0.9
    read = first.truth.labels
    assert (read == labels)[read != VOID].mean() > 0.999
    assert len(first.truth.notes) == 1
    # With the tolerance of its training nothing is guessed.
    own = MaskCoding("color", tolerance=60)
    first, *_ = mask_readings(data, DUBAI_CLASSES, labels.shape, name="m.jpg", coding=own)
    assert first.certain


def test_colours_of_which_most_mean_nothing_are_not_taken() -> None:
    color = DUBAI_CLASSES.colorize(LABELS)
    color[4:] = 9, 99, 199
    first, *_ = mask_readings(png_bytes(color), DUBAI_CLASSES, (20, 30), name="m")
    assert (first.certain, first.likely) == (False, False)


def test_many_unknown_values_are_one_note() -> None:
    color = np.repeat(DUBAI_CLASSES.colorize(LABELS), 4, axis=0).repeat(4, axis=1)
    numbers = np.arange(1200)
    color[:20, :60] = np.stack([numbers % 50, numbers // 50, numbers * 0 + 3], -1).reshape(
        20, 60, 3
    )
    first, *_ = mask_readings(png_bytes(color), DUBAI_CLASSES, (80, 120), name="m")
    (note,) = first.truth.notes
    assert note.startswith("1,200 values are in no class, and their 1,200 pixels count as void.")


SMOOTHED = np.array([0, 16, 80, 175, 239, 255], np.uint8)  # an edge after a Gaussian of 5 × 5


@pytest.mark.parametrize("coding", [OF_255, MaskCoding("index", values={0: 1, 255: 0}), None])
def test_a_smoothed_mask_is_read_at_half(coding: MaskCoding | None) -> None:
    """It was read with 255 as void, by a few corner pixels that happen to be 1."""
    soft = np.zeros((96, 96), np.uint8)
    for inset, value in enumerate(SMOOTHED[1:]):
        soft[60 + inset : 84 - inset, 40 + inset : 64 - inset] = value
    soft[60, 40] = soft[83, 63] = 1
    first, *_ = _read(soft, BINARY, coding).readings
    assert "at half" in first.title and first.certain
    assert "read at half" in first.truth.notes[0]
    inverted = coding is not None and coding.values[0] == 1
    np.testing.assert_array_equal(first.truth.labels, (soft > 127) ^ inverted)


def test_values_in_between_that_have_areas_are_not_halved_unasked() -> None:
    first, *_ = _read(_areas(0, 85, 120, 170, 255), BINARY, OF_255).readings
    assert "at half" in first.title
    assert (first.certain, first.likely) == (False, False)


def test_a_255_that_was_a_class_in_training_is_not_void_unasked() -> None:
    mask = _areas(0, 1, 255)
    assert _read(mask, BINARY).readings[0].certain
    first, *_ = _read(mask, BINARY, OF_255).readings
    assert (first.certain, first.likely) == (False, False)


def test_pixels_that_are_no_number_are_said() -> None:
    values = np.repeat(LABELS[..., None], 1, axis=-1).astype(np.float32)
    values[2:9] = np.nan
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "width": 30, "height": 20, "count": 1, "dtype": "float32"}
        with memory.open(**profile) as file:
            file.write(values[..., 0], 1)
        data = bytes(memory.read())
    first, *_ = mask_readings(data, DUBAI_CLASSES, (20, 30), name="m")
    assert "210 pixel(s) are NaN" in first.truth.notes[0]
    assert (first.truth.labels[2:9] == VOID).all()
