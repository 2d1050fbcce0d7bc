"""PyTorch's old files: read without PyTorch, and nothing in them is run."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.models.weights.torch_pickle import read_torch_pickle
from tests.torch_file import (
    MACHINE,
    Storage,
    Tensor,
    file_of,
    numbers,
    pickled,
    torch_names,
    write_torch_pickle,
)

SIX = numbers(np.arange(6, dtype=np.float32))


def test_tensors_are_what_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tensors = {
        "float": rng.normal(size=(4, 3, 2, 5)).astype(np.float32),
        "columns": rng.normal(size=(7, 3)).astype(np.float32),
        "double": rng.normal(size=(2, 1)),
        "half": rng.normal(size=3).astype(np.float16),
        "count": np.array(1001),
        "none": np.zeros((0, 4), np.float32),
    }
    write_torch_pickle(tmp_path / "tensors.pth", tensors)
    read = read_torch_pickle(tmp_path / "tensors.pth")
    assert list(read) == list(tensors)
    for name, values in tensors.items():
        assert read[name].dtype == values.dtype
        np.testing.assert_array_equal(read[name], values)


def test_views_of_one_storage(tmp_path: Path) -> None:
    with torch_names() as torch:
        storage = Storage(torch.FloatStorage, "7", 6)
        views = {
            "whole": Tensor(storage, 0, (2, 3), (3, 1), False, OrderedDict()),
            "turned": Tensor(storage, 0, (3, 2), (1, 3), False, OrderedDict()),
            "last": Tensor(storage, 4, (2,), (1,), False, OrderedDict()),
            "repeated": Tensor(storage, 5, (2, 2), (0, 0), True, OrderedDict()),
        }
        (tmp_path / "views.pth").write_bytes(file_of(OrderedDict(views), {"7": SIX}))
    read = read_torch_pickle(tmp_path / "views.pth")
    np.testing.assert_array_equal(read["whole"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(read["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(read["last"], [4, 5])
    np.testing.assert_array_equal(read["repeated"], [[5, 5], [5, 5]])


def one_tensor(torch: Any, *, kind: str = "FloatStorage", count: Any = 6, **other: Any) -> Any:
    """A state dict of one tensor of the storage "7"; what is said of it can be changed."""
    said = {"offset": 0, "shape": (2, 3), "strides": (3, 1)} | other
    storage = Storage(getattr(torch, kind), "7", count)
    return OrderedDict(weight=Tensor(storage, *said.values(), False, OrderedDict()))


LIES: list[tuple[dict[str, Any], str]] = [
    ({"offset": 1}, "beyond its storage"),
    ({"offset": -1}, "no natural number"),
    ({"offset": True}, "no natural number"),
    ({"offset": 2**80}, "no natural number"),
    ({"shape": (0, 3), "offset": 7}, "beyond its storage"),
    ({"shape": (2, 4)}, "beyond its storage"),
    ({"shape": (-2, 3)}, "no natural number"),
    ({"shape": ("2", 3)}, "no natural number"),
    ({"shape": [2, 3]}, "not told as PyTorch"),
    ({"strides": (4, 1)}, "beyond its storage"),
    ({"strides": (-3, 1)}, "no natural number"),
    ({"strides": (1,)}, "2 dimensions and 1 strides"),
    ({"shape": (1,) * 9, "strides": (0,) * 9}, "9 dimensions"),
    ({"shape": (2**40, 2**40), "strides": (0, 0)}, "numbers"),
    ({"shape": (0, 2**40, 2**40), "strides": (0, 0, 0)}, "numbers"),
    ({"shape": (2**28,), "strides": (0,)}, "tensors take over"),
    ({"count": 7}, "a storage has 6 numbers, not 7"),
    ({"count": 2**60}, "a storage is not told"),
    ({"count": -1}, "a storage is not told"),
    ({"kind": "BFloat16Storage"}, "asks for 'torch BFloat16Storage'"),
]


@pytest.mark.parametrize(("lie", "message"), LIES)
def test_tensors_that_cannot_be_are_refused(
    tmp_path: Path, lie: dict[str, Any], message: str
) -> None:
    with torch_names() as torch:
        (tmp_path / "lie.pth").write_bytes(file_of(one_tensor(torch, **lie), {"7": SIX}))
    with pytest.raises(ModelError, match=message):
        read_torch_pickle(tmp_path / "lie.pth")


class Call:
    """Is pickled as a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def hostile(torch: Any, witness: Path) -> dict[str, Any]:
    """State dicts that would make a file, or do other harm, where they are unpickled."""
    write = Call(exec, f"open({str(witness)!r}, 'w')")
    good = one_tensor(torch)
    storage = Storage(torch.FloatStorage, "7", 6)
    return {
        "a call in the place of a tensor": OrderedDict(good, other=write),
        "a call in the place of a storage": OrderedDict(
            weight=Tensor(write, 0, (1,), (1,), False, OrderedDict())
        ),
        "a call among a tensor's hooks": OrderedDict(
            weight=Tensor(storage, 0, (2, 3), (3, 1), False, write)
        ),
        "a call in the place of a size": OrderedDict(
            weight=Tensor(storage, 0, (write, 3), (3, 1), False, OrderedDict())
        ),
        "a call in the place of all": write,
        "a class of the library": OrderedDict(good, other=Call(Path, "/")),
        "an ordered dictionary of something": Call(OrderedDict, [("weight", 1)]),
        "a storage that is called": Call(torch.FloatStorage, 10**9),
    }


@pytest.mark.parametrize("which", range(8))
def test_hostile_pickles_of_the_same_form_are_refused_and_not_run(
    tmp_path: Path, which: int
) -> None:
    path, witness = tmp_path / "hostile.pth", tmp_path / "witness"
    with torch_names() as torch:
        name, content = list(hostile(torch, witness).items())[which]
        data = file_of(content, {"7": SIX})
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"asks for|calls something|no dictionary|not told"):
            read_torch_pickle(path)
    assert not witness.exists(), name


def test_a_pickle_that_does_harm_does_so_where_it_is_unpickled(tmp_path: Path) -> None:
    """So that the test above could fail."""
    witness = tmp_path / "witness"
    with torch_names() as torch:
        pickle.loads(pickled(hostile(torch, witness)["a call in the place of all"]))
    assert witness.exists()


@pytest.mark.parametrize("place", ["magic", "version", "machine", "keys"])
def test_a_call_in_any_pickle_of_the_file_is_refused(tmp_path: Path, place: str) -> None:
    witness = tmp_path / "witness"
    call = Call(exec, f"open({str(witness)!r}, 'w')")
    with torch_names() as torch:
        data = file_of(one_tensor(torch), {"7": SIX}, **{place: call})  # type: ignore[arg-type]
    (tmp_path / "hostile.pth").write_bytes(data)
    with pytest.raises(ModelError, match="asks for"):
        read_torch_pickle(tmp_path / "hostile.pth")
    assert not witness.exists()


def deep() -> list[Any]:
    """A list within itself."""
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"magic": 3}, "does not begin as one does"),
        ({"version": 1002}, "version"),
        ({"version": deep()}, "version"),
        ({"machine": {**MACHINE, "little_endian": False}}, "little-endian"),
        ({"machine": []}, "little-endian"),
        ({"keys": ["7", "8"]}, "not that of its tensors"),
        ({"keys": []}, "not that of its tensors"),
        ({"keys": {"7": "7"}}, "its list of storages is none"),
        ({"keys": [7]}, "its list of storages is none"),
    ],
)
def test_files_of_another_form_are_refused(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with torch_names() as torch:
        data = file_of(one_tensor(torch), {"7": SIX}, **settings)
    (tmp_path / "other.pth").write_bytes(data)
    with pytest.raises(ModelError, match=message):
        read_torch_pickle(tmp_path / "other.pth")


BEGIN = pickled(0x1950A86A20F9469CFC6C) + pickled(1001) + pickled(MACHINE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 a newer file",
        b"\x80\x02",
        b"\x80\x04K\x01.",
        BEGIN,
        BEGIN + b"\x80\x02.",
        BEGIN + b"\x80\x02K\x01K\x02.",
        BEGIN + b"\x80\x02}s.",
        BEGIN + b"\x80\x02}K\x01s.",
        BEGIN + b"\x80\x02}(K\x01u.",
        BEGIN + b"\x80\x02}K\x01K\x02s.",
        BEGIN + b"\x80\x02(R.",
        BEGIN + b"\x80\x02h\x07.",
        BEGIN + b"\x80\x02r\xff\xff\xff\xff.",
        BEGIN + b"\x80\x02X\xff\xff\xff\xffshort.",
        BEGIN + b"\x80\x02\x8b\xff\xff\xff\x7fshort.",
        BEGIN + b"\x80\x02cos\nsystem\n(S'true'\ntR.",
        BEGIN + b"\x80\x02\x82\x01.",
        BEGIN + b"\x80\x02}}b.",
        BEGIN + b"\x80\x02" + b"N0" * 10 + b".",
        BEGIN + b"\x80\x02" + b"]" * 1_000_001 + b".",
        BEGIN + pickled({}),
        BEGIN + pickled({"weight": 1}),
        BEGIN + b"\x80\x02" + b"]" + b"q\x00h\x00a" * 100 + b".",
    ],
)
def test_damaged_pickles_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "damaged.pth").write_bytes(data)
    with pytest.raises(ModelError, match="no PyTorch file that can be read"):
        read_torch_pickle(tmp_path / "damaged.pth")


def test_a_file_that_ends_early_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    with torch_names() as torch:
        data = file_of(one_tensor(torch), {"7": SIX})
    path = tmp_path / "short.pth"
    path.write_bytes(data)
    assert list(read_torch_pickle(path)) == ["weight"]
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(ModelError):
            read_torch_pickle(path)


def test_one_storage_is_of_one_kind(tmp_path: Path) -> None:
    with torch_names() as torch:
        content = one_tensor(torch) | {"other": one_tensor(torch, kind="LongStorage")["weight"]}
        (tmp_path / "two.pth").write_bytes(file_of(OrderedDict(content), {"7": SIX}))
    with pytest.raises(ModelError, match="told in two ways"):
        read_torch_pickle(tmp_path / "two.pth")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.pth"
    with path.open("wb") as file:
        file.truncate(513 * 1024**2)  # a hole
    with pytest.raises(ModelError, match="bytes, over"):
        read_torch_pickle(path)
    with pytest.raises(ModelError, match="cannot be read"):
        read_torch_pickle(tmp_path)


def test_random_changes_give_an_error_or_tensors(tmp_path: Path) -> None:
    with torch_names() as torch:
        data = bytearray(file_of(one_tensor(torch), {"7": SIX}))
    rng = np.random.default_rng(0)
    path = tmp_path / "changed.pth"
    refused = 0
    for _ in range(2000):
        changed = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            changed[at] = rng.integers(0, 256)
        path.write_bytes(changed)
        try:
            read_torch_pickle(path)
        except ModelError:
            refused += 1
    assert refused > 1000
