"""The frame around every page: title, navigation, and errors shown as a box.

It lies in ``ui/shell/``, not beside ``pages/``, or a first visit by a deep link would run the page
by Streamlit's auto-discovery, outside this file.
"""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.shell.address import TITLE, enter_page, page_title
from ui.shell.errors import page_errors

_UI = Path(__file__).resolve().parent.parent
_PAGES = _UI.parent / "pages"

st.set_page_config(
    page_icon=_UI / "icon.svg",
    layout="wide",
    menu_items={
        "Get help": None,
        "Report a bug": None,
        "About": "**DeepSpaceImaging**: semantic segmentation of satellite imagery.",
    },
)
st.logo(_UI / "logo.svg", size="large")


def _page(name: str, title: str, icon: str) -> StreamlitPage:
    return st.Page(_PAGES / f"{name}.py", title=title, icon=icon, default=name == "overview")


pages = [
    _page("overview", "Overview", ":material/dashboard:"),
    _page("data", "Data", ":material/photo_library:"),
    _page("train", "Train", ":material/model_training:"),
    _page("predict", "Predict", ":material/layers:"),
    _page("evaluate", "Evaluate", ":material/analytics:"),
    _page("inspect", "Inspect", ":material/account_tree:"),
]
page = st.navigation(pages, position="top")
enter_page(page.title)
# What the last run of this page called itself: the tab's title is not to change forth and back.
before, title = st.session_state.get(TITLE, ("", ""))
st.set_page_config(page_title=title if before == page.title else page_title(page.title))
st.html(_UI / "shell" / "frame.css")
# Streamlit's menu is in a drawer there; the style shows this one in its stead.
with st.container(horizontal=True, gap="xsmall", key="narrow-menu"):
    for other in pages:
        st.page_link(other, width="content")
with page_errors():
    page.run()
