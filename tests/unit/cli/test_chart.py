"""A load as bars."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lamplighter_cli.commands.simulate.chart import Bar, bars, lengths

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: int, load: int) -> Bar:
    return Bar(NINE + timedelta(minutes=minutes), load)


def test_each_bar_is_the_greatest_load_of_its_span() -> None:
    span, found = bars([at(0, 3), at(1, 7), at(59, 1), at(121, 2)], most=3)
    assert span == timedelta(hours=1)
    assert found == [at(0, 7), at(60, 0), at(120, 2)]


def test_the_order_of_a_report_does_not_matter() -> None:
    assert bars([at(5, 1), at(0, 2)], most=10) == bars([at(0, 2), at(5, 1)], most=10)


def test_there_are_never_more_bars_than_asked_for() -> None:
    for minutes in (1, 23, 24, 25, 1_000, 100_000, 10_000_000):
        load = [at(0, 1), at(minutes, 1)]
        span, found = bars(load, most=24)
        assert 1 <= len(found) <= 24
        assert sum(bar.load for bar in found) in (1, 2)
        assert found[0].at <= NINE < found[0].at + span


def test_days_begin_at_midnight_where_the_reader_is() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    load = [Bar((NINE + timedelta(days=day)).astimezone(zone), 1) for day in range(20)]
    span, found = bars(load, most=24)
    assert span == timedelta(days=1)
    assert [bar.load for bar in found] == [1] * 20
    assert {(bar.at.hour, bar.at.minute) for bar in found} == {(0, 0)}


def test_nothing_has_no_bars() -> None:
    assert bars([], most=24)[1] == []
    assert lengths([], 40) == []


def test_the_greatest_fills_the_width_and_one_still_shows() -> None:
    assert lengths([400, 200, 1, 0], 40) == [40, 20, 1, 0]
