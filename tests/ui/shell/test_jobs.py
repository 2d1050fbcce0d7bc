"""Background jobs of parts of different size: how much is done, and how long it takes yet."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from ui.shell.jobs import Job


def test_things_are_counted_where_nothing_else_is_said() -> None:
    job = Job("Reading", "files")
    assert job.progress_text == "Reading …" and job.done_share == 0
    job._report(1, 4)
    assert job.done_share == 0.25
    assert job.progress_text == "Reading: 1 of 4 files"


def test_a_share_says_more_than_the_number_of_things(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    job = Job("Predicting", "images")
    # Half of it was done before this job: that took none of its time.
    job._report(3, 4, share=0.5)
    now[0] += 10
    job._report(3, 4, share=0.6, detail="tile 2 of 9 of d.tif")
    assert job.done_share == 0.6
    assert job.progress_text == ("Predicting: 3 of 4 images, tile 2 of 9 of d.tif, about 40 s left")


def test_a_report_stops_it() -> None:
    job = Job("Predicting", "images")
    began = threading.Event()

    def work(progress: Any) -> None:
        while True:
            progress(0, 1, share=0.1, detail="")
            began.set()

    thread = threading.Thread(target=job._run, args=(work,))
    thread.start()
    began.wait(10)
    job.stop()
    thread.join(10)
    assert job.state == "stopped"
