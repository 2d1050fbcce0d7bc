"""What is kept of an upload when its session has ended: nothing without a bound in bytes."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from affine import Affine
from streamlit.testing.v1 import AppTest

from core.datasets.download.archive import unpack
from core.errors import DatasetError
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes, png_bytes
from tests.conftest import REPOSITORY
from ui.loaded import images
from ui.shell.jobs import find_job, start_job
from ui.viewer import encode
from ui.widgets import bands

RNG = np.random.default_rng(4)


class Upload(io.BytesIO):
    """Bytes that can be watched."""

    name = "set.zip"


@pytest.fixture(autouse=True)
def nothing_bundled(space: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"no archive", b"PK\3\4 cut off"])
def test_a_job_that_failed_holds_no_upload(space: object, content: bytes) -> None:
    """Its error was kept with the variables of the functions that it was raised in."""
    upload = Upload(content)
    gone = weakref.ref(upload)

    def work(progress: Callable[[int, int], None], file: Upload = upload) -> object:
        return unpack(file, "set", progress)

    job = start_job("an-upload", "Unpacking", "files", work)
    job.join()
    assert isinstance(job.error, DatasetError)
    assert find_job("an-upload") is job
    del upload, work
    gc.collect()
    assert gone() is None


def test_after_a_session_no_more_than_the_bounds_is_kept(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures of four images, and 64 of what the browser was sent, were kept however large."""
    bound = 200_000
    for cache in (images._images, bands._stretched, encode._encoded):
        cache.clear()
        monkeypatch.setattr(cache, "_most", bound)
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page(str(REPOSITORY / "pages/predict.py")).run()
    kept = []
    original = images.read_raster

    def watched(*args: object, **options: object) -> object:
        raster = original(*args, **options)
        kept.append(weakref.ref(raster.pixels))
        return raster

    monkeypatch.setattr(images, "read_raster", watched)
    for number in range(6):
        pixels = RNG.integers(0, 4000, (200, 200, 3), np.uint16)
        data = geotiff_bytes(pixels, Georeference(None, Affine.scale(2)))
        at.file_uploader(key="image").upload(f"{number}.tif", data, "image/tiff").run()
        assert not at.exception
    picture = png_bytes(RNG.integers(0, 256, (60, 60, 3), np.uint8))
    at.file_uploader(key="image").upload("small.png", picture, "image/png").run()
    at.button[0].click().run()
    assert not at.exception
    assert len(kept) == 7
    del at
    gc.collect()
    for cache in (images._images, bands._stretched, encode._encoded):
        assert cache.bytes <= bound
    assert sum(ref() is not None for ref in kept) <= 1
