"""What is special in a file by its first bytes: palette, alpha, interlacing, printing colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.datasets.audit.problems import Problem

__all__ = ["FORMS", "form_of", "form_problems"]

_HEAD = 256 * 1024  # camera metadata and colour profiles come before a JPEG's frame header

FORMS = {
    "cmyk": (
        "CMYK JPEG, four printing colours, which are turned into red, green and blue without a "
        "colour profile",
        "warning",
        "save it as RGB in a program that knows the profile, so that its colours are those of the "
        "others",
    ),
    "progressive": (
        "progressive (interlaced) JPEG",
        "info",
        "nothing: it is read whole; save it as baseline JPEG where another program refuses it",
    ),
    "interlaced": (
        "interlaced PNG",
        "info",
        "nothing: it is read whole; save it without interlacing, it is read faster",
    ),
    "palette": (
        "PNG with a palette, which is read as red, green and blue",
        "info",
        "nothing, if that is meant; save it as RGB, or as grey for values that are no colours",
    ),
    "alpha": (
        "PNG with an alpha channel: fully transparent pixels count as without data, the channel is "
        "no band",
        "info",
        "nothing, if that is meant; else save it without the channel",
    ),
}
"""By kind of file: what it is, how bad that is, what to do."""


def form_of(path: Path) -> str:
    """A key of `FORMS`, or an empty text for an ordinary file."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD if path.suffix.lower() in (".jpg", ".jpeg") else 64)
    except OSError:
        return ""
    if head.startswith(b"\x89PNG"):
        # PNG specification, 11.2.2: colour type at 25, interlace method at 28.
        if len(head) < 29:
            return ""
        color, interlace = head[25], head[28]
        return (
            "palette"
            if color == 3
            else "alpha"
            if color in (4, 6)
            else "interlaced"
            if interlace
            else ""
        )
    return _jpeg(head) if head.startswith(b"\xff\xd8") else ""


def _jpeg(head: bytes) -> str:
    """ITU T.81, B.1.1.3 and B.2.2: walk the segments to the frame header."""
    at = 2
    while at + 10 <= len(head):
        if head[at] != 0xFF:
            return ""
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if head[at + 9] == 4:
                return "cmyk"
            return "progressive" if marker in (0xC2, 0xC6, 0xCA, 0xCE) else ""
        at += 1 if marker == 0xFF else 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return ""


def form_problems(forms: list[tuple[str, str]]) -> Iterator[Problem]:
    """One row for each special form.

    Args:
        forms: sample and form of each image.
    """
    for form, (what, severity, fix) in FORMS.items():
        samples = [sample for sample, its in forms if its == form]
        if samples:
            others = f"; so are {len(samples) - 1:,} more images" if len(samples) > 1 else ""
            detail = f"{what}{others}"
            yield Problem(
                "file-form", samples[0], detail, "warning" if severity == "warning" else "info", fix
            )
