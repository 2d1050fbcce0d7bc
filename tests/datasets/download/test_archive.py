"""Archives: what becomes a dataset, and what is refused without leaving anything behind."""

from __future__ import annotations

import errno
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.datasets.catalogue import open_dataset
from core.datasets.download.archive import Unpacked, unpack
from core.errors import DatasetError, WorkspaceError
from core.untrusted.archive import Limits


def png(value: int = 90, side: int = 6) -> bytes:
    return cv2.imencode(".png", np.full((side, side), value, np.uint8))[1].tobytes()


def pairs(prefix: str = "", count: int = 2) -> dict[str, bytes]:
    files = {f"{prefix}images/{i}.png": png() for i in range(count)}
    return files | {f"{prefix}masks/{i}.png": png(i % 2) for i in range(count)}


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            archive.writestr(entry, data)
    return out


def nothing_left(space: Path) -> bool:
    return not any((space / "datasets").iterdir())


def refused(space: Path, source: io.BytesIO, match: str, limits: Limits | None = None) -> None:
    with pytest.raises(DatasetError, match=match) as caught:
        unpack(source, "set", limits=limits)
    assert caught.value.remedy
    assert nothing_left(space)


@pytest.mark.parametrize("outer", ["", "city/", "download/my city/"])
def test_a_set_with_or_without_outer_folders(space: Path, outer: str) -> None:
    seen: list[tuple[int, int]] = []
    done = unpack(packed(pairs(outer)), "set", lambda *at: seen.append(at))
    assert done == Unpacked(space / "datasets/set", 4, done.size, {})
    assert [s.id for s in open_dataset(done.folder).samples] == ["0", "1"]
    assert sorted(p.name for p in done.folder.iterdir()) == ["images", "masks"]
    assert seen[0] == (0, 4)
    assert seen[-1] == (4, 4)
    assert not done.words


def test_a_folder_within_one_of_its_own_name(space: Path) -> None:
    done = unpack(packed(pairs("set/set/")), "set")
    assert sorted(p.name for p in done.folder.iterdir()) == ["images", "masks"]


def test_the_download_of_the_dubai_set(space: Path) -> None:
    name = "Semantic segmentation dataset/Tile 1/"
    done = unpack(
        packed({**pairs(name), "Semantic segmentation dataset/classes.json": b'{"classes": []}'}),
        "d",
    )
    assert (done.folder / "Semantic segmentation dataset/Tile 1/images/0.png").is_file() or (
        done.folder / "Tile 1/images/0.png"
    ).is_file()


def test_a_file_on_the_disk(space: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed(pairs()).getvalue())
    assert unpack(tmp_path / "a.zip", "set").files == 4


def test_what_is_left_out_is_counted_and_named(space: Path) -> None:
    extra = {
        "images/a.exe": b"MZ", "images/b.exe": b"MZ", "LICENSE": b"free", "readme.txt": b"hi",
        "__MACOSX/images/._0.png": b"x", "images/._1.png": b"x", ".DS_Store": b"x",
        "images/Thumbs.db": b"x",
    }  # fmt: skip
    done = unpack(packed({**pairs(), **extra}), "set")
    assert done.files == 5
    assert done.left == {".exe": 2, "without an ending": 1}
    assert "images/a.exe" in done.words
    assert not [p for p in done.folder.rglob("*") if p.suffix == ".exe" or p.name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../evil.png", r"leads out of the folder"),
        ("images/../../evil.png", r"leads out of the folder"),
        ("/etc/evil.png", "absolute path"),
        ("C:/evil.png", "absolute path"),
        ("c:evil.png", "absolute path"),
        ("..\\evil.png", r"leads out of the folder"),
        ("images\\..\\..\\evil.png", r"leads out of the folder"),
        ("\\\\server\\evil.png", "absolute path"),
        ("C:\\evil.png", "absolute path"),
        ("images/\x1bevil.png", "control characters"),
        ("images/evil.png\0.txt", "control characters"),
        ("images/\u202eevil.png", "control characters"),
        (f"images/{'x' * 201}.png", "too long"),
        ("/".join("abcdefghijklm") + ".png", "too deep"),
        ("images//evil.png", "empty part"),
        ("images/IMAGES.zip", "archive in the archive"),
        ("inner.tar.gz", "archive in the archive"),
    ],
)
def test_names_that_are_refused(space: Path, tmp_path: Path, name: str, match: str) -> None:
    out = packed(pairs())
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo("images/plain.png")
        # What ZipInfo would set right is written as it is, as another program may.
        entry.filename = name
        archive.writestr(entry, png())
    refused(space, out, match)
    assert not [p for p in tmp_path.rglob("*evil*")]


def test_backslashes_between_folders(space: Path) -> None:
    """As .NET before 4.6.1 and some programs of Windows write them, folders too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {"set/images/": b"", **pairs("set/")}.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name.replace("/", "\\")
            archive.writestr(entry, data)
    done = unpack(out, "set")
    assert sorted(p.name for p in done.folder.iterdir()) == ["images", "masks"]
    assert [s.mask is not None for s in open_dataset(done.folder).samples] == [True, True]


def test_one_name_twice_by_a_backslash(space: Path) -> None:
    out = packed(pairs())
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = "images\\0.png"
        archive.writestr(entry, png())
    refused(space, out, "twice")


NAME = "M\u00fcnchen_\u5317"


def _unicode_path(name: str, raw: bytes) -> bytes:
    data = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(data)) + data


@pytest.mark.parametrize(
    ("raw", "extra", "expected"),
    [
        (NAME.encode(), False, NAME),  # UTF-8 without its flag, as macOS writes it
        ("Z\u00fcrich".encode("cp437"), False, "Z\u00fcrich"),
        (b"M?nchen_?", True, NAME),
        (b"M\x81nchen", True, NAME),
    ],
)
def test_names_without_the_flag_for_utf8(
    space: Path, raw: bytes, extra: bool, expected: str
) -> None:
    """The name of one length, so that its bytes can be put in afterwards."""
    stand_in = b"q" * len(raw)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for folder in ("images", "masks"):
            entry = zipfile.ZipInfo(f"{folder}/{stand_in.decode()}.png")
            if extra:
                entry.extra = _unicode_path(
                    f"{folder}/{NAME}.png", f"{folder}/".encode() + raw + b".png"
                )
            archive.writestr(entry, png(1))
    done = unpack(io.BytesIO(out.getvalue().replace(stand_in, raw)), "set")
    assert [s.id for s in open_dataset(done.folder).samples] == [expected]
    assert open_dataset(done.folder).samples[0].mask is not None


@pytest.mark.parametrize(
    ("kind", "match"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "a device"), (stat.S_IFIFO, "a device")],
)
def test_links_and_devices(space: Path, kind: int, match: str) -> None:
    out = packed(pairs())
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo("images/link.png")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(space, out, match)


def test_an_archive_in_disguise(space: Path) -> None:
    refused(
        space, packed({**pairs(), "images/x.png": packed(pairs()).getvalue()}), "in the archive"
    )


@pytest.mark.parametrize("second", ["images/0.png", "IMAGES/0.PNG", "images/0.png/deeper.png"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice(space: Path, second: str) -> None:
    out = packed(pairs())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(second, png())
    refused(space, out, "twice")


def test_a_bomb(space: Path) -> None:
    """80 MiB of zeros pack to 80 KiB: a thousand times."""
    bomb = packed({**pairs(), "images/zeros.tif": bytes(80 * 1024**2)})
    assert len(bomb.getvalue()) < 100 * 1024
    refused(space, bomb, "100 times")


def test_a_bomb_whose_header_lies(space: Path) -> None:
    """The size in both headers says 1,000 bytes: zipfile would stop there, and so the CRC fails;
    nothing believes the number, and nothing more than it is written."""
    data = bytes(2 * 1024**2)
    raw = packed({**pairs(), "images/zeros.tif": data}).getvalue()
    lying = raw.replace(struct.pack("<I", len(data)), struct.pack("<I", 1000))
    assert lying != raw
    refused(space, io.BytesIO(lying), "damaged")


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        (Limits(files=3), "holds 4 files, and 3 is the limit"),
        (Limits(single=20), "unpacks to more than"),
        (Limits(total=200), "unpacks to more than"),
        (Limits(free=0, ratio=0.1), r"0 times its own size"),
    ],
)
def test_limits(space: Path, limits: Limits, match: str) -> None:
    refused(space, packed(pairs()), match, limits)


def test_a_list_of_contents_that_claims_much(space: Path) -> None:
    raw = bytearray(packed(pairs()).getvalue())
    at = raw.rfind(b"PK\5\6")
    raw[at + 12 : at + 16] = struct.pack("<I", 1 << 30)
    refused(space, io.BytesIO(bytes(raw)), "list of contents of 1.0 GiB")


def test_encrypted(space: Path) -> None:
    raw = bytearray(packed(pairs()).getvalue())
    at = raw.find(b"PK\1\2")
    raw[at + 8] |= 1
    refused(space, io.BytesIO(bytes(raw)), "encrypted")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_inside(space: Path, compression: int) -> None:
    data = np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    raw = bytearray(packed({"images/0.png": data}, compression).getvalue())
    raw[5_000:5_040] = bytes(40)
    refused(space, io.BytesIO(bytes(raw)), "damaged")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated(space: Path, share: float) -> None:
    raw = packed(pairs(count=20)).getvalue()
    refused(space, io.BytesIO(raw[: int(len(raw) * share)]), "cut off")


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_no_archive_at_all(space: Path, data: bytes) -> None:
    refused(space, io.BytesIO(data), "no ZIP")


def test_what_is_no_dataset_says_what_was_suggested(space: Path) -> None:
    files = {"holiday/a.jpg": b"x", "holiday/b.jpg": b"x", "notes.txt": b"x"}
    refused(space, packed(files), r"2 \.jpg.*expected `Tile N/images`")
    refused(space, packed({"a.exe": b"x"}), "no image, vector")
    refused(space, packed({"images/notes.txt": b"x"}), "holds no PNG")


def test_ten_thousand_files(space: Path) -> None:
    done = unpack(packed(pairs("set/", count=5_000)), "many")
    assert done.files == 10_000
    assert len(open_dataset(done.folder).samples) == 5_000


def test_stopping_leaves_nothing(space: Path) -> None:
    class Stopped(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        unpack(packed(pairs()), "set", stop)
    assert nothing_left(space)


def test_a_name_that_is_taken_or_none(space: Path) -> None:
    unpack(packed(pairs()), "set")
    with pytest.raises(WorkspaceError, match="something in this place"):
        unpack(packed(pairs()), "set")
    with pytest.raises(WorkspaceError, match="cannot be used as a name"):
        unpack(packed(pairs()), "../set")
    assert [p.name for p in (space / "datasets").iterdir()] == ["set"]


def test_a_full_disk(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[..., io.BufferedWriter] = Path.open

    def full(self: Path, mode: str = "r", *args: object) -> io.BufferedWriter:
        if mode == "xb" and self.parent.name == "masks":
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(self, mode, *args)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        unpack(packed(pairs()), "set")
    assert nothing_left(space)


def test_bytes_turned_over_anywhere(space: Path) -> None:
    """Some damage is in what nobody reads; all else is refused in words, and leaves nothing."""
    rng = np.random.default_rng(3)
    methods = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED)
    whole = [packed(pairs("x/", 1), method).getvalue() for method in methods]
    refusals = 0
    for number in range(160):
        raw = bytearray(whole[number % 4])
        for place in rng.integers(0, len(raw), 1 + number % 5):
            raw[place] = rng.integers(0, 256)
        # The last 22 bytes lead to all others.
        raw[len(raw) - 22 + rng.integers(0, 22)] ^= 1 << rng.integers(0, 8)
        try:
            unpack(io.BytesIO(bytes(raw)), f"set {number}")
        except DatasetError:
            refusals += 1
            assert not (space / f"datasets/set {number}").exists()
    assert refusals > 100
    assert not [p for p in (space / "datasets").iterdir() if p.name.startswith(".")]


def _changed(
    raw: bytes, signature: bytes, at: int, form: str, change: Callable[[int], int]
) -> bytes:
    """A number changed in the last structure of that signature."""
    data = bytearray(raw)
    place = raw.rfind(signature) + at
    (number,) = struct.unpack_from(form, raw, place)
    struct.pack_into(form, data, place, change(number) % 2 ** (8 * struct.calcsize(form)))
    return bytes(data)


END, LISTED, LOCAL = b"PK\5\6", b"PK\1\2", b"PK\3\4"  # APPNOTE.TXT 4.3.16, 4.3.12, 4.3.7


@pytest.mark.parametrize(
    ("signature", "at", "form"),
    [
        (END, 10, "<H"),  # number of entries
        (END, 12, "<I"),  # size of the list of contents
        (END, 16, "<I"),  # where it begins
        (LISTED, 20, "<I"),  # packed size
        (LISTED, 24, "<I"),  # size
        (LISTED, 42, "<I"),  # where the file begins
        (LOCAL, 26, "<H"),  # length of its name
        (LOCAL, 28, "<H"),  # length of its extra field
    ],
)
@pytest.mark.parametrize("by", [-1, 1, 7, 100, 60_000, 2**31])
def test_wrong_offsets_sizes_and_counts(
    space: Path, signature: bytes, at: int, form: str, by: int
) -> None:
    raw = packed(pairs(), zipfile.ZIP_DEFLATED).getvalue()
    wrong = _changed(raw, signature, at, form, lambda number: number + by)
    if wrong == raw:
        pytest.skip("the number has fewer bytes")
    if (signature, at, by) == (LISTED, 20, -1):
        # The last byte of packed data may hold nothing: then all files are whole.
        done = unpack(io.BytesIO(wrong), "set")
        files = [p.relative_to(done.folder) for p in done.folder.rglob("*.png")]
        assert {p.as_posix(): (done.folder / p).read_bytes() for p in files} == pairs()
        return
    with pytest.raises(DatasetError) as caught:
        unpack(io.BytesIO(wrong), "set")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert nothing_left(space)


def _entry(
    name: bytes, content: bytes, data: bytes, method: int, offset: int
) -> tuple[bytes, bytes]:
    """Local header with data, and line in the list of contents, of one file."""
    numbers = struct.pack(
        "<HHHHHIIIHH", 20, 0, method, 0, 33, zlib.crc32(content), len(data), len(content),
        len(name), 0,
    )  # fmt: skip
    line = LISTED + struct.pack("<H", 20) + numbers + struct.pack("<HHHII", 0, 0, 0, 0, offset)
    return LOCAL + numbers + name + data, line + name


def test_entries_that_overlap(space: Path) -> None:
    """As in bombs that pack one file into another: each is whole by itself."""
    name = b"images/0.png"
    start = 30 + len(b"images/a.png") + 5 + 4
    inner, inner_line = _entry(name, png(), png(), zipfile.ZIP_STORED, start)
    content = b"\x89PNG" + inner
    # A block that is stored as it is (RFC 1951, 3.2.4).
    block = b"\1" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content
    outer, outer_line = _entry(b"images/a.png", content, block, zipfile.ZIP_DEFLATED, 0)
    assert outer.index(inner) == start
    end = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(outer_line + inner_line), len(outer), 0)
    raw = outer + outer_line + inner_line + END + end
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.namelist() == ["images/a.png", "images/0.png"]
    refused(space, io.BytesIO(raw), "damaged")


def test_two_entries_of_one_place(space: Path) -> None:
    raw = packed(pairs()).getvalue()
    first = struct.unpack_from("<I", raw, raw.find(LISTED) + 42)
    refused(space, io.BytesIO(_changed(raw, LISTED, 42, "<I", lambda _: first[0])), "damaged")


def test_what_lies_before_an_archive_is_no_damage(space: Path) -> None:
    """A program that unpacks itself: the offsets are counted from the archive's own beginning."""
    assert unpack(io.BytesIO(b"MZ" + bytes(500) + packed(pairs()).getvalue()), "set").files == 4
