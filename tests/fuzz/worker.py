"""The process that runs commands one after the other: lines of JSON in on stdin, out on stdout.

    {"words", "workspace", "temp"}  →  {"code", "stdout", "stderr", "traceback", "value"}

A word with a leading ``@`` names a function of this module that reads one file by a reader of
`core` that no command reaches alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import traceback
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]


def _read(path: Path) -> dict[str, Any]:
    """What `read_raster` and, where one has no doubt about the file, another library read.

    Raises:
        DSIError: the file is refused.
    """
    from core.imagery.raster import read_raster

    ours = read_raster(path, values="stored")
    return {"ours": _summary(ours.pixels), "theirs": _read_by_others(path)}


def _read_by_others(path: Path) -> dict[str, Any] | None:
    """By Pillow or, of a TIFF, tifffile; None where that refuses, warns or reads another kind."""
    import warnings

    import numpy as np
    from PIL import Image, ImageFile, ImageOps

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if path.read_bytes()[:2] in (b"II", b"MM"):
                import logging

                import tifffile

                logging.getLogger("tifffile").setLevel(logging.CRITICAL)
                with tifffile.TiffFile(path) as file:
                    page = file.pages[0]
                    bands = 1 if page.axes == "YX" else page.shape[-1]
                    if len(file.pages) != 1 or page.axes not in ("YX", "YXS"):
                        return None
                    pixels = page.asarray().reshape(*page.shape[:2], bands)
            else:
                with Image.open(path) as image:
                    if image.mode not in ("RGB", "L", "I;16"):
                        return None
                    # As read here, an orientation turns a picture without a grid.
                    pixels = np.asarray(ImageOps.exif_transpose(image))
        except Exception:  # noqa: BLE001 - whatever another library has against the file
            return None
    summary = _summary(pixels.reshape(*pixels.shape[:2], -1))
    return summary | {"lossy": path.read_bytes()[:2] == b"\xff\xd8"}


def _summary(pixels: Any) -> dict[str, Any]:
    import numpy as np

    means = np.nan_to_num(pixels.astype(np.float64), nan=-1, posinf=0, neginf=0).mean((0, 1))
    digest = zlib.crc32(np.ascontiguousarray(pixels).tobytes())
    return {"shape": list(pixels.shape), "means": means.tolist(), "digest": digest}


def _unpack(path: Path) -> dict[str, Any]:
    """Unpack a ZIP and audit what came out.

    Raises:
        DSIError: the ZIP is refused.
    """
    from core.datasets.download.archive import unpack
    from core.untrusted.archive import Limits

    small = Limits(total=64 * 1024**2, single=16 * 1024**2, files=1000)
    done = unpack(path, "unpacked", limits=small)
    return {"files": done.files, "size": done.size}


def _kill(path: Path) -> None:
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


_FUNCTIONS = {"@read": _read, "@unpack": _unpack, "@kill": _kill}


def _call(words: Sequence[str]) -> tuple[int, Any]:
    from core.cli.main import main as command
    from core.device import tensorflow
    from core.errors import DSIError

    if words[0] == "predict":
        # Files are what is tried: a graph for each of their sizes would take most of the time.
        tensorflow().config.run_functions_eagerly(True)
    if words[0] not in _FUNCTIONS:
        return command(words), None
    try:
        return 0, _FUNCTIONS[words[0]](Path(words[1]))
    except DSIError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1, None


def _answer(words: Sequence[str]) -> dict[str, Any]:
    out, err, trace = io.StringIO(), io.StringIO(), ""
    code, value = -1, None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code, value = _call(words)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:  # noqa: BLE001 - what is looked for
            trace = traceback.format_exc()
    return {
        "code": code,
        "stdout": out.getvalue(),
        "stderr": err.getvalue(),
        "traceback": trace,
        "value": value,
    }


def main() -> None:
    """Answer until stdin is closed."""
    # What libraries print belongs to no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        os.environ["DSI_WORKSPACE"], os.environ["TMPDIR"] = request["workspace"], request["temp"]
        import tempfile

        tempfile.tempdir = None  # asked anew
        print(json.dumps(_answer(request["words"])), file=answers, flush=True)


if __name__ == "__main__":
    main()
