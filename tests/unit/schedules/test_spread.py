"""By how much starts are put off: bounded, the same every time, even."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_schedules import next_after, offset, parse
from tests.unit.schedules.walk import DAY, MINUTE, SECOND, utc

NOON = utc("2026-06-01T12:00+00:00")
NONE = timedelta(0)
JOBS = [f"job-{n}" for n in range(2_000)]

windows = st.one_of(st.timedeltas(NONE, 30 * SECOND), st.timedeltas(NONE, 2 * DAY))
gaps = st.one_of(st.none(), st.integers(1, 90).map(lambda n: n * SECOND), st.timedeltas(SECOND, DAY))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.text(max_size=40), instants, windows, windows, gaps)
def test_it_is_within_its_windows_and_below_the_gap(
    job_id: str, instant: datetime, spread: timedelta, jitter: timedelta, gap: timedelta | None
) -> None:
    put_off = offset(job_id, instant, spread=spread, jitter=jitter, gap=gap)

    assert NONE <= put_off <= spread + jitter
    assert put_off < spread + jitter or not spread + jitter
    assert gap is None or put_off < gap
    assert put_off == offset(job_id, instant, spread=spread, jitter=jitter, gap=gap)
    assert put_off % timedelta(milliseconds=1) == NONE


@given(st.sampled_from(JOBS), instants, windows, windows)
def test_no_start_passes_the_next(
    job_id: str, instant: datetime, spread: timedelta, jitter: timedelta
) -> None:
    schedule = parse("*/7 3-5 * * *", "America/New_York")
    starts = []
    for _ in range(5):
        following = next_after([schedule], instant)
        assert following is not None
        starts.append(
            instant + offset(job_id, instant, spread=spread, jitter=jitter, gap=following - instant)
        )
        instant = following

    assert starts == sorted(starts)
    assert len(set(starts)) == 5


def test_windows_of_ten_seconds_and_more_are_whole_seconds() -> None:
    coarse = {offset(job, NOON, spread=10 * SECOND, jitter=30 * SECOND, gap=None) for job in JOBS}
    fine = {offset(job, NOON, spread=9 * SECOND, jitter=NONE, gap=None) for job in JOBS}

    assert all(put_off.microseconds == 0 for put_off in coarse)
    assert any(put_off.microseconds for put_off in fine)


def test_the_stable_part_is_the_jobs_and_the_jitter_is_the_occurrences() -> None:
    later = NOON + DAY

    assert _spread("a", NOON) == _spread("a", later)
    assert _spread("a", NOON) != _spread("b", NOON)
    assert _jitter("a", NOON) != _jitter("a", later)
    assert _jitter("a", NOON) != _jitter("b", NOON)
    assert _jitter("a", NOON) == _jitter("a", NOON.astimezone(timezone(timedelta(hours=5))))
    both = offset("a", NOON, spread=DAY, jitter=DAY, gap=None)
    assert both == _spread("a", NOON) + _jitter("a", NOON)


def _spread(job_id: str, instant: datetime) -> timedelta:
    return offset(job_id, instant, spread=DAY, jitter=NONE, gap=None)


def _jitter(job_id: str, instant: datetime) -> timedelta:
    return offset(job_id, instant, spread=NONE, jitter=DAY, gap=None)


def test_without_windows_or_room_nothing_is_put_off() -> None:
    assert offset("a", NOON, spread=NONE, jitter=NONE, gap=None) == NONE
    assert offset("a", NOON, spread=DAY, jitter=DAY, gap=NONE) == NONE


@pytest.mark.parametrize(
    ("spread", "jitter", "gap", "room"),
    [
        (60 * MINUTE, NONE, None, 60 * MINUTE),
        (NONE, 60 * MINUTE, None, 60 * MINUTE),
        # Where the gap is smaller than the window, starts are even over the gap, not heaped at its end.
        (60 * MINUTE, NONE, 5 * MINUTE, 5 * MINUTE),
        (8 * SECOND, NONE, None, 8 * SECOND),
    ],
)
def test_starts_are_even_over_the_window(
    spread: timedelta, jitter: timedelta, gap: timedelta | None, room: timedelta
) -> None:
    tenths = Counter(offset(job, NOON, spread=spread, jitter=jitter, gap=gap) * 10 // room for job in JOBS)

    expected = len(JOBS) / 10
    chi_square = sum((tenths[tenth] - expected) ** 2 / expected for tenth in range(10))
    # Nine degrees of freedom: above 28 once in a thousand.
    assert chi_square < 28
    assert sum(tenths[tenth] for tenth in range(10)) == len(JOBS)


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "from datetime import datetime, timedelta, UTC; from lamplighter_schedules import offset; "
        "hour = timedelta(hours=1); "
        "print(offset('daily-report', datetime(2026, 6, 1, 12, tzinfo=UTC), spread=hour, jitter=hour, gap=None))"
    )
    command = [sys.executable, "-c", program]
    answers = {
        subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }

    here = offset("daily-report", NOON, spread=60 * MINUTE, jitter=60 * MINUTE, gap=None)
    assert answers == {f"{here}\n"}
    # A change of this value would move every spread job of every user.
    assert here == timedelta(minutes=56, seconds=27)


def test_a_naive_time_is_a_fault() -> None:
    with pytest.raises(ValueError, match="aware"):
        offset("a", NOON.replace(tzinfo=None), spread=DAY, jitter=NONE, gap=None)
