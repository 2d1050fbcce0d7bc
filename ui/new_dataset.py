"""Ways to get a dataset: write the demo set, fetch the Dubai set, or bring a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import WorkspaceError
from core.paths import checked_name, workspace
from ui.errors import show_error
from ui.jobs import find_job, start_job, watch_job

__all__ = ["demo_button", "new_dataset", "watch_new_datasets"]

_DEMO, _FETCH = "write-demo", "fetch-dubai"
_SCENES, _SIZE = 4, 512


def demo_button(label: str = "Write the demo set") -> None:
    """One click that writes the demo set as ``demo`` into the workspace."""
    st.button(
        label,
        key="write-demo",
        type="primary",
        icon=":material/auto_awesome_mosaic:",
        on_click=_start_demo,
        args=("demo", _SCENES, _SIZE, 0),
    )


def watch_new_datasets() -> None:
    """Show the progress of a set being written or fetched; choose it when it is there.

    To be called before the box that chooses the dataset.
    """
    for key in (_DEMO, _FETCH):
        job = watch_job(key)
        if job is None or job.state == "running":
            continue
        # Another session's set is not what this one waited for.
        wanted = st.session_state.pop(f"wanted-{key}", None) == job.id
        if wanted and job.state == "done":
            st.session_state["dataset"] = Path(job.result).name
            st.toast(f"{Path(job.result).name} is in the workspace.", icon=":material/check:")


def new_dataset() -> None:
    """The three ways, beside one another."""
    demo, dubai, own = st.columns(3, gap="large")
    with demo:
        st.markdown("**Demo set**")
        st.caption("Generated scenes of a coastal desert city with exact masks in five classes.")
        _demo_form()
    with dubai:
        st.markdown("**Dubai aerial imagery**")
        st.caption(
            "72 images with masks by Humans in the Loop, CC0, about 30 MB from Kaggle. This server "
            "needs the internet for it."
        )
        fetched = (workspace().datasets / "dubai").exists()
        st.button(
            "Fetch the Dubai set",
            icon=":material/download:",
            on_click=_start_fetch,
            disabled=fetched,
            help="It is in the workspace already." if fetched else None,
        )
    with own:
        st.markdown("**Your own folder**")
        st.caption(
            "A folder with `images` and `masks` of the same file names, or with `Tile N/images` "
            "and `Tile N/masks`. Put it on the server, into"
        )
        st.code(workspace().datasets, language=None)
        st.caption(
            "or below a folder that the environment variable `DSI_DATA_ROOTS` names, and reload."
        )


def _demo_form() -> None:
    taken = (workspace().datasets / "demo").exists()
    if not taken:
        demo_button()
        return
    with st.form("another-demo", border=False):
        st.text_input("Name", _free_name(), key="demo-name")
        left, right = st.columns(2)
        left.number_input("Scenes", 1, 64, _SCENES, key="demo-scenes")
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
    except WorkspaceError as error:
        st.session_state["demo-refused"] = error
        return
    _start_demo(name, st.session_state["demo-scenes"], _SIZE, st.session_state["demo-seed"])


def _free_name() -> str:
    folder = workspace().datasets
    number = next(n for n in range(2, 10_000) if not (folder / f"demo-{n}").exists())
    return f"demo-{number}"


def _next_seed() -> int:
    return int(_free_name().removeprefix("demo-")) - 1


def _start_demo(name: str, scenes: int, size: int, seed: int) -> None:
    root = workspace().datasets / name

    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.demo import write_demo

        progress(0, scenes)
        return write_demo(root, scenes=scenes, size=size, seed=seed, progress=progress)

    _begin(_DEMO, f"Writing the demo set {name}", "scenes", work)


def _start_fetch() -> None:
    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.fetch import fetch_dubai

        return fetch_dubai(progress)

    _begin(_FETCH, "Fetching the Dubai set", "files", work)


def _begin(key: str, title: str, unit: str, work: Callable[..., Path]) -> None:
    running = find_job(key)
    if running and running.state == "running":
        st.toast(f"{running.title} is under way already.")
        return
    st.session_state[f"wanted-{key}"] = start_job(key, title, unit, work).id
