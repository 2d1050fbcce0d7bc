"""Fetch a part of SpaceNet 6 from its public bucket into the workspace."""

from __future__ import annotations

import hashlib
import importlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.datasets.layouts.spacenet6 import AREA, ORIENTATIONS, PRODUCTS, tile_name
from core.errors import DatasetError, WorkspaceError
from core.formats import decimal_size
from core.paths import disk_errors, workspace

__all__ = ["SPACENET6_BASE", "SPACENET6_NAME", "SPACENET6_URL", "fetch_spacenet6"]

SPACENET6_NAME = "spacenet6"
SPACENET6_URL = "https://spacenet.ai/sn6-challenge/"
SPACENET6_BASE = f"spacenet-dataset/spacenet/SN6_buildings/train/{AREA}"
"""Bucket and folder of the training set, unpacked; anyone may read it without an account."""

_ARCHIVE = (
    "https://spacenet-dataset.s3.amazonaws.com/spacenet/SN6_buildings/tarballs/"
    f"SN6_buildings_{AREA}_train.tar.gz"
)
_LABELS, _SUMMARY = "geojson_buildings", "SummaryData"
_BLOCK = 4 * 1024**2
_THREADS = 4

Tile = tuple[str, str]
"""Strip and number."""


@dataclass(frozen=True)
class _Connection:
    """Where files come from, and how.

    Attributes:
        source: an fsspec filesystem.
        target: the dataset's folder, named in messages.
        block: bytes of a request.
        threads: files that are fetched at once.
    """

    source: Any
    target: Path
    block: int
    threads: int


@dataclass(frozen=True)
class _Remote:
    """A file to fetch: its path there, and relative to ``AOI_11_Rotterdam`` here.

    Attributes:
        stamp: tells its content from that of another day, as far as the source says.
    """

    path: str
    place: str
    size: int
    stamp: str


def fetch_spacenet6(
    tiles: int,
    products: tuple[str, ...],
    progress: Callable[[int, int], None] | None = None,
    *,
    source: Any = None,
    base: str = SPACENET6_BASE,
    block: int = _BLOCK,
    threads: int = _THREADS,
) -> Path:
    """Download tiles of SpaceNet 6 (CC BY-SA 4.0) and put them into the workspace.

    About 13 MB a tile of SAR-Intensity, 2 to 7 MB of the others. Tiles that have all products and
    footprints are taken evenly from all strips, and along each. An interrupted download continues
    the next time: whole files are kept, a half one goes on where it ended.

    Args:
        tiles: how many; all there are if fewer.
        products: which of `PRODUCTS`.
        progress: called with (files done, files in all), first with (0, 0) while it lists them.
        source: an fsspec filesystem instead of the bucket's.
        base: the folder there that holds the products.
        block: bytes of a request.
        threads: files that are fetched at once.

    Returns:
        The dataset's folder, ``datasets/spacenet6`` in the workspace, which appears only when
        complete.

    Raises:
        DatasetError: there is one already, a number or product that does not exist, or the bucket
            cannot be reached; the remedy says how to do it by hand.
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    target = workspace().datasets / SPACENET6_NAME
    _check(tiles, products, target)
    if progress:
        progress(0, 0)
    source = source or _bucket(target)
    wanted = _chosen(source, base.rstrip("/"), tiles, products, target)
    # Beside the datasets, hidden, and kept when it breaks off: the next time goes on with it.
    partial = target.parent / f".{SPACENET6_NAME}.partial"
    with disk_errors(partial):
        (partial / AREA).mkdir(parents=True, exist_ok=True)
    _check_room(wanted, partial / AREA)
    connection = _Connection(source, target, block, threads)
    _fetch_all(connection, wanted, partial / AREA, progress)
    with disk_errors(target):
        _drop_others(partial, {partial / AREA / remote.place for remote in wanted})
        if target.exists():
            target.rmdir()  # empty, or it would have been refused
        partial.replace(target)
    return target


def _check(tiles: int, products: Sequence[str], target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        raise DatasetError(
            "there is a dataset of this name in the workspace already",
            where=str(target),
            remedy="use it, or move it away to fetch other tiles",
        )
    if tiles < 1:
        raise DatasetError(
            f"expected at least 1 tile, received {tiles}", remedy="ask for more tiles"
        )
    strange = [product for product in products if product not in PRODUCTS]
    if strange or not products:
        raise DatasetError(
            f"there is no product {strange[0]!r}" if strange else "no product is chosen",
            remedy=f"choose from {', '.join(PRODUCTS)}",
        )


def _bucket(target: Path) -> Any:
    """The bucket, read without an account: no credentials are looked for."""
    s3fs: Any = importlib.import_module("s3fs")
    waits = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}
    with _remote_errors(target):
        return s3fs.S3FileSystem(anon=True, config_kwargs=waits, skip_instance_cache=True)


@contextmanager
def _remote_errors(target: Path) -> Iterator[None]:
    """Turn what a source may raise into an error that says how to do it by hand."""
    # Not OSErrors, all of them: the client of the bucket has a tree of its own.
    others = tuple(
        getattr(importlib.import_module(module), name)
        for module, name in (
            ("botocore.exceptions", "BotoCoreError"),
            ("botocore.exceptions", "ClientError"),
            ("aiohttp", "ClientError"),
        )
    )
    try:
        yield
    except FileNotFoundError as error:
        raise _by_hand("the bucket does not have what was expected there", target) from error
    except PermissionError as error:
        raise _by_hand("the bucket refused the download", target) from error
    except (OSError, TimeoutError, *others) as error:
        what = f"the bucket cannot be reached or broke off ({type(error).__name__})"
        raise _by_hand(what, target) from error


def _by_hand(what: str, target: Path) -> DatasetError:
    return DatasetError(
        what,
        where=f"s3://{SPACENET6_BASE}",
        remedy="try again, whole files are kept; or download the archive (about 38 GB) elsewhere, "
        f"{_ARCHIVE}, and unpack it into {target} so that {AREA} or train/{AREA} lies in it; or "
        "work meanwhile with a generated set, written on the Data page or by the command `demo` "
        "with its layout spacenet6",
    )


def _chosen(
    source: Any, base: str, tiles: int, products: Sequence[str], target: Path
) -> list[_Remote]:
    """The files to fetch, those of a tile together."""
    by_folder: dict[str, dict[Tile, _Remote]] = {}
    for folder in (*products, _LABELS):
        by_folder[folder] = by_tile = {}
        for remote in _listed(source, base, folder, target):
            named = tile_name(remote.path.rsplit("/", 1)[-1])
            if named and named[0] == (folder if folder != _LABELS else "Buildings"):
                by_tile[named[1], named[2]] = remote
    common = set.intersection(*(set(by_tile) for by_tile in by_folder.values()))
    if not common:
        raise _by_hand("the bucket has no tile with all these products and footprints", target)
    wanted = [by_tile[tile] for tile in _spread(common, tiles) for by_tile in by_folder.values()]
    extras = _listed(source, base, _SUMMARY, target)
    return wanted + [remote for remote in extras if remote.path.endswith(f"/{ORIENTATIONS}")]


def _listed(source: Any, base: str, folder: str, target: Path) -> list[_Remote]:
    with _remote_errors(target):
        entries = source.ls(f"{base}/{folder}", detail=True)
    return [
        _Remote(
            entry["name"],
            f"{folder}/{entry['name'].rsplit('/', 1)[-1]}",
            int(entry["size"]),
            str(entry.get("ETag") or entry.get("LastModified") or entry.get("mtime") or ""),
        )
        for entry in entries
        if entry["type"] == "file"
    ]


def _spread(available: set[Tile], count: int) -> list[Tile]:
    """`count` tiles, as many from each strip as can be, evenly along it: numbers run with places.

    The same set and count give the same tiles.
    """
    strips: dict[str, list[Tile]] = {}
    for tile in sorted(available, key=lambda tile: (tile[0], int(tile[1]))):
        strips.setdefault(tile[0], []).append(tile)
    shares = dict.fromkeys(strips, 0)
    left = min(count, len(available))
    while left:
        room = [strip for strip in strips if shares[strip] < len(strips[strip])]
        if left < len(room):  # not one for each: every so-many-th strip has one more
            room = [room[index * len(room) // left] for index in range(left)]
        for strip in room:
            shares[strip] += 1
        left -= len(room)
    return [
        strips[strip][(2 * index + 1) * len(strips[strip]) // (2 * share)]
        for strip, share in shares.items()
        for index in range(share)
    ]


def _check_room(wanted: Sequence[_Remote], home: Path) -> None:
    """Say before the first byte that they do not fit; what lies there already is not counted."""
    missing = sum(remote.size for remote in wanted if not (home / remote.place).is_file())
    free = shutil.disk_usage(home).free
    if missing > free:
        raise WorkspaceError(
            f"these tiles take {decimal_size(missing)} and the disk has {decimal_size(free)} left",
            where=str(home),
            remedy="ask for fewer tiles or products, or set DSI_WORKSPACE to another disk",
        )


def _fetch_all(
    connection: _Connection,
    wanted: Sequence[_Remote],
    home: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    ended = threading.Event()
    done = 0
    pool = ThreadPoolExecutor(max_workers=connection.threads)
    try:
        pending = [pool.submit(_fetch, connection, r, home / r.place, ended) for r in wanted]
        for future in as_completed(pending):
            future.result()
            done += 1
            if progress:
                progress(done, len(wanted))
    finally:
        # A file that is being fetched ends at its next block and is gone on with the next time.
        ended.set()
        pool.shutdown(cancel_futures=True)


def _fetch(connection: _Connection, remote: _Remote, path: Path, ended: threading.Event) -> None:
    """One file; under its own name it is whole."""
    with disk_errors(path):
        if path.is_file() and path.stat().st_size == remote.size:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # A half of another version is not gone on with: its name has another stamp.
        stamp = hashlib.blake2b(f"{remote.size} {remote.stamp}".encode(), digest_size=6).hexdigest()
        half = path.with_name(f".{path.name}.{stamp}.part")
        have = half.stat().st_size if half.is_file() else 0
        if have > remote.size:
            half.unlink()
            have = 0
        with half.open("ab") as file:
            while have < remote.size:
                if ended.is_set():
                    return
                end = min(have + connection.block, remote.size)
                with _remote_errors(connection.target):
                    block = connection.source.cat_file(remote.path, start=have, end=end)
                if len(block) != end - have:
                    name = remote.path.rsplit("/", 1)[-1]
                    raise _by_hand(
                        f"the bucket sent {len(block)} bytes of {name}, {end - have} were due",
                        connection.target,
                    )
                file.write(block)
                have = end
        half.replace(path)


def _drop_others(partial: Path, wanted: set[Path]) -> None:
    """Remove what an earlier, broken-off download of other tiles has left."""
    for path in sorted(partial.rglob("*"), reverse=True):
        if path.is_file() and path not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)
