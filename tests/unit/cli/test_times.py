"""Times as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lamplighter_cli.times import Clock, duration, relative

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=5), "in 5 s"),
        (timedelta(minutes=-59, seconds=-59), "59 min ago"),
        (timedelta(hours=3), "in 3 h"),
        (timedelta(days=-2, hours=-1), "2 d ago"),
        (timedelta(days=61), None),
    ],
)
def test_a_distance_is_told_in_its_largest_unit(distance: timedelta, words: str | None) -> None:
    assert relative(distance) == words


def test_local_time_has_its_zone() -> None:
    clock = Clock(NOW, ZoneInfo("Europe/Berlin"), hints=True)
    assert clock.local("2026-03-02T09:00:00Z") == "2026-03-02 10:00:00 CET (in 30 min)"
    assert clock.local("2026-07-02T09:00:00Z") == "2026-07-02 11:00:00 CEST"


def test_a_pipe_gets_no_hint_that_changes_with_time() -> None:
    assert Clock(NOW, UTC, hints=False).local("2026-03-02T09:00:00.250Z") == "2026-03-02 09:00:00 UTC"


@pytest.mark.parametrize(("text", "shown"), [(None, None), ("", None), ("soon", "soon")])
def test_what_is_no_time(text: str | None, shown: str | None) -> None:
    assert Clock(NOW, UTC, hints=True).local(text) == shown


def test_a_duration_is_told_in_two_units_at_most() -> None:
    start = "2026-03-02T09:00:00Z"
    assert duration(start, "2026-03-02T09:00:01.500Z") == "1.5 s"
    assert duration(start, "2026-03-02T09:02:05Z") == "2 min 5 s"
    assert duration(start, "2026-03-02T11:02:05Z") == "2 h 2 min"
    assert duration(start, None) is None


def test_the_times_in_a_sentence_are_the_readers_own() -> None:
    clock = Clock(NOW, ZoneInfo("Europe/Berlin"), hints=True)
    told = clock.retold(
        "it was decided at 2026-03-02T09:00:00.250Z, on 2026-03-02, after 2026-07-02T09:00:00Z"
    )
    assert told == "it was decided at 2026-03-02 10:00:00 CET, on 2026-03-02, after 2026-07-02 11:00:00 CEST"
