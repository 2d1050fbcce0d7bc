"""A sample too large to be read whole, as tiles that are read when they are looked at."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import values_of, window_decoder
from core.datasets.masks.footprints import VECTOR_SUFFIXES
from core.errors import DSIError, ImageError
from core.imagery.header import Header, read_header
from core.imagery.resample import farthest_off
from core.imagery.scene.scene import is_read_by_windows, obstacle
from ui.loaded.images import file_stamp
from ui.shell.errors import plain
from ui.shell.jobs import watch_job
from ui.viewer.band_values import SceneBands
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.tiles.files import TiledFile, tiled_labels, tiled_picture
from ui.viewer.viewer import viewer
from ui.widgets.frame import Frame
from ui.widgets.place import asked_place

__all__ = ["large_sample", "show_large_sample"]

_AT_ONCE_BYTES = 4 * 1024**3  # of pixels that are all read without being asked
_MASK_PIXELS = 2**28  # of a mask that is read whole
_OFF = 0.5  # pixels that grids may lie apart


def large_sample(path: Path) -> TiledFile | None:
    """An image that is too large to be read whole while somebody waits; None where it is not.

    Args:
        path: of the image.

    Raises:
        ImageError: it cannot be read, or is too large and of a format that is not read by windows.
    """
    return tiled_picture(path) if is_read_by_windows(path, read_header(path)) else None


def show_large_sample(
    dataset: Dataset, sample: Sample, scene: TiledFile, height: int, frame: Frame
) -> None:
    """Show the scene with its mask.

    Args:
        dataset, sample: whose image it is.
        scene: the image.
        height: CSS pixels of the picture.
        frame: of the page.
    """
    header = scene.header
    frame.note(
        f"The image has {header.width:,} × {header.height:,} pixels. It is read where it is looked "
        "at. It is mapped by windows, on the Predict page or on the command line: "
        "`python -m core predict IMAGE --model MODEL --out FOLDER`."
    )
    for note in header.notes:
        frame.note(plain(f"{note.text}: {note.remedy}"), warning=True)
    _sharpen(scene, "image", frame)
    layers = []
    try:
        if mask := _mask(dataset, sample, header, frame):
            layers.append(mask)
    except DSIError as error:
        frame.note(f"Its mask is not shown: {plain(str(error))}", warning=True)
    classes = [ViewerClass(each.name, each.rgb) for each in dataset.classes.classes]
    viewer(
        scene.tiles,
        layers,
        classes if layers else [],
        key="scene-viewer",
        height=height,
        clickable=False,
        georeference=header.georeference,
        bands=SceneBands(sample.image, file_stamp(sample.image)),
        at=asked_place("scene-viewer", file_stamp(sample.image)),
        linked=True,
    )


def _sharpen(file: TiledFile, what: str, frame: Frame) -> None:
    """Have all of a file read where it has no overviews, and say so."""
    if file.tiles.sharp:
        return
    job = watch_job(file.job)
    if job is None and file.bytes <= _AT_ONCE_BYTES:
        file.sharpen()
        job = watch_job(file.job)
    if job is not None and job.state == "running":
        frame.note(f"From afar the {what} is coarse until all of it was read.")
        return
    frame.note(
        f"From afar the {what} is coarse, as its file has no overviews to take it from; enlarged "
        "it is exact. Have all of it read, or give it some, once: `gdaladdo -r "
        f"{'mode' if what == 'mask' else 'average'} FILE`",
        warning=True,
        icon=":material/blur_on:",
    )
    st.button(
        f"Read all of the {what} for a sharp picture",
        key=f"whole-{what}",
        icon=":material/deblur:",
        on_click=file.sharpen,
        help="In the background, once; it takes minutes for tens of gigabytes of pixels.",
    )


def _mask(dataset: Dataset, sample: Sample, image: Header, frame: Frame) -> Layer | None:
    """The mask as a layer; None where there is none.

    Raises:
        DSIError: it cannot be read, or not be laid over.
    """
    if sample.mask is None:
        frame.note("This sample has no mask.")
        return None
    if sample.mask.suffix.lower() in VECTOR_SUFFIXES:
        raise ImageError(
            "footprints are not drawn on images this large",
            where=str(sample.mask),
            remedy="burn them into a GeoTIFF on the image's grid: gdal_rasterize",
        )
    header = read_header(sample.mask)
    _check_grid(sample.mask, header, image)
    if obstacle(sample.mask, header) is None:
        coding = hashlib.blake2b(f"{dataset.coding} {dataset.classes}".encode()).hexdigest()
        mask = tiled_labels(
            sample.mask,
            values=values_of(dataset.coding),
            decode=window_decoder(dataset.classes, dataset.coding),
            coding=coding,
        )
        _sharpen(mask, "mask", frame)
        return Layer("mask", "Mask", "labels", mask.tiles)
    if header.width * header.height > _MASK_PIXELS:
        raise ImageError(
            f"a {header.driver} this large is not read by windows",
            where=str(sample.mask),
            remedy="convert it: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE mask.png m.tif",
        )
    return Layer("mask", "Mask", "labels", dataset.read_mask(sample).labels)


def _check_grid(path: Path, mask: Header, image: Header) -> None:
    size, wanted = (mask.width, mask.height), (image.width, image.height)
    if size != wanted:
        raise ImageError(
            f"it has {size[0]:,} × {size[1]:,} pixels, the image {wanted[0]:,} × {wanted[1]:,}",
            where=str(path),
            remedy="bring it to the image's grid: gdalwarp -tr, -te and -r near",
        )
    own, grid = mask.georeference, image.georeference
    if own and grid and farthest_off(own, grid, image.height, image.width) > _OFF:
        raise ImageError(
            "it lies elsewhere on the ground than the image",
            where=str(path),
            remedy="bring it to the image's grid: gdalwarp -tr, -te and -r near",
        )
