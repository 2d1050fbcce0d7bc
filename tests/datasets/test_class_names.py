"""Classes that are called otherwise later: names on the screen, masks as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.datasets.catalogue import open_dataset
from core.datasets.class_names import (
    class_names_file,
    naming_stamp,
    original_names,
    write_class_names,
)
from core.datasets.masks.class_file import read_class_file
from core.errors import DatasetError
from tests.conftest import REPOSITORY
from tests.datasets.layouts.test_readers import put
from tests.datasets.layouts.test_vector import box, image, labels


def numbered(root: Path) -> Path:
    put(root / "images/a.png")
    put(root / "masks/a.png", np.array([[0, 1], [2, 255]], np.uint8))
    return root


def test_index_masks_get_names_and_colours(space: Path) -> None:
    root = numbered(space / "datasets/n")
    dataset = open_dataset(root)
    before = naming_stamp(root)
    rows = [("Land", "#010203"), (dataset.classes.names[1], "#040506"), ("Sea", "#070809")]
    write_class_names(dataset, rows)
    after = open_dataset(root)
    assert [(c.name, c.color) for c in after.classes.classes] == rows
    assert original_names(after) == dataset.classes.names
    np.testing.assert_array_equal(after.load_labels(after.samples[0]), [[0, 1], [2, 255]])
    assert naming_stamp(root) != before
    # Nothing of it lies in the data; called as before, nothing is kept.
    assert sorted(p.name for p in root.iterdir()) == ["images", "masks"]
    own = [(c.name, c.color) for c in dataset.classes.classes]
    write_class_names(
        after, [(name, color) for (name, _), (_, color) in zip(own, rows, strict=True)]
    )
    assert open_dataset(root).classes.names == dataset.classes.names
    assert open_dataset(root).classes.classes[0].color == "#010203"


def test_colours_of_coloured_masks_stay(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    rows = [(f"{c.name} 2", "#010203") for c in dataset.classes.classes]
    write_class_names(dataset, rows)
    after = open_dataset(demo_dataset)
    assert after.classes.names == tuple(f"{name} 2" for name in dataset.classes.names)
    assert after.classes.colors == dataset.classes.colors
    sample = after.samples[0]
    np.testing.assert_array_equal(after.load_labels(sample), dataset.load_labels(sample))
    write_class_names(after, [(c.name, c.color) for c in dataset.classes.classes])
    assert not class_names_file(demo_dataset).exists()


def test_polygons_go_on_saying_the_names_of_before(space: Path) -> None:
    root = space / "datasets/parcels"
    image(root / "images/a.tif")
    labels(root / "labels.gpkg", [box(0, 0, 4, 10), box(4, 0, 8, 10)], kind=["forest", "res"])
    (root / "classes.json").write_text(
        '{"classes": [{"name": "none"}, {"name": "forest"}, {"name": "res"}], "attribute": "kind"}'
    )
    dataset = open_dataset(root)
    names = {"forest": "res", "res": "forest"}  # swapped
    write_class_names(
        dataset, [(names.get(c.name, c.name), c.color) for c in dataset.classes.classes]
    )
    after = open_dataset(root)
    assert after.classes.names == ("none", "res", "forest")
    np.testing.assert_array_equal(
        after.load_labels(after.samples[0]), dataset.load_labels(dataset.samples[0])
    )


@pytest.mark.parametrize("names", [("A", "A", "B"), ("", "A", "B"), ("A\x01", "C", "B")])
def test_names_that_cannot_be(space: Path, names: tuple[str, ...]) -> None:
    dataset = open_dataset(numbered(space / "datasets/n"))
    colors = ("#010203", "#040506", "#070809")
    with pytest.raises(DatasetError, match="name"):
        write_class_names(dataset, list(zip(names, colors, strict=True)))


def test_a_damaged_file_says_what_to_do(space: Path) -> None:
    root = numbered(space / "datasets/n")
    file = class_names_file(root)
    file.parent.mkdir()
    file.write_text("{")
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        open_dataset(root)
    assert "delete the file" in caught.value.remedy


NAMER = """
import sys
from pathlib import Path
from core.datasets.catalogue import open_dataset
from core.datasets.class_names import write_class_names
dataset = open_dataset(Path(sys.argv[1]))
print("ready", flush=True)
input()
place = int(sys.argv[2])
rows = [[c.name, c.color] for c in dataset.classes.classes]
rows[place] = [f"Name {place}", f"#{place + 1:06X}"]
write_class_names(dataset, rows)
"""
TABLER = """
import sys
from pathlib import Path
from core.classes import numbered
from core.datasets.masks.class_file import write_class_file
from core.datasets.masks.class_file import read_class_file
from core.errors import DatasetError
from tests.conftest import REPOSITORY
table = numbered(["Land", sys.argv[2]])
print("ready", flush=True)
input()
try:
    write_class_file(Path(sys.argv[1]), table)
except DatasetError as error:
    print("refused", error.what)
else:
    print("written")
"""


def at_once(code: str, root: Path, arguments: list[str]) -> list[str]:
    """What processes say that begin the same thing in the same moment."""
    all_of_them = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(root), argument],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )
        for argument in arguments
    ]  # fmt: skip
    for process in all_of_them:
        assert process.stdout and process.stdout.readline()
    for process in all_of_them:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in all_of_them]
    assert [process.returncode for process in all_of_them] == [0] * len(arguments)
    return said


def test_names_that_are_given_at_once_are_all_kept(space: Path) -> None:
    root = numbered(space / "datasets/n")
    at_once(NAMER, root, ["0", "1", "2"])
    after = open_dataset(root)
    assert after.classes.names == ("Name 0", "Name 1", "Name 2")
    assert after.classes.colors == ((0, 0, 1), (0, 0, 2), (0, 0, 3))


def test_names_that_do_not_go_together_any_more(space: Path) -> None:
    dataset = open_dataset(numbered(space / "datasets/n"))
    first, second, third = [(c.name, c.color) for c in dataset.classes.classes]
    write_class_names(dataset, [("Sea", first[1]), second, third])
    with pytest.raises(DatasetError, match="meanwhile"):
        write_class_names(dataset, [first, ("Sea", second[1]), third])
    assert open_dataset(dataset.root).classes.names == ("Sea", second[0], third[0])


def test_of_two_tables_at_once_one_is_refused(space: Path) -> None:
    root = space / "datasets/n"
    put(root / "images/a.png")
    said = at_once(TABLER, root, ["A", "B", "C"])
    assert sorted(word.split()[0] for word in said) == ["refused", "refused", "written"]
    written = next(name for name, words in zip("ABC", said, strict=True) if "written" in words)
    assert read_class_file(root / "classes.json").classes.names == ("Land", written)
    assert sorted(path.name for path in root.iterdir()) == ["classes.json", "images"]
