"""A file is looked into in this process: what a process of its own does is tested once."""

from __future__ import annotations

from typing import Any

import pytest

from core.models.imported import check_process, open_file


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here:
        def __init__(self, *_: Any) -> None: ...

        def call(self, function: str, *arguments: Any, seconds: float) -> Any:
            return getattr(check_process, function)(*arguments)

        def close(self) -> None: ...

    monkeypatch.setattr(open_file, "Bounded", Here)
