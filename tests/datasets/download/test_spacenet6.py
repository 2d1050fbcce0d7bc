"""Fetching tiles of SpaceNet 6 from a stand-in for the bucket: no network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from core.datasets.catalogue import open_dataset
from core.datasets.download import spacenet6 as fetching
from core.datasets.download.spacenet6 import fetch_spacenet6
from core.errors import DatasetError, WorkspaceError
from tests.spacenet_tree import PASSES, write_tree

TWO = ("SAR-Intensity", "PAN")
TILES = 4 * PASSES


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("bucket"), TILES, TWO) / "AOI_11_Rotterdam"


@pytest.fixture
def bucket(tree: Path) -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    memory.put(str(tree), "/bucket/AOI", recursive=True)
    yield memory
    memory.rm("/bucket", recursive=True)


class Unsteady(DirFileSystem):
    """A local folder that breaks off after some bytes, and remembers what was asked for."""

    cachable = False  # one of its own for every call

    def __init__(self, folder: Path, allowance: int | None = None) -> None:
        super().__init__(path=str(folder), fs=LocalFileSystem(), skip_instance_cache=True)
        self.allowance = allowance
        self.asked: list[tuple[str, int, int]] = []

    def cat_file(self, path: str, start: Any = None, end: Any = None, **options: Any) -> bytes:
        if self.allowance is not None:
            if self.allowance < end - start:
                raise ConnectionResetError("the line is dead")
            self.allowance -= end - start
        self.asked.append((path, start, end))
        return bytes(super().cat_file(path, start=start, end=end, **options))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_tiles_arrive_in_the_workspace(space: Path, bucket: Any, tree: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = fetch_spacenet6(
        20, TWO, lambda *step: seen.append(step), source=bucket, base="/bucket/AOI"
    )
    assert folder == space / "datasets" / "spacenet6"
    assert [p.name for p in folder.parent.iterdir()] == ["spacenet6"]
    dataset = open_dataset(folder)
    assert len(dataset.samples) == 20 and dataset.products == TWO
    assert all(s.mask is not None and s.mask.suffix == ".geojson" for s in dataset.samples)
    assert any(s.turned for s in dataset.samples)
    assert dataset.load_labels(dataset.samples[0]).sum() == 100
    # Two images and the footprints of each, and the orientations.
    assert seen == [(0, 0), *((n, 61) for n in range(1, 62))]
    fetched = files(folder / "AOI_11_Rotterdam")
    assert len(fetched) == 61
    assert all((tree / name).read_bytes() == content for name, content in fetched.items())
    with pytest.raises(DatasetError, match="already"):
        fetch_spacenet6(5, TWO, source=bucket, base="/bucket/AOI")


@pytest.mark.parametrize("count", [1, 5, PASSES, 20, TILES, 10_000])
def test_tiles_are_spread_over_strips_and_along_them(count: int) -> None:
    available = {(f"s{strip:02d}", str(n)) for strip in range(PASSES) for n in range(3 + strip % 4)}
    chosen = fetching._spread(available, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(available))
    assert set(chosen) <= available
    by_strip = [sum(tile[0] == f"s{strip:02d}" for tile in chosen) for strip in range(PASSES)]
    if count <= 3 * PASSES:
        assert max(by_strip) - min(by_strip) <= 1
    assert chosen == fetching._spread(available, count)


def test_an_interrupted_download_goes_on(space: Path, tree: Path) -> None:
    dying = Unsteady(tree, allowance=20_500)
    with pytest.raises(DatasetError, match="broke off") as caught:
        fetch_spacenet6(6, TWO, source=dying, base="", block=1000, threads=1)
    assert "tar.gz" in caught.value.remedy and "command `demo`" in caught.value.remedy
    folder = space / "datasets"
    assert not (folder / "spacenet6").exists()
    kept = files(folder / ".spacenet6.partial")
    whole = {name.split("/", 1)[1] for name in kept if not name.endswith(".part")}
    halves = {
        name.split("/", 1)[1].rsplit(".", 2)[0].replace("/.", "/"): len(content)
        for name, content in kept.items()
        if name.endswith(".part")
    }
    assert len(whole) > 3 and max(halves.values()) > 0
    assert all(size < (tree / name).stat().st_size for name, size in halves.items())

    healthy = Unsteady(tree)
    fetch_spacenet6(6, TWO, source=healthy, base="", block=1000, threads=1)
    asked = {path.lstrip("/"): start for path, start, _ in reversed(healthy.asked)}
    assert not whole & set(asked)  # what was whole is not asked for again
    # What was half goes on where it ended; all else begins.
    assert asked == {name: halves.get(name, 0) for name in asked}
    assert halves.keys() <= asked.keys()
    fetched = files(folder / "spacenet6" / "AOI_11_Rotterdam")
    assert len(fetched) == 6 * 3 + 1
    assert all((tree / name).read_bytes() == content for name, content in fetched.items())
    assert [p.name for p in folder.iterdir()] == ["spacenet6"]


def test_a_half_of_another_version_is_started_anew(space: Path, tree: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(tree, tmp_path / "source"))
    dying = Unsteady(source, allowance=6_000)
    with pytest.raises(DatasetError):
        fetch_spacenet6(4, TWO, source=dying, base="")
    partial = space / "datasets" / ".spacenet6.partial" / "AOI_11_Rotterdam"
    victim = next(p for p in (source / "PAN").iterdir() if not (partial / "PAN" / p.name).exists())
    (partial / "PAN").mkdir(exist_ok=True)
    half = partial / "PAN" / f".{victim.name}.0123456789ab.part"
    half.write_bytes(b"of another day")
    fetch_spacenet6(TILES, TWO, source=Unsteady(source), base="")
    target = space / "datasets" / "spacenet6" / "AOI_11_Rotterdam" / "PAN"
    assert (target / victim.name).read_bytes() == victim.read_bytes()
    assert not list(target.glob(".*"))


def test_a_file_that_is_too_short_is_fetched_again(space: Path, tree: Path) -> None:
    place = space / "datasets" / ".spacenet6.partial" / "AOI_11_Rotterdam" / "PAN"
    place.mkdir(parents=True)
    first = sorted((tree / "PAN").iterdir())
    for path in first:
        (place / path.name).write_bytes(path.read_bytes()[:100])
    folder = fetch_spacenet6(TILES, ("PAN",), source=Unsteady(tree), base="")
    for path in first:
        assert (folder / "AOI_11_Rotterdam/PAN" / path.name).read_bytes() == path.read_bytes()


def test_other_tiles_of_an_earlier_try_are_left_out(space: Path, tree: Path) -> None:
    with pytest.raises(DatasetError):
        fetch_spacenet6(TILES, TWO, source=Unsteady(tree, allowance=100_000), base="")
    folder = fetch_spacenet6(3, ("PAN",), source=Unsteady(tree), base="")
    dataset = open_dataset(folder)
    assert dataset.products == ("PAN",) and len(dataset.samples) == 3
    assert len(files(folder)) == 3 * 2 + 1


def test_stopping_keeps_what_is_there(space: Path, tree: Path) -> None:
    class Stopped(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        if done == 7:
            raise Stopped

    with pytest.raises(Stopped):
        fetch_spacenet6(10, TWO, stop, source=Unsteady(tree), base="")
    assert not (space / "datasets" / "spacenet6").exists()
    whole = [n for n in files(space / "datasets/.spacenet6.partial") if not n.endswith(".part")]
    assert len(whole) >= 7
    assert len(open_dataset(fetch_spacenet6(10, TWO, source=Unsteady(tree), base="")).samples) == 10


def test_short_answers_are_never_taken_as_whole(space: Path, tree: Path) -> None:
    class Short(Unsteady):
        def cat_file(self, path: str, **options: Any) -> bytes:
            return super().cat_file(path, **options)[:-1]

    with pytest.raises(DatasetError, match="bytes of"):
        fetch_spacenet6(2, TWO, source=Short(tree), base="")
    assert not (space / "datasets" / "spacenet6").exists()


@pytest.mark.parametrize(
    ("tiles", "products", "says"),
    [(0, TWO, "at least 1"), (3, ("HSV",), "no product 'HSV'"), (3, (), "no product is chosen")],
)
def test_wrong_wishes(tiles: int, products: tuple[str, ...], says: str, tree: Path) -> None:
    with pytest.raises(DatasetError, match=says):
        fetch_spacenet6(tiles, products, source=Unsteady(tree), base="")


def test_a_product_the_bucket_lacks(space: Path, tree: Path) -> None:
    with pytest.raises(DatasetError, match="does not have what was expected"):
        fetch_spacenet6(3, ("PS-RGB",), source=Unsteady(tree), base="")


def test_too_little_room_is_said_first(
    space: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tree)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    source = Unsteady(tree)
    with pytest.raises(WorkspaceError, match="the disk has"):
        fetch_spacenet6(3, TWO, source=source, base="")
    assert source.asked == []


def test_offline_it_says_what_to_do_by_hand(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import EndpointConnectionError

    class Offline:
        def __init__(self, **options: Any) -> None:
            assert options["anon"] is True

        def ls(self, path: str, **_: Any) -> list[dict[str, Any]]:
            raise EndpointConnectionError(endpoint_url=f"https://{path}")

    monkeypatch.setattr("s3fs.S3FileSystem", Offline)
    with pytest.raises(DatasetError, match="cannot be reached") as caught:
        fetch_spacenet6(3, TWO)
    assert str(space / "datasets" / "spacenet6") in caught.value.remedy
    assert not (space / "datasets" / "spacenet6").exists()
