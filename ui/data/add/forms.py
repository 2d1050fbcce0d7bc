"""Ways to get a dataset: the demo set, the Dubai set, a ZIP, a folder on the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets.catalogue import skipped_places
from core.datasets.download.archive import Unpacked, unpack
from core.datasets.known_layouts import describe_layouts
from core.errors import DatasetError, DSIError
from core.paths import checked_name, is_name, workspace
from core.untrusted.archive import Limits
from ui.data.add.spacenet6 import SPACENET6_JOBS, spacenet6_form
from ui.loaded.images import safe_stem
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, start_job, watch_job

__all__ = [
    "DEMO_SCENES",
    "DEMO_SIZE",
    "NEW_DATASET_JOBS",
    "demo_button",
    "new_dataset",
    "show_skipped_places",
    "watch_new_datasets",
]

_DEMO, _FETCH, _UNPACK = "write-demo", "fetch-dubai", "unpack-zip"
NEW_DATASET_JOBS = (_DEMO, _FETCH, _UNPACK, *SPACENET6_JOBS)
"""Keys of the jobs that end with a new dataset."""
DEMO_SCENES, DEMO_SIZE = 4, 512
"""Scenes of a demo set, and pixels a side of each."""


def demo_button(label: str = "Write the demo set") -> None:
    """One click that writes the demo set as ``demo`` into the workspace."""
    job = find_job(_DEMO)
    st.button(
        label,
        key="write-demo",
        type="primary",
        icon=":material/auto_awesome_mosaic:",
        disabled=job is not None and job.state == "running",
        on_click=_start_demo,
        args=("demo", DEMO_SCENES, DEMO_SIZE, 0),
    )


def watch_new_datasets() -> None:
    """Show the progress of a set being written or fetched; choose it when it is there.

    To be called before the box that chooses the dataset.
    """
    for key in NEW_DATASET_JOBS:
        job = watch_job(key)
        if job is None or job.state == "running":
            continue
        # Another session's set is not what this one waited for.
        wanted = st.session_state.pop(f"wanted-{key}", None) == job.id
        if wanted and job.state == "done":
            _arrived(job.result)
    # As long as the set is looked at: the page runs again by itself when its audit ends.
    name, words = st.session_state.get("left-out", ("", ""))
    if words and st.session_state.get("dataset") == name:
        st.info(plain(words), icon=":material/folder_zip:")


def show_skipped_places() -> None:
    """Name what lies where datasets are looked for and cannot be looked at."""
    for skipped in skipped_places():
        st.warning(plain(skipped.text), icon=":material/folder_off:")


def _arrived(result: Path | Unpacked) -> None:
    folder = result.folder if isinstance(result, Unpacked) else result
    st.session_state["dataset"] = folder.name
    st.toast(f"{plain(folder.name)} is in the workspace.", icon=":material/check:")
    words = result.words if isinstance(result, Unpacked) else ""
    st.session_state["left-out"] = (folder.name, words)


def new_dataset() -> None:
    """The ways, a tab each."""
    demo, dubai, archive, server, spacenet6 = st.tabs(
        ["Demo set", "Dubai from Kaggle", "Upload a ZIP", "Folder on the server", "SpaceNet 6"]
    )
    with demo:
        st.caption("Generated scenes of a coastal desert city with exact masks in five classes.")
        _demo_form()
    with dubai:
        st.caption(
            "72 aerial images of Dubai with masks by Humans in the Loop, CC0, about 30 MB from "
            "Kaggle. This server needs the internet for it."
        )
        fetched = (workspace().datasets / "dubai").exists()
        st.button(
            "Fetch the Dubai set",
            icon=":material/download:",
            on_click=_start_fetch,
            disabled=fetched,
            help="It is in the workspace already." if fetched else None,
        )
    with archive:
        _upload_form()
    with server:
        st.caption(f"Put a folder with {describe_layouts()} on the server, into")
        st.code(workspace().datasets, language=None)
        st.caption(
            "or below a folder that the environment variable `DSI_DATA_ROOTS` names, and reload. "
            "It is read where it lies and never written to."
        )
    with spacenet6:
        spacenet6_form()


def _upload_form() -> None:
    limits = Limits()
    st.caption(
        f"A ZIP of a folder with {describe_layouts()}. Up to {limits.files:,} files and "
        f"{limits.total // 1024**3} GiB unpacked; what is larger goes on the server as a folder."
    )
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    file = left.file_uploader("ZIP archive", type="zip", key="zip", on_change=_name_after_file)
    right.text_input("Name of the dataset", key="zip-name")
    right.button(
        "Unpack",
        type="primary",
        icon=":material/folder_zip:",
        disabled=file is None,
        on_click=_start_unpack,
        key="unpack",
    )
    if refused := st.session_state.get("zip-refused"):
        show_error(refused)


def _name_after_file() -> None:
    st.session_state["zip-refused"] = None
    if file := st.session_state.get("zip"):
        stem = safe_stem(file.name).lstrip("._-")
        st.session_state["zip-name"] = stem if is_name(stem) else "dataset"


def _start_unpack() -> None:
    state = st.session_state
    state["zip-refused"] = None
    name, file = str(state.get("zip-name", "")).strip(), state.get("zip")
    if file is None:
        return
    try:
        checked_name(name)
        if (workspace().datasets / name).exists():
            raise DatasetError(
                f"there is a dataset {name!r} in the workspace already",
                remedy="choose another name",
            )
    except DSIError as error:
        state["zip-refused"] = error
        return

    def work(progress: Callable[[int, int], None]) -> Unpacked:
        return unpack(file, name, progress)

    _begin(_UNPACK, f"Unpacking {name}", "files", work)


def _demo_form() -> None:
    taken = (workspace().datasets / "demo").exists()
    if not taken:
        demo_button()
        return
    with st.form("another-demo", border=False):
        st.text_input("Name", _free_name(), key="demo-name")
        left, right = st.columns(2)
        left.number_input("Scenes", 1, 64, DEMO_SCENES, key="demo-scenes")
        right.number_input("Seed", 0, 2**31 - 1, _next_seed(), key="demo-seed")
        st.form_submit_button(
            "Write another demo set", icon=":material/auto_awesome_mosaic:", on_click=_start_another
        )
    if refused := st.session_state.get("demo-refused"):
        show_error(refused)


def _start_another() -> None:
    # Kept, not shown: the page may run again at once, when an audit ends.
    st.session_state["demo-refused"] = None
    name = st.session_state["demo-name"]
    try:
        checked_name(name)
    except DSIError as error:
        st.session_state["demo-refused"] = error
        return
    _start_demo(name, st.session_state["demo-scenes"], DEMO_SIZE, st.session_state["demo-seed"])


def _free_name() -> str:
    folder = workspace().datasets
    number = next(n for n in range(2, 10_000) if not (folder / f"demo-{n}").exists())
    return f"demo-{number}"


def _next_seed() -> int:
    return int(_free_name().removeprefix("demo-")) - 1


def _start_demo(name: str, scenes: int, size: int, seed: int) -> None:
    root = workspace().datasets / name

    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.synthetic.dubai import write_demo

        progress(0, scenes)
        return write_demo(root, scenes=scenes, size=size, seed=seed, progress=progress)

    _begin(_DEMO, f"Writing the demo set {name}", "scenes", work)


def _start_fetch() -> None:
    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.download.dubai import fetch_dubai

        return fetch_dubai(progress)

    _begin(_FETCH, "Fetching the Dubai set", "files", work)


def _begin(key: str, title: str, unit: str, work: Callable[..., Path | Unpacked]) -> None:
    running = find_job(key)
    if running and running.state == "running":
        st.toast(f"{plain(running.title)} is under way already.")
        return
    st.session_state[f"wanted-{key}"] = start_job(key, title, unit, work).id
