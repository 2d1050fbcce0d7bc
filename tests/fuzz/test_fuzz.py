"""A short run of the fuzzer (`make fuzz` is the long one), and whether it would notice a fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.datasets.download.archive import unpack
from core.errors import DatasetError, ImageError
from core.imagery.raster import read_raster
from tests.fuzz import seeds
from tests.fuzz.campaign import Campaign, failed_cases
from tests.fuzz.judge import failures, snapshot
from tests.fuzz.process import Answer, Worker
from tests.fuzz.readers import READERS

CASES = 130
REFUSED = {
    # Images of other bands than the model's; networks without a card; colours without names.
    *("big.tif", "deep.png", "float.tif", "sar.tif", "tiles.tif", "image.tif.aux.xml#scaled"),
    *("a.h5", "a.keras", "a.onnx", "colors.png"),
}
"""Good files that a reader has reason to refuse."""


def test_short_run(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path / "kept")
    campaign.run(CASES)
    assert set(campaign.tallies) == {reader.name for reader in READERS}
    outcomes: Counter[str] = Counter()
    for tally in campaign.tallies.values():
        outcomes += tally.outcomes
    assert not outcomes["failed"], failed_cases(campaign)
    assert outcomes["accepted"] > CASES / 10
    assert outcomes["refused"] > CASES / 10


def test_good_files_pass(tmp_path: Path) -> None:
    """Else every broken one would be refused for another reason than its being broken."""
    refused = set()
    with Worker(tmp_path / "log") as worker:
        for reader in READERS:
            for name, content in reader.seeds().items():
                folder = tmp_path / reader.name / name
                (folder / "temp").mkdir(parents=True)
                words = reader.lay_out(folder, name, content, seeds.model())
                before = snapshot(folder)
                answer = worker.run(words, folder / "workspace", folder / "temp")
                assert not failures(words, answer, folder, before)
                refused |= {name} if answer.code else set()
    assert refused <= REFUSED


def _answer(**what: Any) -> Answer:
    return Answer(**({"code": 0, "seconds": 1.0} | what))


AUDIT = ("audit", "set", "--json")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (AUDIT, _answer(code=None, ended="time")),
        (AUDIT, _answer(code=-1, traceback="Traceback…\nKeyError: 1")),
        (AUDIT, _answer(code=1, stderr="something\n")),
        (AUDIT, _answer(code=1, stderr="error: a\nerror: b\n")),
        (AUDIT, _answer(code=1, stderr=f"error: {'x' * 9999}\n")),
        (AUDIT, _answer(code=2)),
        (AUDIT, _answer(stdout='{"samples": NaN}')),
        (AUDIT, _answer(stdout="")),
        (AUDIT, _answer(stdout="{}", peak=4 * 2**30)),
        (
            AUDIT,
            _answer(
                stdout='{"samples": 2, "void_pixels": 0, "problems": [], '
                '"pixels_per_class": {"a": 1024}}'
            ),
        ),
        (("predict", "image.png"), _answer()),
        (
            ("@read", "image.png"),
            _answer(
                value={
                    "ours": {"shape": [2, 2, 1], "means": [9.0], "digest": 1},
                    "theirs": {"shape": [2, 2, 1], "means": [9.0], "digest": 2, "lossy": False},
                }
            ),
        ),
    ],
)
def test_faults_are_noticed(tmp_path: Path, words: tuple[str, ...], answer: Answer) -> None:
    assert failures(words, answer, tmp_path, {})


def test_leftovers_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"1")
    before = snapshot(tmp_path)
    fine = _answer(stdout="{}")
    assert not failures(AUDIT, fine, tmp_path, before)
    (tmp_path / "image.png").write_bytes(b"2")
    for name in ("temp/a", "workspace/.datasets/.new/a", "set/a.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    assert len(failures(AUDIT, fine, tmp_path, before)) == 4


def test_workers_that_end_are_replaced(tmp_path: Path) -> None:
    with Worker(tmp_path / "log") as worker:
        assert worker.run(["@kill", "x"], tmp_path, tmp_path).ended == "died"
        assert worker.run(["models", "--json"], tmp_path, tmp_path).code == 0


# What it said.


def test_tags_that_gdal_cannot_use_are_damage(tmp_path: Path) -> None:
    """GDAL complains when colours are asked for, by an error of no public module of rasterio."""
    content = bytearray(seeds.masks()["float.tif"])
    start = int.from_bytes(content[4:8], "little")
    fields = {
        int.from_bytes(content[at : at + 2], "little"): at
        for at in range(start + 2, start + 2 + 12 * content[start], 12)
    }
    # The text of the reference system becomes an unknown tag of an unknown type.
    content[fields[34_737] : fields[34_737] + 4] = bytes((0, 0x87, 255, 0))
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(ImageError, match="damaged"):
        read_raster(path)


def test_zip_whose_offsets_lead_before_its_start(tmp_path: Path, space: Path) -> None:
    content = bytearray(seeds.zips()["stored.zip"])
    end = content.rindex(b"PK\5\6")
    # Of the list of contents: what lies before the archive is reckoned from it, here less than
    # nothing.
    content[end + 16 : end + 20] = (100_000).to_bytes(4, "little")
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="damaged"):
        unpack(path, "a")
    assert not list((space / "datasets").glob("*"))


def test_messages_do_not_quote_whole_files() -> None:
    error = DatasetError("a" * 10_000, where="b" * 10_000, remedy="c" * 10_000)
    assert len(str(error)) < 2500
    assert str(DatasetError("a", where="b", remedy="c")) == "a, b, c"
