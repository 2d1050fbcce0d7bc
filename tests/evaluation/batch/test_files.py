"""Uploads of a batch: matched to their masks, within bounds, and nothing lost for a bad one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from core.errors import DatasetError
from core.evaluation.batch import files
from core.evaluation.batch.files import NamedBytes, safe_name, take_uploads, unused

PNG = b"\x89PNG\r\n\x1a\n"  # nothing is read here


def archive(names: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name, content in names.items():
            out.writestr(name, content)
    return data.getvalue()


def named(*names: str) -> list[NamedBytes]:
    return [NamedBytes(name, PNG) for name in names]


def test_no_image_is_lost_for_its_name(tmp_path: Path) -> None:
    taken = take_uploads(tmp_path, named(".png", "..png", "a.png", "\U00020000" * 300 + ".png"))
    assert len(taken.images) == 4
    assert not taken.left_out


def test_masks_beside_images_are_matched_by_name(tmp_path: Path) -> None:
    taken = take_uploads(tmp_path, named("a.png", "b.jpg", "a_mask.png"))
    assert taken.images == {
        "a.png": ("files/a.png", "files/a_mask.png"),
        "b.jpg": ("files/b.jpg", ""),
    }
    assert taken.left_out == []


def test_masks_of_a_box_of_their_own(tmp_path: Path) -> None:
    taken = take_uploads(tmp_path, named("a.png", "b.png"), named("b.png", "of nothing.png"))
    assert taken.images["b.png"] == ("files/images/b.png", "files/masks/b.png")
    assert taken.images["a.png"][1] == ""
    assert taken.left_out == ["of nothing.png is a mask, and no image is called as it is."]


def test_a_zip_with_folders_and_what_is_no_image(tmp_path: Path) -> None:
    names = ["images/a.png", "masks/a.png", "images/b.png", "notes.txt", "elsewhere/c.tif"]
    data = archive(dict.fromkeys(names, PNG))
    taken = take_uploads(tmp_path, [NamedBytes("set.zip", data)])
    assert taken.images == {
        "elsewhere/c.tif": ("zip-1/elsewhere/c.tif", ""),
        "images/a.png": ("zip-1/images/a.png", "zip-1/masks/a.png"),
        "images/b.png": ("zip-1/images/b.png", ""),
    }
    assert taken.left_out == ["set.zip: notes.txt is no image, and is left out."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive({"../out.png": PNG}), "leads out of the folder"),
        (archive({"inner.zip": archive({"a.png": PNG})}), "archive in the archive"),
        (archive({"a.png": PNG})[:40], "cut off"),
    ],
    ids=["climbs out", "nested", "cut off"],  # of the bytes, which hold the time, none is the same
)
def test_a_hostile_zip_takes_no_other_file_along(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    home = tmp_path / "uploads"
    uploads = [NamedBytes("bad.zip", content), *named("good.png")]
    taken = take_uploads(home, uploads)
    assert list(taken.images) == ["good.png"]
    assert reason in taken.left_out[0] and taken.left_out[0].startswith("bad.zip: ")
    assert [p.name for p in tmp_path.rglob("*.png")] == ["good.png"]


def test_a_bomb_is_refused_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LIMITS", files.Limits(total=1000, single=1000, free=1000))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.png", bytes(100_000))
    with pytest.raises(DatasetError, match="no image among the files") as raised:
        take_uploads(tmp_path, [NamedBytes("bomb.zip", data.getvalue())])
    assert "unpacks to more than" in str(raised.value)
    assert not list(tmp_path.rglob("*.png"))


def test_too_many_files_or_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_UPLOADED", 20)
    with pytest.raises(DatasetError, match="is the limit"):
        take_uploads(tmp_path, named("a.png", "b.png", "c.png"))
    monkeypatch.undo()
    monkeypatch.setattr(files, "MOST_IMAGES", 2)
    with pytest.raises(DatasetError, match="3 images, and 2 is the limit"):
        take_uploads(tmp_path / "more", named("a.png", "b.png", "c.png"))


def test_several_zips_and_equal_names_stay_apart(tmp_path: Path) -> None:
    one = archive({"a.png": PNG})
    taken = take_uploads(
        tmp_path, [NamedBytes("x.zip", one), NamedBytes("y.zip", one), *named("a.png", "A.PNG")]
    )
    assert list(taken.images) == ["x/a.png", "y/a.png", "A.png", "a-2.png"]
    assert len({file for file, _ in taken.images.values()}) == 4


def test_names_of_browsers_become_names_of_ours() -> None:
    assert safe_name("../../etc/pass wd.PNG") == "pass wd.png"
    assert safe_name("C:\\maps\\übung.tif") == "übung.tif"
    assert safe_name("=cmd|' /C.png") == "C.png"
    assert [safe_name(name) for name in ("..png", ".png", " .png")] == ["file.png"] * 3
    assert safe_name("a.") == "a"
    assert len(safe_name("\U00020000" * 300 + ".png").encode()) == 164  # file systems count bytes
    assert len(safe_name("x" * 300 + ".png")) == 84
    used: set[str] = set()
    assert [unused(name, used) for name in ("a", "A", "a.png", "a")] == ["a", "A-2", "a.png", "a-3"]
