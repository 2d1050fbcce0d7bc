"""Pictures that are compressed row by row, against readers of others."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.imagery.output.label_pngs import write_label_pngs, write_png
from core.provenance import is_own_file

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("step", [1, 7, 64, 500])
def test_both_pictures_hold_the_map(tmp_path: Path, step: int) -> None:
    labels = RNG.integers(0, 6, (300, 201), np.uint8)
    labels[40:250] = 255
    palette = RNG.integers(0, 256, (256, 3), np.uint8)
    grey, coloured = tmp_path / "grey.png", tmp_path / "coloured.png"
    rows = (labels[start : start + step] for start in range(0, 300, step))
    write_label_pngs(grey, coloured, rows, labels.shape, palette)
    read = cv2.imread(str(grey), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read, labels)
    np.testing.assert_array_equal(cv2.imread(str(coloured))[..., ::-1], palette[labels])
    for path in (grey, coloured):
        Image.open(path).verify()  # checksums of all chunks
        assert is_own_file(path)
    with Image.open(coloured) as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), palette[labels])
    grey.write_bytes(grey.read_bytes().replace(b"IEND", b"IENE"))
    assert not is_own_file(grey)


def test_sixteen_bits(tmp_path: Path) -> None:
    values = RNG.integers(0, 65536, (90, 33)).astype(np.uint16)
    values[30:60] = 65535
    values[60:] = 256
    path = tmp_path / "x.png"
    write_png(path, (values[start : start + 30] for start in range(0, 90, 30)), values.shape)
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), values)
    assert is_own_file(path)
