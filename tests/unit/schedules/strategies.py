"""Random cron expressions, each with what it means."""

from calendar import monthrange
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.unit.schedules.walk import Model, Part


def starred(low: int, high: int) -> st.SearchStrategy[Part]:
    return st.integers(1, high - low).map(
        lambda step: Part(f"*/{step}" if step > 1 else "*", frozenset(range(low, high + 1, step)))
    )


def named(low: int, high: int) -> st.SearchStrategy[Part]:
    """Numbers, lists, ranges and steps."""
    number = st.integers(low, high)
    return st.one_of(
        number.map(lambda n: Part(str(n), frozenset([n]))),
        st.lists(number, min_size=2, max_size=5).map(lambda ns: Part(",".join(map(str, ns)), frozenset(ns))),
        st.tuples(number, number).map(lambda ends: _span(min(ends), max(ends))),
        st.tuples(number, number, st.integers(2, 7).filter(lambda n: n <= high - low)).map(
            lambda three: _span(min(three[:2]), max(three[:2]), three[2])
        ),
    )


def parts(low: int, high: int) -> st.SearchStrategy[Part]:
    return st.one_of(starred(low, high), named(low, high))


def _span(low: int, high: int, step: int = 1) -> Part:
    # cronsim reads `8-8/2` as `8/2`.
    suffix = f"/{step}" if step > 1 and low < high else ""
    return Part(f"{low}-{high}{suffix}", frozenset(range(low, high + 1, step)))


def _last_day(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def _last_workday(on: date) -> date:
    last = _last_day(on)
    return last - timedelta(days=max(last.isoweekday() - 5, 0))


def nearest_weekday(day: int) -> Part:
    """The model looks at all the weekdays of the month; the library looks at one day's neighbours."""

    def is_nearest(on: date) -> bool:
        days = (on.replace(day=n) for n in range(1, _last_day(on).day + 1))
        return on == min((d for d in days if d.isoweekday() <= 5), key=lambda d: abs(d.day - day))

    return Part(f"{day}W", on=is_nearest)


def nth_weekday(weekday: int, nth: int) -> Part:
    return Part(
        f"{weekday}#{nth}", on=lambda on: on.isoweekday() % 7 == weekday and (on.day - 1) // 7 + 1 == nth
    )


def last_weekday(weekday: int) -> Part:
    return Part(
        f"{weekday}L",
        on=lambda on: on.isoweekday() % 7 == weekday and (_last_day(on).day - on.day) < 7,
    )


DAYS = st.one_of(
    parts(1, 31),
    st.just(Part("L", on=lambda on: on.day == _last_day(on).day)),
    st.just(Part("LW", on=lambda on: on.day == _last_workday(on).day)),
)
"""What cronsim reads too."""
WEEKDAYS = st.one_of(
    parts(0, 6),
    st.builds(nth_weekday, st.integers(0, 6), st.integers(1, 5)),
    st.builds(last_weekday, st.integers(0, 6)),
)

_NEAREST = st.integers(1, 28).map(nearest_weekday)

plain_models = st.builds(Model, parts(0, 59), parts(0, 23), DAYS, parts(1, 12), WEEKDAYS)
"""Any expression that cronsim reads too."""

models = st.builds(Model, parts(0, 59), parts(0, 23), st.one_of(DAYS, _NEAREST), parts(1, 12), WEEKDAYS)
"""Any expression of five fields."""

six_fields = st.builds(
    Model, parts(0, 59), parts(0, 23), DAYS, parts(1, 12), WEEKDAYS, st.one_of(starred(0, 59), named(1, 59))
)
"""Any expression of six fields that cronsim reads too. Its second is never a bare 0, which has no sixth field."""

_any_month = Part("*", frozenset(range(1, 13)))
_any_day = Part("*", frozenset(range(1, 32)))
_any_weekday = Part("*", frozenset(range(7)))
small_hours = st.builds(
    Model,
    parts(0, 59),
    st.one_of(named(0, 4), parts(0, 23)),
    st.one_of(st.just(_any_day), DAYS, _NEAREST),
    st.just(_any_month),
    st.one_of(st.just(_any_weekday), WEEKDAYS),
)
"""Expressions that are likely to meet a change of the clocks."""

small_seconds = st.builds(
    Model,
    st.one_of(st.just(Part("0,30", frozenset([0, 30]))), parts(0, 59)),
    st.one_of(named(0, 4), parts(0, 23)),
    st.just(_any_day),
    st.just(_any_month),
    st.just(_any_weekday),
    st.one_of(starred(0, 59), named(1, 59)),
)
"""The same with seconds."""
