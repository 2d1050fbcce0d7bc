"""The list of problems: filters, pictures, and fixes that are handed to the page."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.recipes.fixes import Exclude, ReadAs
from tests.planted import PLANTS, name, write_clean
from tests.ui.components import component_data, problems
from ui.data.problems.pictures import marked


def table(root: str, chosen: str = "", with_fixes: bool = True) -> None:
    """A page of the problem list; `chosen` is the kind whose first problem is shown."""
    from pathlib import Path

    import streamlit as st

    from core.datasets.audit.audit import audit
    from core.datasets.catalogue import open_dataset
    from ui.data.problems.table import problem_table, problem_view

    dataset = open_dataset(Path(root))
    if "found" not in st.session_state:
        st.session_state["found"] = audit(dataset)
        st.session_state["taken"] = ()
        st.session_state["opened"] = ""
    report = st.session_state["found"]

    def take(action: object) -> None:
        st.session_state["taken"] += (action,)

    def open_sample(sample: str) -> None:
        st.session_state["opened"] = sample

    taker = take if with_fixes else None
    if chosen:
        problem = next(p for p in report.problems if p.kind == chosen)
        problem_view(dataset, problem, open_sample, taker, st.session_state["taken"])
    else:
        problem_table(dataset, report, open_sample, taker, st.session_state["taken"])


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_clean(tmp_path_factory.mktemp("broken") / "set")
    for plant in PLANTS.values():
        if plant.layout == "pairs" and not plant.alone:
            plant.plant(root)
    return root


def page(root: Path, chosen: str = "", with_fixes: bool = True) -> AppTest:
    arguments = (str(root), chosen, with_fixes)
    at = AppTest.from_function(table, args=arguments, default_timeout=120).run()
    assert not at.exception
    return at


def labels(at: AppTest) -> list[str]:
    return [button.label.replace("\\", "") for button in at.button]


def click(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label.replace("\\", "") == label).click()
    at.run()
    assert not at.exception
    return at


def test_filters_by_severity_and_kind(broken: Path) -> None:
    at = page(broken)
    whole = problems(at)
    assert {row["severity"] for row in whole} == {"error", "warning", "info"}
    at.pills(key="problem-severity").set_value(["error"]).run()
    errors = problems(at)
    assert {row["severity"] for row in errors} == {"error"}
    assert len(errors) == sum(row["severity"] == "error" for row in whole)
    at.multiselect(key="problem-kind").set_value(["constant"]).run()
    assert [row["kind"] for row in problems(at)] == ["Constant image"]
    at.multiselect(key="problem-kind").set_value(["duplicate"]).run()
    assert not at.exception
    assert problems(at) == []
    assert "No problem is of this severity" in at.info[0].value


def test_the_first_problem_is_shown_until_another_row_is_clicked(broken: Path) -> None:
    at = page(broken)
    data = component_data(at, "dsi_problem_list")
    assert data is not None
    assert data["selected"] == data["rows"][0]["key"]
    row = next(row for row in data["rows"] if row["kind"] == "Constant image")
    at.session_state["problem.chosen"] = row["key"]  # as a click leaves it
    at.run()
    assert any("Constant image" in element.value for element in at.markdown)
    # The columns stand beside one another: the list and the detail.
    assert any("Constant image" in m.value for column in at.columns[1:] for m in column.markdown)


def test_all_first_fixes_at_once(broken: Path) -> None:
    at = page(broken)
    at.multiselect(key="problem-kind").set_value(["constant", "unknown-colour"]).run()
    click(at, "Take the first fix of all 2 errors and warnings shown")
    assert set(at.session_state["taken"]) == {Exclude(name(10)), ReadAs("#70C1E1", "void")}
    assert not any("Take the first" in label for label in labels(at))
    assert not any("Take the first" in label for label in labels(page(broken, with_fixes=False)))


def test_a_fix_is_taken_once(broken: Path) -> None:
    at = page(broken, "unknown-colour")
    choices = [label for label in labels(at) if label.startswith("Read")]
    assert choices[:2] == ["Read #70C1E1 as void", "Read #70C1E1 as Road"]
    assert len(choices) == 6  # void and five classes
    click(at, "Read #70C1E1 as Road")
    assert at.session_state["taken"] == (ReadAs("#70C1E1", "Road"),)
    done = next(b for b in at.button if "in the recipe" in b.label)
    assert done.disabled
    assert not any(
        label.startswith("Read") for label in labels(page(broken, "unknown-colour", False))
    )


# The image with the place marked, a small place by itself, the mask where it is about the mask.
PICTURES = {
    "unreadable": 1,  # its mask
    "constant": 1,
    "size-mismatch": 2,
    "unknown-colour": 3,
    "duplicate": 2,
    "near-duplicate": 2,
    "touching-scenes": 2,
    "orphan-mask": 0,
}


@pytest.mark.parametrize("kind", PICTURES)
def test_the_picture_of_a_problem(broken: Path, kind: str) -> None:
    at = page(broken, kind)
    assert len(at.get("imgs")) + len(at.get("image")) == PICTURES[kind]


def test_both_samples_of_a_pair_open(broken: Path) -> None:
    at = page(broken, "duplicate")
    click(at, f"Open {name(11)}")
    assert at.session_state["opened"] == name(11)


def test_a_clean_set_says_so(tmp_path: Path) -> None:
    root = Path(shutil.copytree(write_clean(tmp_path / "a"), tmp_path / "b"))
    assert "Nothing is wrong" in page(root).success[0].value


def test_the_mark_lies_around_the_place_and_masks_keep_their_colours() -> None:
    mask = np.full((56, 28, 3), (60, 16, 152), np.uint8)
    mask[20:24, 10:12] = (226, 169, 41)
    place = np.zeros((56, 28), bool)
    place[20:24, 10:12] = True
    picture = marked(mask, place, colors=True)
    assert picture.shape == (560, 280, 3)
    assert (picture[220, 110] == (226, 169, 41)).all()  # inside
    assert (picture[200 - 6, 110] == 255).all()  # on the line
    colors = {tuple(c) for c in picture.reshape(-1, 3).tolist()}
    assert colors == {(60, 16, 152), (226, 169, 41), (0, 0, 0), (255, 255, 255)}


def test_an_image_is_dimmed_outside_the_place_and_scattered_pixels_are_seen() -> None:
    image = np.full((1120, 1120, 3), 200, np.uint8)
    place = np.zeros((1120, 1120), bool)
    place[100, 100] = place[900, 1000] = True
    picture = marked(image, place)
    assert (picture[50, 50] == 200).all()
    assert (picture[450, 500] == 200).all()
    assert (picture[250, 250] == 110).all()
    assert (picture == 255).all(axis=-1).sum() > 40
    assert (marked(image, None) == 200).all()
