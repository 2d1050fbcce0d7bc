"""Files of any size as tiles: images, and label maps.

`tiled_picture` and `tiled_labels` are what a page gives to the viewer. Where a file has no
overviews and is too large for its upper levels to be made while somebody waits, these are coarse
(`Tiled.sharp` says so) until a background job has made them; they are kept in the workspace.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from core.errors import ImageError
from core.imagery.header import Header, Values, read_header
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.scene_tiles import SceneTiles, make_upper_levels
from core.imagery.scene.label_scene import Decode, open_label_scene
from core.imagery.scene.overview import WindowSource
from core.imagery.scene.scene import obstacle, open_scene
from core.paths import disk_errors, new_folder, workspace
from ui.loaded.images import file_stamp
from ui.loaded.sized_cache import SizedCache
from ui.shell.jobs import start_job
from ui.viewer.tiles.sources import TileContent, Tiled, open_source

__all__ = ["TiledFile", "tiled_labels", "tiled_picture"]

_MOST_KEPT = 4 * 1024**3  # bytes of the upper levels of all images


@dataclass(frozen=True)
class TiledFile:
    """A file as tiles.

    Attributes:
        tiles: what the viewer is given, as the image or as pixels of a `Layer`.
        header: of the file.
        bytes: of the pixels that all of it is.
        job: names the background job that makes coarse levels sharp, for `watch_job`.
        sharpen: starts that job; the next run of the page has sharp tiles when it has ended.
    """

    tiles: Tiled
    header: Header
    bytes: int
    job: str
    sharpen: Callable[[], None]


def tiled_picture(path: Path) -> TiledFile:
    """A GeoTIFF of any size as an image for the viewer.

    With the bands that the file names or its kind suggests; other than 8 bit is stretched, all of
    it in one way; transparent where it has no data. From the file's overviews where it has some.

    Args:
        path: of the file.

    Raises:
        ImageError: it cannot be read, or not by windows.
    """

    def opener() -> AbstractContextManager[WindowSource]:
        return open_scene(path, sampled=True)

    return _tiled(path, "image", "", opener)


def tiled_labels(
    path: Path, *, values: Values = "indices", decode: Decode | None = None, coding: str = ""
) -> TiledFile:
    """A GeoTIFF of labels of any size as pixels of a `Layer` of the viewer.

    ``STEM_labels.tif``, as ``python -m core predict`` and `core.inference.scene` write it, needs
    the path alone: its values are the labels, 255 and no data are void. Level 0 is exact. Further
    levels are by the mode; from the file's overviews where this program made them, or GDAL with
    ``mode`` or ``nearest``, and else from its pixels.

    Args:
        path: of the file.
        values, decode: as for `open_label_scene`, for files that hold other than labels; see
            `core.datasets.masks.decode.window_decoder`.
        coding: tells one `decode` from another.

    Raises:
        ImageError: it cannot be read, or not by windows.
    """

    def opener() -> AbstractContextManager[WindowSource]:
        return open_label_scene(path, values, decode)

    return _tiled(path, "labels", f"{values} {coding}", opener)


def _tiled(
    path: Path,
    role: Literal["image", "labels"],
    coding: str,
    opener: Callable[[], AbstractContextManager[WindowSource]],
) -> TiledFile:
    header = read_header(path)
    if error := obstacle(path, header):
        raise error
    stamp = file_stamp(path)
    name = hashlib.blake2b(f"{role} {coding} {stamp}".encode(), digest_size=16).hexdigest()
    upper = workspace().root / "cache/tiles" / name
    upper_levels = upper if upper.is_dir() else None
    open_tiles = partial(_open_tiles, opener, role, upper_levels)
    known = _known.get(name, lambda: _look(open_tiles))
    sharp = upper_levels is not None or known.is_whole
    source = open_source(
        f"{name} {'made' if upper_levels else 'direct'}",
        TileContent(
            Levels(header.height, header.width),
            role,
            open_tiles,
            is_current=lambda: file_stamp(path) == stamp,
        ),
    )
    tiles = Tiled(source.id, header.width, header.height, sharp)
    job = f"tiles-{name}"
    sharpen = partial(_sharpen, job, path, name, open_tiles)
    return TiledFile(tiles, header, known.bytes, job, sharpen)


class _Known(NamedTuple):
    """Whether all tiles of a file are sharp, and bytes of its pixels."""

    is_whole: bool
    bytes: int


_known: SizedCache[_Known] = SizedCache(1024**2, 24 * 3600, lambda _: 100)


@contextmanager
def _open_tiles(
    opener: Callable[[], AbstractContextManager[WindowSource]],
    role: Literal["image", "labels"],
    upper: Path | None,
) -> Iterator[SceneTiles]:
    with opener() as source:
        yield SceneTiles(source, "labels" if role == "labels" else "picture", upper)


def _look(open_tiles: Callable[[], AbstractContextManager[SceneTiles]]) -> _Known:
    with open_tiles() as tiles:
        return _Known(tiles.is_whole, tiles.unpacked)


def _sharpen(
    job: str,
    path: Path,
    name: str,
    open_tiles: Callable[[], AbstractContextManager[SceneTiles]],
) -> None:
    place = workspace().tiles  # of the session that asks

    def work(progress: Callable[[int, int], None]) -> None:
        stamp = file_stamp(path)
        with open_tiles() as tiles, new_folder(place / name) as folder:
            with disk_errors(folder):
                make_upper_levels(tiles, folder, progress)
            if file_stamp(path) != stamp:
                raise ImageError(
                    "the file changed while it was read", where=str(path), remedy="read it again"
                )
        _remove_old(place, name)

    start_job(job, f"Reading all of {path.parent.name}/{path.name}", "tiles", work)


def _remove_old(place: Path, newest: str) -> None:
    """Remove what was made longest ago, where all together is too much."""
    folders = [f for f in place.iterdir() if f.is_dir() and not f.name.startswith(".")]
    sizes = {f: sum(tile.stat().st_size for tile in f.iterdir()) for f in folders}
    for folder in sorted(folders, key=lambda f: f.stat().st_mtime):
        if sum(sizes.values()) <= _MOST_KEPT:
            break
        if folder.name == newest:
            continue
        del sizes[folder]
        shutil.rmtree(folder, ignore_errors=True)
