"""Metrics followed while they grow: only what is new is read, and memory is bounded."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["MetricsFollower"]

Record = dict[str, Any]

_PLACES = ("kind", "epoch", "step")


class MetricsFollower:
    """The records of a metrics.jsonl, as far as it has been looked at.

    Like `Run.metrics`, it leaves out a half-written line, what a resumed training did anew, and
    the summary of a part of an epoch that was completed later. Step records come about once a
    second, so of a long training neighbours are merged: a curve stays legible and cheap to draw.

    Args:
        path: the file; it need not be there yet.
        limit: step records kept at most, an even number; then they are merged two by two.

    Attributes:
        steps: step records by rising step; where some were merged, `step` is the last of them and
            every other number the mean.
        epochs: epoch records by rising epoch, all of them.
        latest: the newest step record as it is in the file, or None.
    """

    def __init__(self, path: Path, limit: int = 4096) -> None:
        self.path, self.limit = path, limit
        self._forget()

    def _forget(self) -> None:
        self.steps: list[Record] = []
        self.epochs: list[Record] = []
        self.latest: Record | None = None
        self._read, self._file = 0, 0
        # How many records one of `steps` stands for, and those that wait to become one.
        self._every = 1
        self._waiting: list[Record] = []

    def look(self) -> bool:
        """Read what was appended since the last look; True where that changed something."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._file or found.st_size < self._read:
                    self._forget()  # another run of the same name
                    self._file = found.st_ino
                file.seek(self._read)
                new = file.read()
        except FileNotFoundError:
            known = bool(self.steps or self.epochs)
            self._forget()
            return known
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        added = False
        for line in whole.splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # a writer was killed in the middle of it
            self._add(record)
            added = True
        return added

    def _add(self, record: Record) -> None:
        place = _place(record)
        for known in (self._waiting, self.steps, self.epochs):
            while known and _place(known[-1]) >= place:
                known.pop()
        if record["kind"] == "epoch":
            while self.epochs and self.epochs[-1]["epoch"] == record["epoch"]:
                self.epochs.pop()
            self.epochs.append(record)
            return
        self.latest = record
        self._waiting.append(record)
        if len(self._waiting) < self._every:
            return
        self.steps.append(_merged(self._waiting))
        self._waiting = []
        if len(self.steps) == self.limit:
            pairs = zip(self.steps[::2], self.steps[1::2], strict=True)
            self.steps = [_merged(pair) for pair in pairs]
            self._every *= 2


def _place(record: Record) -> tuple[int, bool]:
    # An epoch's last step and its summary have the same step.
    return record["step"], record["kind"] == "epoch"


def _merged(records: Sequence[Record]) -> Record:
    """The last of the records, with the means of what all of them measured."""
    last = dict(records[-1])
    for key, value in last.items():
        if key in _PLACES:
            continue
        values = [record[key] for record in records if record.get(key) is not None]
        if isinstance(value, dict):
            last[key] = _merged(values)
        elif value is not None:
            last[key] = sum(values) / len(values)
    return last
