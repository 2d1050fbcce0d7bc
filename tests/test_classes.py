"""Class tables: what is painted is read back, and nothing unknown slips through."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from core.classes import DUBAI_CLASSES, VOID, ClassTable, LandClass, hex_to_rgb, label_counts
from core.datasets.masks.decode import decode_mask
from core.imagery.header import Header
from core.imagery.raster import Raster
from core.mask_coding import MaskCoding


def table_of(rng: np.random.Generator, count: int) -> ClassTable:
    colors = rng.choice(1 << 24, count, replace=False)
    return ClassTable(
        classes=tuple(LandClass(name=f"c{i}", color=f"#{c:06X}") for i, c in enumerate(colors))
    )


def decoded_by(
    table: ClassTable, mask: np.ndarray, *void: tuple[int, int, int]
) -> tuple[np.ndarray, dict[str, int]]:
    height, width, bands = mask.shape
    header = Header(width, height, bands, "uint8", "PNG", None, None)
    raster = Raster(mask, np.ones((height, width), bool), header)
    coding = MaskCoding("color", void_colors={str(rgb): rgb for rgb in void})
    return decode_mask(raster, table, coding)


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = table_of(rng, int(rng.integers(1, VOID + 1)))
    labels = rng.integers(0, len(table), (17, 23)).astype(np.uint8)
    labels[rng.random(labels.shape) < 0.2] = VOID
    void = next(c for c in ((1, 2, 3), (4, 5, 6), (7, 8, 9)) if c not in table.colors)
    decoded, unknown = decoded_by(table, table.colorize(labels, void=void), void)
    np.testing.assert_array_equal(decoded, labels)
    assert unknown == {}


@pytest.mark.parametrize("seed", range(5))
def test_unknown_colours_are_counted_and_void(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(DUBAI_CLASSES), (20, 20)).astype(np.uint8)
    mask = DUBAI_CLASSES.colorize(labels)
    strange = [(1, 2, 3), (61, 16, 152)]  # the second is one step from Building
    places = rng.permutation(400)[:9]
    mask.reshape(-1, 3)[places[:5]] = strange[0]
    mask.reshape(-1, 3)[places[5:]] = strange[1]
    decoded, unknown = decoded_by(DUBAI_CLASSES, mask)
    assert unknown == {"#010203": 5, "#3D1098": 4}
    assert (decoded.ravel()[places] == VOID).all()
    others = np.setdiff1d(np.arange(400), places)
    np.testing.assert_array_equal(decoded.ravel()[others], labels.ravel()[others])


def test_colours_by_hand() -> None:
    assert hex_to_rgb("#3C1098") == (60, 16, 152)
    assert DUBAI_CLASSES.names == ("Building", "Land", "Road", "Vegetation", "Water")
    assert DUBAI_CLASSES.colors[2] == (110, 193, 228)


@pytest.mark.parametrize(
    "classes",
    [
        [("a", "#000000"), ("a", "#000001")],
        [("a", "#00000a"), ("b", "#00000A")],
        [("a", "red")],
        [("", "#000000")],
        [],
    ],
)
def test_ambiguous_tables_are_refused(classes: list[tuple[str, str]]) -> None:
    with pytest.raises(ValidationError):
        ClassTable.model_validate({"classes": [{"name": n, "color": c} for n, c in classes]})


def test_json_round_trip() -> None:
    assert ClassTable.model_validate_json(DUBAI_CLASSES.model_dump_json()) == DUBAI_CLASSES


@pytest.mark.parametrize("name", ["a\x01b", "a\nb", "\x85", "a\tb", "  ", "a\ud800", "a\uffff"])
def test_names_that_a_file_would_lose_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"control characters|blank name"):
        LandClass(name=name, color="#000000")


def test_names_have_no_blanks_around_them() -> None:
    table = ClassTable.model_validate({"classes": [{"name": " lead \n", "color": "#000000"}]})
    assert table.names == ("lead",)
    two = [{"name": name, "color": f"#00000{n}"} for n, name in enumerate(("lead", " lead"))]
    with pytest.raises(ValidationError, match="two classes have the same name"):
        ClassTable.model_validate({"classes": two})


def test_labels_are_counted_piece_by_piece() -> None:
    labels = np.random.default_rng(0).choice([0, 3, 255], (2050, 2060)).astype(np.uint8)
    assert labels.size > 2**22  # more than one piece
    expected = np.bincount(labels.ravel(), minlength=256)
    np.testing.assert_array_equal(label_counts(labels), expected)
    np.testing.assert_array_equal(label_counts(labels[::2, 1:].T), np.bincount(
        labels[::2, 1:].ravel(), minlength=256))  # fmt: skip
    assert label_counts(np.zeros((0, 3), np.uint8)).sum() == 0
