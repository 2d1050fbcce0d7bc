"""Odd and broken files: each a row that says what to do, and none a wrong picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.audit.audit import Audit, audit
from core.datasets.audit.forms import FORMS, form_of
from core.datasets.audit.problems import Problem
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.fixes import Exclude
from core.imagery.raster import read_raster
from tests.planted import SIZE, image, name, painted, texture, write, write_clean


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write_clean(tmp_path / "set")


def audited(root: Path) -> Audit:
    return audit(open_dataset(root))


def only(root: Path) -> Problem:
    (problem,) = audited(root).problems
    assert problem.fix
    return problem


def replaced(root: Path, index: int, suffix: str) -> Path:
    image(root, index).unlink()
    return image(root, index).with_suffix(suffix)


def test_a_palette_png_is_read_in_its_colours(clean: Path) -> None:
    picture = Image.fromarray(texture(3)).quantize(256)
    picture.save(image(clean, 3))
    problem = only(clean)
    assert (problem.kind, problem.sample, problem.severity) == ("file-form", name(3), "info")
    assert "palette" in problem.detail
    read = read_raster(image(clean, 3)).pixels
    np.testing.assert_array_equal(read, np.asarray(picture.convert("RGB")))


def test_alpha_is_no_band_and_hides_pixels(clean: Path) -> None:
    pixels = np.dstack([texture(3), np.full((SIZE, SIZE), 255, np.uint8)])
    pixels[:2, :, 3] = 0
    Image.fromarray(pixels).save(image(clean, 3))
    report = audited(clean)
    (problem,) = report.problems
    assert (problem.kind, problem.sample) == ("file-form", name(3))
    assert "alpha" in problem.detail
    facts = report.facts[3]
    assert (facts.bands, facts.gaps, facts.void_pixels) == (3, 2 * SIZE, 2 * SIZE)


@pytest.mark.parametrize("progressive", [True, False])
def test_a_progressive_jpeg_is_read_like_any_other(clean: Path, progressive: bool) -> None:
    path = replaced(clean, 3, ".jpg")
    Image.fromarray(texture(3)).save(path, quality=95, progressive=progressive)
    report = audited(clean)
    assert [p.kind for p in report.problems] == (["file-form"] if progressive else [])
    assert np.abs(read_raster(path).pixels.astype(int) - texture(3)).mean() < 6


def test_a_cmyk_jpeg_is_reported_with_what_to_do(clean: Path) -> None:
    path = replaced(clean, 3, ".jpg")
    Image.fromarray(texture(3)).convert("CMYK").save(path, quality=95)
    problem = only(clean)
    assert (problem.kind, problem.severity) == ("file-form", "warning")
    assert "CMYK" in problem.detail
    assert "RGB" in problem.fix
    assert np.abs(read_raster(path).pixels.astype(int) - texture(3)).mean() < 6


def test_many_of_one_form_are_one_row(clean: Path) -> None:
    for index in range(5):
        Image.fromarray(texture(index)).convert("RGBA").save(image(clean, index))
    problem = only(clean)
    assert "4 more images" in problem.detail


def test_forms_are_reported_by_the_first_bytes(tmp_path: Path) -> None:
    for text in (b"", b"\x89PNG", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x00" * 9, b"text"):
        path = tmp_path / "x.jpg"
        path.write_bytes(text)
        assert form_of(path) == ""
    assert form_of(tmp_path / "absent.png") == ""
    assert all(severity in ("info", "warning") and fix for _, severity, fix in FORMS.values())


def test_a_one_pixel_image_is_reported_with_what_to_do(clean: Path) -> None:
    write(image(clean, 3), texture(3)[:1, :1])
    write(clean / f"masks/{name(3)}.png", painted(3)[:1, :1])
    problem = only(clean)
    assert (problem.kind, problem.sample) == ("tiny-image", name(3))
    assert "1 × 1 pixels" in problem.detail
    assert problem.actions == (Exclude(name(3)),)


@pytest.mark.parametrize("part", ["images", "masks"])
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_truncated_tiff_is_unreadable(tmp_path: Path, part: str, share: float) -> None:
    root = write_clean(tmp_path / "set", "located")
    path = root / part / f"{name(3)}.tif"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    problem = only(root)
    assert (problem.kind, problem.sample) == ("unreadable", name(3))
    assert path.name in problem.detail
    assert problem.actions == (Exclude(name(3)),)


def test_a_palette_mask_among_index_masks_is_read_by_its_indices(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for index in range(4):
        write(root / f"images/{name(index)}.png", texture(index))
        labels = np.arange(SIZE)[:, None].repeat(SIZE, axis=1) * 3 // SIZE
        picture = Image.fromarray(labels.astype(np.uint8))
        (root / "masks").mkdir(exist_ok=True)
        if index == 3:
            picture = picture.convert("P")
            picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
        picture.save(root / f"masks/{name(index)}.png")
    result = audit(open_dataset(root))
    assert result.problems == ()
    counts = [facts.pixels_per_class for facts in result.facts]
    assert counts[3] == counts[0]


def test_float_images_with_nan_borders(tmp_path: Path) -> None:
    """Like SAR: dB values, four bands, NaN where there is nothing."""
    import rasterio

    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(3):
        pixels = rng.normal(-12, 4, (4, SIZE, SIZE)).astype(np.float32)
        if index == 1:
            pixels[:, :, : SIZE // 2] = np.nan
        path = root / f"images/{name(index)}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=SIZE, height=SIZE, count=4, dtype="float32"
        ) as file:
            file.write(pixels)
        write(root / f"masks/{name(index)}.png", (rng.random((SIZE, SIZE)) > 0.5).astype(np.uint8))
    report = audited(root)
    (problem,) = report.problems
    assert (problem.kind, problem.sample, problem.severity) == ("no-data", name(1), "warning")
    assert problem.window == (SIZE // 2, 0, SIZE // 2, SIZE)
    bands = report.statistics.bands
    assert len(bands) == 4
    for band in bands:
        assert band.mean == pytest.approx(-12, abs=0.2)
        assert band.std == pytest.approx(4, abs=0.2)
        assert band.counts.sum() == 2.5 * SIZE * SIZE
        assert (band.edges[0], band.edges[-1]) == pytest.approx((band.minimum, band.maximum))
    np.testing.assert_allclose(report.statistics.correlation, np.eye(4), atol=0.05)
