"""Tags of samples, in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.datasets.tags import change_tags, read_tags, tags_file, tidy_tag
from core.errors import DatasetError


def test_tags_are_given_and_taken(space: Path) -> None:
    assert read_tags("server/a/b") == {}
    change_tags("server/a/b", ["1", "2"], ["  to\n check ", "cloud", "cloud"])
    change_tags("server/a/b", ["2"], ["cloud", "late"], ["to check"])
    assert read_tags("server/a/b") == {"1": ("to check", "cloud"), "2": ("cloud", "late")}
    assert read_tags("other") == {}
    change_tags("server/a/b", ["1"], (), ["to check", "cloud"])
    assert list(read_tags("server/a/b")) == ["2"]
    assert tidy_tag("x" * 90) == "x" * 40


def test_a_damaged_file_is_one_error(space: Path) -> None:
    change_tags("a", ["1"], ["x"])
    tags_file("a").write_text("[")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_tags("a")
