"""The server: pages, Netron and pictures on one port, started by ``streamlit run app.py``."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core.errors import DSIError
from ui.routes import netron
from ui.routes import timelapse as timelapse_files
from ui.routes.guard import PageHeaders, TrustedHosts
from ui.shell.errors import show_uncaught

app = st.App(
    Path(__file__).resolve().parent / "ui" / "shell" / "router.py",
    routes=[*netron.routes(), *timelapse_files.routes()],
    middleware=[Middleware(PageHeaders), Middleware(TrustedHosts)],
    on_script_error=show_uncaught,
)


def _go_on_with_the_queue() -> None:
    from core.training.queue.queue import advance

    with suppress(DSIError):  # the run says so itself, and the Train page tries again
        advance()


# Trainings that waited when the machine or their worker ended; the first page does not wait for it.
threading.Thread(target=_go_on_with_the_queue, name="queue of trainings", daemon=True).start()
