"""Times as people write them."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from lamplighter_cli import moments
from lamplighter_cli.exits import WrongUse

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01 09:00", "2026-12-01T08:00:00Z"),
        ("2026-12-01T09:00:30", "2026-12-01T08:00:30Z"),
        ("2026-07-01 09:00", "2026-07-01T07:00:00Z"),
        ("2026-12-01", "2026-11-30T23:00:00Z"),
        ("2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00:00-05:00", "2026-12-01T14:00:00Z"),
        (" 2026-12-01 09:00 ", "2026-12-01T08:00:00Z"),
    ],
)
def test_a_time_without_an_offset_is_that_of_its_zone(text: str, instant: str) -> None:
    assert moments.rfc3339(moments.read(text), PARIS) == instant


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "09:00", "20261201", "2026-13-01", "2026-W49-1", "2026-12-01 25:00"]
)
def test_what_is_no_time_is_refused_with_both_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: write 2026-12-01 09:00 or"):
        moments.read(text)


def test_a_zone_that_is_not_known_is_named_with_the_option_that_needs_it() -> None:
    assert moments.zone("Europe/Paris", "--at") == PARIS
    for wrong in ("Mars/Olympus", "../etc/passwd", "Europe", ""):
        with pytest.raises(WrongUse, match=r"--timezone .* give --at an offset"):
            moments.zone(wrong, "--at")


def test_the_end_of_all_time_is_too_far_away() -> None:
    with pytest.raises(WrongUse, match="too far away"):
        moments.rfc3339(moments.read("9999-12-31 23:00"), ZoneInfo("America/New_York"))
    assert moments.rfc3339(moments.read("9999-12-31 23:00"), UTC) == "9999-12-31T23:00:00Z"


def test_a_wall_time_has_seconds_where_there_are_any() -> None:
    assert moments.wall(moments.read("2026-12-01")) == "2026-12-01 00:00"
    assert moments.wall(moments.read("2026-12-01 09:00:05")) == "2026-12-01 09:00:05"
