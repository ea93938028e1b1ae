"""What is left out, how often a job fires, and when its occurrences take effect."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.calendars import Calendar, DaysEntry, SpanEntry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import SkipReason, TriggerKind
from lamplighter_contracts.timing import Exclusions
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Due, Queued, Skipped
from lamplighter_planning.timetable import Surroundings, timetable
from tests.support.situations import (
    JOB_ID,
    MADE,
    TICK,
    at,
    ended,
    job,
    manual,
    outcome,
    outcomes,
    paused,
    scheduled,
    situation,
    trigger,
    webhook,
)
from tests.unit.planning.world import World

DAILY, HOURLY = "0 9 * * *", "0 * * * *"
ALLOW = {"concurrency": {"overlap": "allow"}}
AT_NINE = "2026-03-02T09:00:00Z"


def calendar(name: str, *entries: DaysEntry | SpanEntry) -> Calendar:
    """Its id is its own: what is read of a calendar is kept by id and revision."""
    return Calendar(
        calendar_id=f"{name}-of-ada", name=name.title(), entries=entries, created_at=MADE, updated_at=MADE
    )


HOLIDAYS = calendar("holidays", DaysEntry(first=date(2026, 3, 2), last=date(2026, 3, 2), name="Ada's day"))
OUTAGES = calendar("outages", SpanEntry(starts_at=at("08:30"), ends_at=at("09:30")))
ELSEWHERE = calendar("elsewhere", DaysEntry(first=date(2026, 3, 3), last=date(2026, 3, 9)))
CALENDARS = {each.calendar_id: each for each in (HOLIDAYS, OUTAGES, ELSEWHERE)}


def around(timezone: str = "UTC", **exclusions: Any) -> Surroundings:
    environment = Environment(
        environment_id="default",
        name="Default",
        timezone=timezone,
        exclusions=Exclusions(**exclusions),
        created_at=MADE,
        updated_at=MADE,
    )
    return Surroundings(environment, CALENDARS)


def at_nine(nearby: Surroundings, **changes: Any) -> list[Due | Queued | Skipped]:
    """The rulings on what is due at nine."""
    world = World(job(DAILY, **changes), at("09:00"), around=nearby)
    world.gate = world.gate.model_copy(update={"cursor": at("1T09:00")})
    world.meets(TICK)
    assert world.gate.cursor == at("09:00")
    return [ruling for _, ruling in world.records]


@pytest.mark.parametrize(
    ("exclusions", "reason", "detail"),
    [
        ({"dates": ["2026-03-02"]}, SkipReason.EXCLUDED_DATE, "2026-03-02 is an excluded date"),
        ({"dates": ["2026-03-01..2026-03-05"]}, SkipReason.EXCLUDED_DATE, "2026-03-01..2026-03-05"),
        ({"blackouts": ["mon 08:00 - mon 10:00"]}, SkipReason.BLACKOUT, "mon 08:00 - mon 10:00"),
        ({"calendars": ["holidays-of-ada"]}, SkipReason.CALENDAR, "'Holidays' (Ada's day)"),
        ({"calendars": ["elsewhere-of-ada", "outages-of-ada"]}, SkipReason.CALENDAR, "'Outages'"),
    ],
)
@pytest.mark.parametrize("whose", ["job", "environment"])
def test_what_is_excluded_is_recorded_and_does_not_fire(
    whose: str, exclusions: dict[str, Any], reason: SkipReason, detail: str
) -> None:
    if whose == "job":
        [ruling] = at_nine(around(), exclusions=exclusions)
    else:
        [ruling] = at_nine(around(**exclusions))
    assert isinstance(ruling, Skipped)
    assert (ruling.reason, ruling.count) == (reason, 1)
    assert detail in ruling.detail


@pytest.mark.parametrize(
    "exclusions",
    [{}, {"dates": ["2026-03-03"]}, {"calendars": ["elsewhere-of-ada"]}, {"calendars": ["unknown"]}],
)
def test_what_is_not_excluded_fires(exclusions: dict[str, Any]) -> None:
    assert [outcome(ruling) for ruling in at_nine(around(**exclusions), exclusions=exclusions)] == ["due"]


def test_the_days_of_an_environment_are_those_of_its_zone() -> None:
    """Nine in UTC is the third of March nowhere, and the second in Auckland until eleven."""
    assert isinstance(at_nine(around("Pacific/Auckland", dates=["2026-03-02"]))[0], Skipped)
    assert isinstance(at_nine(around("Pacific/Auckland", blackouts=["mon 08:00 - mon 10:00"]))[0], Due)


def test_nobody_but_the_schedule_minds_a_calendar() -> None:
    of = job(DAILY, exclusions={"dates": ["2026-03-02"]}, **ALLOW)
    asked = Asked(JOB_ID, triggers=(*manual("k").triggers, *webhook("l").triggers))
    assert outcomes(decide(situation(of), asked, at("09:00"))) == ["due k", "due l"]


def test_what_is_left_out_is_not_missed_and_does_not_stand_for_others() -> None:
    """Of three that are overdue the last is excluded: the one before it is the last that may fire."""
    of = job(HOURLY, exclusions={"blackouts": ["mon 10:00 - mon 10:30"]})
    decision = decide(situation(of, cursor="07:00"), TICK, at("10:00"))
    assert outcomes(decision) == [
        "missed 2026-03-02T08:00:00Z",
        "due 2026-03-02T09:00:00Z",
        "blackout 2026-03-02T10:00:00Z",
    ]
    assert decision.gate is not None
    assert decision.gate.cursor == at("10:00")


def test_a_job_fires_as_often_as_it_may_and_says_so() -> None:
    of = job("* * * * *", window={"max_runs": 3}, **ALLOW)
    world = World(of, at("09:00"))
    world.gate = world.gate.model_copy(update={"cursor": at("09:00")})
    world.runs_on(at("10:00"), timedelta(0))
    assert [outcome(ruling) for _, ruling in world.records] == ["due"] * 3
    assert world.alarm() is None
    assert world.gate.runs == 3


def test_starts_by_hand_do_not_count_and_are_not_counted_out() -> None:
    of = job(HOURLY, window={"max_runs": 1}, **ALLOW)
    world = World(of, at("09:00"))
    world.gate = world.gate.model_copy(update={"cursor": at("08:00")})
    for asked in (manual("k"), TICK, manual("l")):
        world.meets(asked)
    assert [outcome(ruling) for _, ruling in world.records] == ["due", "due", "due"]
    assert world.gate.runs == 1


def test_a_changed_schedule_counts_anew() -> None:
    of = job(HOURLY, window={"max_runs": 1}, scheduled_from=at("08:30"), **ALLOW)
    decision = decide(situation(of, cursor="08:00", runs=1, counted_from=MADE), TICK, at("09:00"))
    assert decision.gate is not None
    assert (decision.gate.runs, decision.gate.counted_from) == (1, at("08:30"))


def test_what_waits_when_the_job_has_fired_as_often_as_it_may_does_not_fire() -> None:
    of = job(HOURLY, window={"max_runs": 2}, concurrency={"overlap": "queue_all"})
    standing = situation(
        of, cursor="10:00", running="a", waiting=map(scheduled, "vw"), runs=1, counted_from=MADE
    )
    decision = decide(standing, ended("a"), at("10:30"))
    assert outcomes(decision) == ["due v"]
    assert decision.gate is not None
    later = situation(of, cursor="10:00", running="v", waiting=[scheduled("w")], runs=2, counted_from=MADE)
    assert outcomes(decide(later, ended("v"), at("10:31"))) == ["exhausted w"]


@pytest.mark.parametrize(
    ("of_gate", "asked", "wanted"),
    [
        ({"runs": 1}, TICK, ["due 2026-03-02T11:00:00Z"]),
        (
            {"runs": 1, "running": "a", "waiting": [scheduled("v")]},
            replace(TICK, ended=ended("a").ended),
            ["due v", "exhausted 2026-03-02T11:00:00Z"],
        ),
    ],
    ids=["fired as it came due", "waited"],
)
def test_one_that_was_over_goes_on_from_when_it_was_changed(
    of_gate: dict[str, Any], asked: Asked, wanted: list[str]
) -> None:
    """What came due before was none of its occurrences: it is not missed."""
    of = job(HOURLY, window={"max_runs": 2}, concurrency={"overlap": "queue_all"})
    standing = situation(of, cursor="10:00", counted_from=MADE, **of_gate)
    decision = decide(standing, asked, at("11:00"))
    assert outcomes(decision) == wanted
    assert decision.gate is not None

    more = job(HOURLY, window={"max_runs": 9}, updated_at=at("20:30"), **ALLOW)
    later = replace(standing, job=more, gate=decision.gate)
    assert outcomes(decide(later, TICK, at("20:30"))) == []
    assert outcomes(decide(later, TICK, at("21:00"))) == ["due 2026-03-02T21:00:00Z"]


def test_what_is_overdue_beyond_the_last_that_may_fire_is_exhausted() -> None:
    of = job(
        HOURLY, window={"max_runs": 2}, missed={"policy": "all", "limit": 9, "every_seconds": 1}, **ALLOW
    )
    world = World(of, at("09:00"))
    world.gate = world.gate.model_copy(update={"cursor": at("05:00")})
    world.tick_at(at("09:00:10"))
    world.runs_on(at("09:10"), timedelta(0))
    final = {
        r.occurrence.firing.key[11:13]: outcome(r) for _, r in world.records if not isinstance(r, Queued)
    }
    assert final == {"09": "due", "06": "due", "07": "exhausted", "08": "exhausted"}


@pytest.mark.parametrize(
    ("spread", "most"),
    [
        ({"spread_seconds": 1_800}, 1_800),
        ({"jitter_seconds": 1_800}, 1_800),
        ({"spread_seconds": 7_200, "jitter_seconds": 7_200}, 3_600),
    ],
)
def test_spread_moves_what_takes_effect_and_is_never_late(spread: dict[str, int], most: int) -> None:
    """Whatever the offset: each fires at its own time, in order, as if it were on time."""
    of = job(HOURLY, spread=spread, missed={"policy": "none", "window_seconds": 1}, **ALLOW)
    world = World(of, at("00:00"))
    world.gate = world.gate.model_copy(update={"cursor": at("00:00")})
    world.runs_on(at("3T00:00"), timedelta(0))
    fired: list[tuple[datetime, datetime]] = []
    for now, ruling in world.records:
        firing = ruling.occurrence.firing
        assert isinstance(ruling, Due)
        assert firing.effective_at == now
        assert timedelta(0) <= now - firing.nominal_at < timedelta(seconds=most)
        fired.append((firing.nominal_at, now))
    assert [nominal.hour for nominal, _ in fired] == list(range(1, 24))[: len(fired)]
    assert fired == sorted(fired)
    assert len({now - nominal for nominal, now in fired}) > 1 or "jitter_seconds" not in spread


def test_an_occurrence_that_is_skipped_says_when_it_would_have_taken_effect() -> None:
    of = job(HOURLY, spread={"spread_seconds": 1_800})
    effective = timetable(of, JOB_ID).effective(at("09:00"))
    [ruling] = decide(situation(of, cursor="08:00", running="a"), TICK, effective).rulings
    assert isinstance(ruling, Skipped)
    assert ruling.occurrence.firing.effective_at == effective


def test_an_occurrence_that_takes_effect_in_a_pause_is_paused_though_it_is_older() -> None:
    of = job(HOURLY, spread={"spread_seconds": 1_800}, **paused(since="09:00:00.500"))
    effective = timetable(of, JOB_ID).effective(at("09:00"))
    decision = decide(situation(of, cursor="08:00"), TICK, effective)
    assert outcomes(decision) == [f"paused {AT_NINE}"]


@pytest.mark.parametrize(
    ("pause", "wanted"),
    [
        (paused(), ["paused 10 x3"]),
        (paused(until="09:30"), ["paused 09 x2", "due 10"]),
        (paused(until="12:00", resumed="08:30"), ["paused 08", "missed 09", "due 10"]),
        (paused(since="09:30"), ["missed 08", "paused 09", "paused 10"]),
        (paused(since="09:30", resumed="09:45"), ["missed 08", "missed 09", "due 10"]),
    ],
    ids=["indefinite", "until", "resumed early", "later", "over before anything"],
)
def test_what_a_pause_passed_over_is_recorded_once(pause: dict[str, Any], wanted: list[str]) -> None:
    decision = decide(situation(job(HOURLY, **pause), cursor="07:00"), TICK, at("10:00"))
    told = []
    for ruling in decision.rulings:
        count = f" x{ruling.count}" if isinstance(ruling, Skipped) and ruling.count > 1 else ""
        told.append(f"{outcome(ruling)} {ruling.occurrence.firing.nominal_at:%H}{count}")
    assert told == wanted


def test_a_job_that_is_paused_again_records_each_pause_once() -> None:
    """Whoever pauses or resumes it has it looked at."""
    world = World(job(HOURLY), at("09:00"))
    world.gate = world.gate.model_copy(update={"cursor": at("09:00")})
    for now, changes in [
        ("09:30", paused(since="09:30")),
        ("12:30", paused(since="09:30", resumed="12:30")),
        ("13:30", paused(since="13:30", until="20:00")),
        ("15:30", paused(since="13:30", until="20:00", resumed="15:30")),
    ]:
        world.runs_on(at(now), timedelta(0))
        world.job = job(HOURLY, **changes)
        world.tick_at(at(now))
    world.runs_on(at("16:30"), timedelta(0))
    told = [
        (outcome(r), r.occurrence.firing.nominal_at.hour, r.count if isinstance(r, Skipped) else 1)
        for _, r in world.records
    ]
    assert told == [("paused", 12, 3), ("due", 13, 1), ("paused", 15, 2), ("due", 16, 1)]


def test_the_end_of_a_pause_has_its_note_and_its_author() -> None:
    pause = {"paused_at": at("08:00"), "until": at("3T00:00"), "note": "maintenance", "paused_by": "ann"}
    decision = decide(situation(job(DAILY, pause=pause), cursor="1T09:00"), TICK, at("09:00"))
    [ruling] = decision.rulings
    assert isinstance(ruling, Skipped)
    assert ruling.detail == (
        "the job was paused by ann at 2026-03-02T08:00:00Z until 2026-03-03T00:00:00Z: maintenance"
    )


def test_a_webhook_of_a_paused_job_is_told_so_and_a_person_is_obeyed() -> None:
    asked = Asked(JOB_ID, triggers=(trigger("k", kind=TriggerKind.WEBHOOK), trigger("l")))
    assert outcomes(decide(situation(job(**paused())), asked, at("09:00"))) == ["paused k", "due l"]
