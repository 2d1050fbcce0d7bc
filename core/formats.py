"""How numbers, sizes and spans of time are written, on the command line and on the pages alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

__all__ = [
    "MISSING",
    "binary_size",
    "count",
    "counted",
    "decimal_size",
    "duration",
    "ground_area",
    "listed",
    "listed_first",
    "millions",
    "percent",
    "rough_percent",
    "score",
    "sentence",
    "short_duration",
    "short_number",
    "si_number",
    "significant",
]

MISSING = "–"
"""Stands where there is no value."""


def count(number: int | None) -> str:
    """A whole number with its thousands set apart: "12,345"."""
    return MISSING if number is None else f"{number:,}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """How many of something: "1 run", "12 runs".

    Args:
        plural: by default the singular with an s.
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def sentence(text: str) -> str:
    """A fact or an instruction as a sentence; one that begins with a name keeps it as it is."""
    first = text.split(" ", 1)[0].rstrip(",:;")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".?!…" else f"{text}."


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def listed_first(words: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are: "a, b, c and 12 more"."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def short_number(number: float, digits: int = 3) -> str:
    """A number of any size to a few digits, without an exponent where it can be read: "4,050"."""
    size = abs(number)
    if not math.isfinite(number) or size >= 1e12 or 0 < size < 1e-4:
        return f"{number:.{digits}g}"
    rounded = float(f"{number:.{digits}g}")
    return f"{rounded:,.0f}" if size >= 10 ** (digits - 1) else f"{number:.{digits}g}"


def millions(number: float) -> str:
    """A large number, such as of parameters: "1.9 M"; a smaller one in full."""
    return f"{number / 1e6:.1f} M" if number >= 100_000 else f"{number:,.0f}"


def si_number(number: float) -> str:
    """A number that may be very large, such as of multiply-adds, to three digits: "3.45 G"."""
    for unit, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6)):
        value = number / factor
        if value >= 99.95:
            return f"{value:,.0f} {unit}"
        if value >= 1:
            return f"{value:.3g} {unit}"
    return f"{number:,.0f}"


def significant(number: float, digits: int = 2) -> str:
    """A number to so many significant digits, never with an exponent: "0.0012", "12,000"."""
    return f"{Decimal(f'{number:.{digits}g}'):,f}"


def score(value: float | None, missing: str = MISSING) -> str:
    """A score from 0 to 1: "0.618".

    Args:
        missing: stands for a score that is undefined.
    """
    return missing if value is None else f"{value:.3f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share from 0 to 1: "12.3%"."""
    return MISSING if share is None else f"{share:.{decimals}%}"


def rough_percent(share: float) -> str:
    """A share from 0 to 1 that may be very small, to two digits: "45%", "0.45%", "< 0.01%"."""
    if share < 0.0001:
        return f"< {percent(0.0001, 2)}"
    return percent(share, 0 if share >= 0.1 else 2)


def duration(seconds: float | None) -> str:
    """A span of time in the two largest units that matter: "45 s", "5 min", "1 h 5 min"."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short_duration(seconds: float) -> str:
    """A span of time that was measured and may be short: "850 ms", "1.3 s"."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def ground_area(square_metres: float) -> str:
    """An area of ground, in m², hectares or km²."""
    if square_metres >= 1e6:
        return f"{square_metres / 1e6:,.2f} km²"
    return f"{square_metres / 1e4:,.2f} ha" if square_metres >= 1e4 else f"{square_metres:,.0f} m²"


def binary_size(size: float) -> str:
    """Bytes in binary units, as of memory: "1.5 GiB", "64 MiB"."""
    gib = size / 2**30
    return f"{gib:.1f} GiB" if gib >= 0.1 else f"{size / 2**20:.0f} MiB"


def decimal_size(size: float) -> str:
    """Bytes in decimal units, as of files: "1.5 GB", "260 MB", "2.34 MB"."""
    megabytes = size / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.{0 if megabytes >= 100 else 1 if megabytes >= 10 else 2}f} MB"
