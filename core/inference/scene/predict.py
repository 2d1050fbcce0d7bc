"""Predict an image file of any size: in memory, or by windows within a fixed memory."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from core.datasets.known_layouts import LAYOUTS
from core.errors import ImageError, WorkspaceError
from core.formats import binary_size
from core.imagery.header import Header, read_header
from core.imagery.output.outlines import in_pixels
from core.imagery.raster import MAX_BYTES
from core.imagery.scene.scene import Scene, obstacle, open_scene
from core.imagery.source.opening import gdal_settings
from core.inference.anchor import Anchor
from core.inference.averaging import OWN_SIZE
from core.inference.blocks import Block
from core.inference.likeness import differences
from core.inference.outputs.file import Handling, NamedModel, predict_file
from core.inference.outputs.kinds import OutputKind, Wanted, paths_by_kind
from core.inference.outputs.made_from import MadeFrom, same_results
from core.inference.predictor import Predictor, Progress, counter
from core.inference.scene.planes import Planes, open_planes
from core.inference.scene.results import SceneResult, write_result
from core.inference.scene.scene_image import SceneImage, sample_of
from core.inference.scene.sizes import SceneSizes
from core.inference.scene.state import (
    SceneState,
    Unfinished,
    unfinished,
    unfinished_folder,
)
from core.inference.scene.threads import WriterThread, read_ahead
from core.paths import disk_errors, writable_folder
from core.provenance import check_free

__all__ = ["goes_by_windows", "predict_image"]

_AHEAD = 2  # tiles that are read, and blocks that are written, while one is computed
_RESULTS = 2.5  # bytes of results for each byte of labels, roughly and at most


def predict_image(
    image: Path, model: NamedModel, out: Path, wanted: Wanted, handling: Handling
) -> list[Path]:
    """Predict an image file and write the contract's files.

    A GeoTIFF of more than `predictor.large_pixels` pixels goes by windows: memory does not grow
    with it, and what is done is kept beside the results until they are complete. The labels are the
    same either way. To resume an image whose results are complete, and made from the same, is to
    leave them as they are.

    Args:
        image: path of a PNG, JPEG or TIFF.
        model: model that predicts it.
        out: folder to write to, created where it is missing.
        wanted: which files beside the usual ones.
        handling: how it goes about them, and what is called meanwhile.

    Returns:
        Paths of the files.

    Raises:
        ImageError: the image cannot be read, is not of the model's kind, or is too large for what
            is asked for.
        WorkspaceError: `out` cannot be written or has too little room, has files that this program
            did not write, or an unfinished prediction that is not to be resumed.
    """
    predictor = model.predictor
    header = read_header(image)
    outlines = in_pixels(
        wanted.outlines, header.georeference, header.width, header.height, str(image)
    )
    wanted = replace(wanted, outlines=outlines)
    located = header.georeference is not None
    paths = paths_by_kind(image, out, wanted, located=located)
    made_from = MadeFrom.of(image, predictor, wanted)
    if handling.resume and _is_there(image, paths, made_from, handling):
        return list(paths.values())
    if not goes_by_windows(image, header, predictor, wanted):
        return predict_file(image, model, out, wanted, handling)
    check_free(list(paths.values()), [image], overwrite=handling.overwrite)
    known = predictor.input.file_band_count
    bands = known if known == header.bands else None
    at_sizes = predictor.averaging.scales != OWN_SIZE
    rows = math.ceil(predictor.large_tile / min(1.0, *predictor.averaging.scales))
    with open_scene(image, bands, tile=rows) as scene:
        sample = sample_of(scene)
        predictor.input.check(sample.pixels, str(image))
        if handling.warn:
            for difference in differences(predictor.input, sample):
                if difference.kind != "no data":  # of the whole scene the sample does not tell
                    handling.warn(difference)
        tiles = _SizesWork(scene, predictor) if at_sizes else _PlainWork(scene, predictor)
        state = _state(made_from, predictor, tiles, wanted)
        writable_folder(out)
        pixels = header.width * header.height * scene.stored_share
        needed = pixels * _pixel_bytes(predictor.classes, wanted) + tiles.waiting_bytes
        _check_room(out, image, needed, wanted)
        with unfinished(out, image.stem, state, resume=handling.resume) as work:
            if handling.note and work.state.rows_done:
                handling.note(f"goes on after {work.state.share:.0%} of {image.name}")
            with open_planes(
                work.folder,
                header.height,
                header.width,
                predictor.classes,
                wanted,
            ) as planes:
                tiles.predict(planes, work, handling.progress)
                result = SceneResult(
                    planes,
                    model.classes,
                    header.georeference,
                    str(image),
                    model.name,
                    predictor.averaging,
                    made_from,
                )
                small = write_result(result, paths, work.folder, wanted.outlines)
    if small.polygons and handling.left_out:
        handling.left_out(small)
    return list(paths.values())


def _is_there(
    image: Path, paths: dict[OutputKind, Path], made_from: MadeFrom, handling: Handling
) -> bool:
    """Whether the results are there already, which is said, and otherwise what of them differs."""
    same, reason = same_results(paths, made_from)
    if handling.note and same:
        handling.note(f"note: {image}: left as it is: its results are there, made from the same")
    if handling.note and reason:
        handling.note(f"note: {image}: its results are made anew: {reason}")
    return same


def goes_by_windows(image: Path, header: Header, predictor: Predictor, wanted: Wanted) -> bool:
    """Whether an image is predicted by windows.

    Args:
        image: path of the image.
        header: of the image.
        predictor: of the model.
        wanted: which files are asked for.

    Raises:
        ImageError: it is too large for memory, and cannot be read by windows, or something is asked
            for that is not done by windows.
    """
    if header.width * header.height <= predictor.large_pixels:
        return False
    reason = obstacle(image, header) or _not_by_windows(image)
    if reason is None:
        return True
    if header.bytes > MAX_BYTES:
        raise reason
    return False


def _not_by_windows(image: Path) -> ImageError | None:
    """Why the whole image is needed; None where it is not."""
    if any(layout.image_traits and layout.image_traits(image) for layout in LAYOUTS.values()):
        return ImageError(
            "the image is of a product that is read whole, and too large for that",
            where=str(image),
            remedy="copy it to a folder of its own, and cut it into pieces",
        )
    return None


def _state(made_from: MadeFrom, predictor: Predictor, work: _Work, wanted: Wanted) -> SceneState:
    scales = predictor.averaging.scales
    return SceneState(
        image=made_from.image,
        model=made_from.model,
        options={
            "overlap": predictor.overlap,
            "symmetries": predictor.averaging.symmetries,
            "probabilities": wanted.probabilities,
            "confidence": wanted.confidence,
        }
        | ({} if scales == OWN_SIZE else {"scales": list(scales)})
        | ({} if not predictor.input.bands else {"bands": list(predictor.input.bands)}),
        grid=work.description,
        rows=work.rows,
    )


def _pixel_bytes(classes: int, wanted: Wanted) -> float:
    """What is kept of a pixel on the disk, and what its results are, at most."""
    kept = 1 + 2 * wanted.confidence + 4 * classes * wanted.probabilities
    return kept + _RESULTS + (kept - 1) * 2


def _check_room(out: Path, image: Path, needed: float, wanted: Wanted) -> None:
    """Raise where the disk has plainly too little room for so many bytes."""
    there = unfinished_folder(out, image.stem)
    if there.is_dir():
        needed -= sum(file.stat().st_blocks * 512 for file in there.iterdir())
    with disk_errors(out):
        free = shutil.disk_usage(out).free
    if needed > free:
        raise WorkspaceError(
            f"the prediction needs about {binary_size(needed)} on the disk while it is made, and "
            f"{binary_size(free)} are free",
            where=str(out),
            remedy="make room, or choose an --out on another disk"
            + (", or leave out --probabilities" if wanted.probabilities else ""),
        )


class _Work(Protocol):
    """A way to predict a scene, piece by piece.

    Attributes:
        description: where all tiles lie, in words.
        rows: number of its pieces.
        waiting_bytes: what waits in files besides at most.
    """

    description: str
    rows: int
    waiting_bytes: int

    def predict(self, planes: Planes, work: Unfinished, progress: Progress | None) -> None:
        """Keep the values of all pieces that are not kept yet."""


class _PlainWork:
    """At the scene's own size, in rows of tiles."""

    waiting_bytes = 0

    def __init__(self, scene: Scene, predictor: Predictor) -> None:
        image = SceneImage(scene, predictor.input)
        self._predictor = predictor
        self._tiles = predictor.blending(image, Anchor.of(scene.header.georeference))
        self.description, self.rows = self._tiles.description, self._tiles.tile_rows

    def predict(self, planes: Planes, work: Unfinished, progress: Progress | None) -> None:
        def write(block: Block) -> None:
            if block.probabilities is not None:
                planes.write(block.row, block.column, block.probabilities, block.valid)

        row = work.state.rows_done
        with disk_errors(work.folder), WriterThread(write, _AHEAD) as writer:
            blocks = self._tiles.blocks(
                self._predictor.softmax,
                counter(progress, self._tiles.tiles),
                batch=self._predictor.batch,
                first_row=row,
                stream=lambda items: read_ahead(items, _AHEAD, gdal_settings),
            )
            for block in blocks:
                if block.tile_row > row:
                    _keep(writer, planes, work, block.tile_row)
                    row = block.tile_row
                writer.put(block)
            _keep(writer, planes, work, self.rows)


def _keep(writer: WriterThread[Block], planes: Planes, work: Unfinished, rows: int) -> None:
    writer.drain()
    planes.sync()
    work.advance(rows)


class _SizesWork:
    """At several sizes of the scene, in bands of rows."""

    def __init__(self, scene: Scene, predictor: Predictor) -> None:
        self._sizes = SceneSizes(scene, predictor)
        self.description, self.rows = self._sizes.description, self._sizes.bands
        self.waiting_bytes = self._sizes.waiting_bytes

    def predict(self, planes: Planes, work: Unfinished, progress: Progress | None) -> None:
        with disk_errors(work.folder):
            done = work.state.rows_done
            for bands in self._sizes.predict(work.folder, planes, done, progress):
                planes.sync()
                work.advance(bands)
