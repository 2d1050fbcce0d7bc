"""Pretrained weights on disk: fetched once, checked each time they are used."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.models.card import file_sha256
from core.paths import workspace, write_atomic, write_bytes

__all__ = [
    "Progress",
    "cached",
    "digest_of",
    "download",
    "is_cached",
    "local_files",
    "read_range",
    "remote_errors",
]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all (0 where the server does not say); what it raises ends
the download."""

_BLOCK = 1024**2


def cached(
    name: str, make: Callable[[Path], None], checksum: tuple[str, str] | None = None
) -> Path:
    """A file of the cache, made where it is missing or is not what was written.

    Its SHA-256 stands in a file beside it, which is written after it.

    Args:
        name: file name in ``cache/weights`` of the workspace.
        make: writer of the file's content to a path.
        checksum: algorithm and hex digest of the file; with it, a file that somebody put there by
            hand is used too.

    Raises:
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    path = workspace().weights / name
    beside = path.with_name(f"{name}.sha256")
    if path.is_file():
        now = file_sha256(path)
        if beside.is_file():
            if beside.read_text(errors="replace").strip() == now:
                return path
        elif checksum and checksum[1] == digest_of(path, checksum[0]):
            write_bytes(beside, f"{now}\n".encode())
            return path
    # Nothing is thrown away for a file that may not come.
    write_atomic(path, make)
    write_bytes(beside, f"{file_sha256(path)}\n".encode())
    return path


def is_cached(name: str) -> bool:
    """Whether a file of the cache has been written; it may be found damaged when it is used."""
    path = workspace().weights / name
    return path.is_file() and path.with_name(f"{name}.sha256").is_file()


def digest_of(path: Path, algorithm: str) -> str:
    """The hex digest of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return digest.hexdigest()


def local_files(suffixes: tuple[str, ...]) -> list[Path]:
    """Files with weights that lie in the workspace's ``cache/weights``, by name."""
    folder = workspace().weights
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(suffixes) and path.is_file() and not path.name.startswith(".")
    )


def download(
    address: str, path: Path, checksum: tuple[str, str] | None, progress: Progress | None = None
) -> None:
    """Fetch a file as a whole.

    Args:
        address: with http or https.
        path: to write to.
        checksum: name of the algorithm and hex digest that its publisher gives, or None.
        progress: see `Progress`.

    Raises:
        ModelError: it cannot be reached or is not what was published.
    """
    digest = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
    with remote_errors(address), closing(_opened(address)) as source, path.open("wb") as target:
        total, done = int(source.r.headers.get("Content-Length", 0)), 0
        while block := source.read(_BLOCK):
            target.write(block)
            done += len(block)
            if digest:
                digest.update(block)
            if progress:
                progress(done, total)
    if total and done != total:
        raise broken(address, f"it broke off after {done:,} of {total:,} bytes")
    if checksum and digest and digest.hexdigest() != checksum[1]:
        raise broken(address, f"its {checksum[0].upper()} is not the published one")


def read_range(
    address: str, start: int, end: int, progress: Callable[[int], None] | None = None
) -> bytes:
    """Fetch some bytes of a file.

    Args:
        address: with http or https.
        start, end: first byte, and the one after the last.
        progress: called with the bytes of this range that are done.

    Raises:
        ModelError: it cannot be reached, is shorter, or the server gives only whole files.
    """
    with remote_errors(address), closing(_opened(address, start, end)) as source:
        if source.r.status != 206:
            raise broken(address, "the server does not give parts of a file")
        parts, done = [], 0
        # No more than was asked for, whatever the server sends.
        while done < end - start and (block := source.read(min(_BLOCK, end - start - done))):
            parts.append(block)
            done += len(block)
            if progress:
                progress(done)
    if done != end - start:
        raise broken(address, f"it broke off after {done:,} of {end - start:,} bytes")
    return b"".join(parts)


def broken(address: str, why: str) -> ModelError:
    """What is said of a file that came, but not as it should be."""
    return ModelError(f"the pretrained weights cannot be used: {why}", where=address)


def _opened(address: str, start: int | None = None, end: int = 0) -> Any:
    fsspec: Any = importlib.import_module("fsspec")
    aiohttp: Any = importlib.import_module("aiohttp")
    waits = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
    web = fsspec.filesystem(
        "http", client_kwargs={"timeout": waits, "trust_env": True}, skip_instance_cache=True
    )
    headers = {"Accept-Encoding": "identity"}
    if start is not None:
        headers["Range"] = f"bytes={start}-{end - 1}"
    # A stream (no blocks); the size only saves a question for it.
    return web.open(address, block_size=0, size=1, headers=headers)


@contextmanager
def remote_errors(address: str) -> Iterator[None]:
    """Turn what a download may raise into a ModelError."""
    aiohttp: Any = importlib.import_module("aiohttp")
    try:
        yield
    except FileNotFoundError as error:
        raise ModelError("the pretrained weights are not there any more", where=address) from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        reason = type(error).__name__
        raise ModelError(
            f"the pretrained weights cannot be fetched ({reason})", where=address
        ) from error
