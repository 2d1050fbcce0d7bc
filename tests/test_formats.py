"""Numbers, sizes and spans of time as they are to be read."""

from __future__ import annotations

import pytest

from core import formats


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (754, "13 min"),
        (3599, "1 h 0 min"),
        (3900, "1 h 5 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_a_duration_has_the_units_that_matter(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


def test_times_that_were_measured_keep_their_digits() -> None:
    assert formats.short_duration(0.0123) == "12 ms"
    assert formats.short_duration(12.34) == "12.3 s"


def test_shares_and_scores() -> None:
    assert formats.percent(0.1234) == "12.3%"
    assert formats.percent(1, 0) == "100%"
    assert formats.percent(None) == formats.score(None) == formats.count(None) == formats.MISSING
    assert formats.score(0.61849) == "0.618"
    assert formats.score(None, "does not occur") == "does not occur"
    shares = [0.75, 0.1, 0.0451, 0.0001, 0.00009]
    rough = [formats.rough_percent(share) for share in shares]
    assert rough == ["75%", "10%", "4.51%", "0.01%", "< 0.01%"]


def test_numbers() -> None:
    assert formats.count(1_931_234) == "1,931,234"
    assert formats.millions(1_931_234) == "1.9 M"
    assert formats.millions(30_589) == "30,589"
    assert [formats.si_number(n) for n in (12_345, 3_456_000, 1.234e10, 2e12)] == [
        "12,345",
        "3.46 M",
        "12.3 G",
        "2 T",
    ]
    assert formats.counted(1, "run") == "1 run"
    assert formats.counted(0, "run") == "0 runs"
    assert formats.counted(1200, "pair of tiles", "pairs of tiles") == "1,200 pairs of tiles"


def test_numbers_of_any_size_have_no_exponent_where_they_can_be_read() -> None:
    numbers = [4051.0, 0.4234, -9999.0, 12_345_678.0, 0.0, 1.5e-7, -3.4e38, 99.96]
    expected = ["4,050", "0.423", "-10,000", "12,300,000", "0", "1.5e-07", "-3.4e+38", "100"]
    assert [formats.short_number(number) for number in numbers] == expected
    assert formats.short_number(-9999.0, 4) == "-9,999"


def test_lists() -> None:
    assert [formats.listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert formats.listed_first(["a", "b", "c"], 3) == "a, b, c"
    assert formats.listed_first(["a", "b", "c"], 1) == "a and 2 more"


def test_memory_is_binary_and_files_are_decimal() -> None:
    assert formats.binary_size(3 * 2**29) == "1.5 GiB"
    assert formats.binary_size(2**29) == "0.5 GiB"
    assert formats.binary_size(64 * 2**20) == "64 MiB"
    sizes = [formats.decimal_size(size) for size in (1.5e9, 2.6e8, 3.69e7, 2.34e6, 4.5e5)]
    assert sizes == ["1.5 GB", "260 MB", "36.9 MB", "2.34 MB", "0.45 MB"]


def test_a_number_has_no_exponent() -> None:
    numbers = (0.00123, 0.000012, 5470.0, 123_456, 2.5)
    assert [formats.significant(n) for n in numbers] == [
        "0.0012", "0.000012", "5,500", "120,000", "2.5",
    ]  # fmt: skip
    assert formats.significant(12.5, 6) == "12.5"
    assert [formats.si_number(n) for n in (5.47e15, 999.7e6, 1e12, 155.2e6)] == [
        "5,470 T", "1,000 M", "1 T", "155 M",
    ]  # fmt: skip
