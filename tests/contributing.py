"""The Python examples of docs/contributing.md, so that tests can run them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY


def example(heading: str, row_type: type, folder: Path) -> tuple[Any, Any]:
    """The module and the table's row that a section shows.

    Args:
        heading: heading of the section.
        row_type: class of the row.
        folder: folder that the module is written to.
    """
    text = (REPOSITORY / "docs/contributing.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    code, row = re.findall(r"```python\n(.*?)```", section, re.S)
    name = f"example_{re.sub(r'[^a-z]', '_', heading.lower())}"
    path = folder / f"{name}.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks types up there
    spec.loader.exec_module(module)
    ((key, value),) = eval(f"{{{row}}}", {**vars(module), row_type.__name__: row_type}).items()
    return module, (key, value)
