"""What is remembered of a job is what would be found out anew: at every instant, whatever changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.calendars import Calendar, DaysEntry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.catalog.contents import Catalog, Key
from lamplighter_gateway.jobs.forecasts import Forecasts
from lamplighter_gateway.jobs.renderings import Renderings, rendering
from lamplighter_gateway.jobs.surroundings import times_of
from lamplighter_gateway.jobs.upcoming import next_runs

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def job(**fields: Any) -> Job:
    told = {
        "job_id": "one",
        "name": "One",
        "prompt": "Go",
        "executor": {"kind": "agent", "agent_id": "idle"},
        "triggers": [{"kind": "schedule", "schedule": "*/5 * * * *"}],
        **dict.fromkeys(("created_at", "updated_at", "scheduled_from"), NOON - timedelta(days=1)),
    }
    return Job.model_validate({**told, **fields})


PAUSE = {"paused_at": NOON, "until": NOON + timedelta(minutes=12)}
JOBS = {
    "every five minutes": job(),
    "by hand": job(triggers=[]),
    "once": job(triggers=[{"kind": "schedule", "schedule": "@at 2026-11-22 12:07"}]),
    "paused until": job(pause=PAUSE, enabled=False),
    "paused": job(pause={"paused_at": NOON}, enabled=False),
    "left out by a calendar": job(exclusions={"calendars": ["off"]}),
    "spread": job(spread={"spread_seconds": 120, "jitter_seconds": 20}),
    "three times": job(window={"max_runs": 3}),
}


def catalog_of(*items: tuple[str, str, Any]) -> Catalog:
    catalog = Catalog()
    for revision, (kind, name, item) in enumerate(items, 1):
        catalog.learn(Key(kind, name), revision, item)
    return catalog


@pytest.mark.parametrize("case", JOBS)
def test_remembered_is_as_found_out_anew(case: str) -> None:
    one, forecasts = JOBS[case].model_copy(), Forecasts()
    catalog = catalog_of(("jobs", "one", one))
    gate = Gate(job_id="one")
    for step in range(0, 3_600, 7):
        now = NOON + timedelta(seconds=step)
        anew = next(iter(next_runs(one, times_of(one, catalog), gate, now, 1)), None)
        assert forecasts.next_run(one, catalog, gate, now) == anew, now


def test_what_it_stands_on_is_seen_to_change() -> None:
    forecasts, gate = Forecasts(), Gate(job_id="one")
    times = dict.fromkeys(("created_at", "updated_at"), NOON)
    off = Calendar(calendar_id="off", name="Off", **times)
    place = Environment(environment_id="default", name="Default", **times)
    one = job(exclusions={"calendars": ["off"]})
    catalog = catalog_of(("jobs", "one", one), ("calendars", "off", off), ("environments", "default", place))

    def told() -> datetime | None:
        found = catalog.find(Job, "one")
        assert found is not None
        return forecasts.next_run(found, catalog, gate, NOON)

    assert told() == NOON + timedelta(minutes=5)
    catalog.learn(Key("jobs", "one"), 10, job(triggers=[{"kind": "schedule", "schedule": "30 12 * * *"}]))
    assert told() == NOON + timedelta(minutes=30)
    catalog.learn(Key("jobs", "one"), 11, job(exclusions={"calendars": ["off"]}))
    today = DaysEntry(first=NOON.date(), last=NOON.date())
    catalog.learn(Key("calendars", "off"), 12, off.model_copy(update={"entries": (today,)}))
    assert told() == datetime(2026, 11, 23, tzinfo=UTC)
    catalog.learn(Key("jobs", "one"), 13, job())
    assert told() == NOON + timedelta(minutes=5)
    closed = place.model_copy(update={"exclusions": job(exclusions={"dates": ["2026-11-22"]}).exclusions})
    catalog.learn(Key("environments", "default"), 14, closed)
    assert told() == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_rendering_is_of_its_revision() -> None:
    renderings = Renderings()
    one = job().model_copy(update={"revision": 1})
    renamed = one.model_copy(update={"name": "Two", "revision": 2})
    unsaved = one.model_copy(update={"name": "Three", "revision": 0})

    for each in (one, renamed, one, unsaved, one):
        assert renderings.of(each) == rendering(each)
