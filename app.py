"""The server: pages, Netron and pictures on one port, started by ``streamlit run app.py``."""

from pathlib import Path

import streamlit as st

from ui import netron, timelapse_files
from ui.errors import show_uncaught

app = st.App(
    Path(__file__).resolve().parent / "ui" / "router.py",
    routes=[*netron.routes(), *timelapse_files.routes()],
    on_script_error=show_uncaught,
)
