"""The server: pages, Netron and pictures on one port, started by ``streamlit run app.py``."""

import gc
import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core.errors import DSIError
from ui.routes import band_values, batches, netron, pictures, tiles
from ui.routes import timelapse as timelapse_files
from ui.routes.guard import PageHeaders, TrustedHosts
from ui.routes.page_script import PageScript
from ui.shell.errors import show_uncaught

SERVED = (netron, timelapse_files, pictures, band_values, tiles, batches)

app = st.App(
    Path(__file__).resolve().parent / "ui" / "shell" / "router.py",
    routes=[route for module in SERVED for route in module.routes()],
    middleware=[Middleware(PageHeaders), Middleware(TrustedHosts), Middleware(PageScript)],
    on_script_error=show_uncaught,
)


def _go_on() -> None:
    """Go on after the last end of the server or the machine, however it came."""
    from core.leftovers import remove_leftovers
    from core.paths import workspace
    from core.training.queue.queue import advance

    with suppress(OSError):  # what is not ours to look into is left
        remove_leftovers(workspace())
    with suppress(DSIError):  # the run says so itself, and the Train page tries again
        advance()
    # Not looked through at the end of every run of a page: what was imported stays.
    gc.freeze()


# Trainings that waited and half-made files; the first page does not wait for it.
threading.Thread(target=_go_on, name="queue and leftovers", daemon=True).start()
