"""SpaceNet 6: write a generated set in its layout, or fetch some of the real tiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets.layouts.spacenet6 import PRODUCTS
from core.errors import WorkspaceError
from core.formats import decimal_size
from core.paths import checked_name, workspace
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, start_job

__all__ = ["SPACENET6_JOBS", "spacenet6_form"]

_WRITE, _FETCH = "write-spacenet6", "fetch-spacenet6"
SPACENET6_JOBS = (_WRITE, _FETCH)
"""Keys of the jobs that end with a new dataset; `watch_new_datasets` looks on."""

_PLACES, _SIZE, _TILES = 4, 512, 200
# Megabytes of a tile of 900 × 900 pixels: radar 4 × float32, the optical ones 8 and 16 bit.
_MEGABYTES = {"SAR-Intensity": 13.0, "PS-RGB": 2.4, "PS-RGBNIR": 6.5, "RGBNIR": 1.6, "PAN": 1.6}


def spacenet6_form() -> None:
    """Both ways, one below the other; for one column of the page."""
    st.markdown("**SpaceNet 6, Rotterdam**")
    st.caption("Radar (HH, HV, VH, VV) and optical tiles of 0.5 m with building footprints.")
    _write_form()
    _fetch_form()


def _write_form() -> None:
    with st.form("spacenet6-demo", border=False):
        st.text_input("Name of the generated set", _free_name(), key="spacenet6-name")
        places, size, seed = st.columns(3)
        places.number_input(
            "Places", 1, 64, _PLACES, key="spacenet6-places", help="Each is seen by three passes."
        )
        size.number_input("Tile, pixels", 64, 900, _SIZE, key="spacenet6-size")
        seed.number_input("Seed", 0, 2**31 - 1, 0, key="spacenet6-seed")
        st.form_submit_button(
            "Write a generated set", icon=":material/satellite_alt:", on_click=_start_write
        )
    if refused := st.session_state.get("spacenet6-refused"):
        show_error(refused)


def _fetch_form() -> None:
    fetched = workspace().datasets / "spacenet6"
    there = fetched.is_dir() and any(fetched.iterdir())
    st.caption(
        "The real tiles (Capella, Maxar, CC BY-SA 4.0) lie in a public bucket, no account is "
        "needed. This server needs the internet for it."
    )
    st.multiselect("Products", PRODUCTS, PRODUCTS[:2], key="spacenet6-products")
    st.number_input("Tiles", 1, 3401, _TILES, key="spacenet6-tiles")
    products, tiles = st.session_state["spacenet6-products"], st.session_state["spacenet6-tiles"]
    size = tiles * sum(_MEGABYTES[product] for product in products)
    why = "It is in the workspace already." if there else None if products else "Choose a product."
    st.button(
        f"Fetch {tiles:,} tiles, about {decimal_size(1e6 * size)}" if products else "Fetch tiles",
        icon=":material/download:",
        on_click=_start_fetch,
        disabled=why is not None,
        help=why or "If it breaks off, the next time goes on where it ended.",
        key="fetch-spacenet6",
    )


def _free_name() -> str:
    folder = workspace().datasets
    names = ["spacenet6-demo", *(f"spacenet6-demo-{n}" for n in range(2, 10_000))]
    return next(name for name in names if not (folder / name).exists())


def _start_write() -> None:
    # Kept, not shown: the page may run again at once.
    st.session_state["spacenet6-refused"] = None
    name = st.session_state["spacenet6-name"]
    try:
        checked_name(name)
    except WorkspaceError as error:
        st.session_state["spacenet6-refused"] = error
        return
    root = workspace().datasets / name
    places, size, seed = (
        int(st.session_state[f"spacenet6-{what}"]) for what in ("places", "size", "seed")
    )

    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.synthetic.spacenet6 import write_spacenet6

        progress(0, 0)
        return write_spacenet6(root, scenes=places, size=size, seed=seed, progress=progress)

    _begin(_WRITE, f"Writing the generated set {name}", "tiles", work)


def _start_fetch() -> None:
    tiles = int(st.session_state["spacenet6-tiles"])
    products = tuple(st.session_state["spacenet6-products"])

    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.download.spacenet6 import fetch_spacenet6

        return fetch_spacenet6(tiles, products, progress)

    _begin(_FETCH, "Fetching SpaceNet 6", "files", work)


def _begin(key: str, title: str, unit: str, work: Callable[..., Path]) -> None:
    running = find_job(key)
    if running and running.state == "running":
        st.toast(f"{plain(running.title)} is under way already.")
        return
    st.session_state[f"wanted-{key}"] = start_job(key, title, unit, work).id
