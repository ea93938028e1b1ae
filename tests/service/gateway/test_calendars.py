"""Calendars through the API: from days, from entries, from a file; kept while they are used."""

import asyncio
import time
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.calendars import CALENDAR_LIMIT, MOST_ENTRIES, Calendar
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, last_sequence

CHRISTMAS = {"kind": "days", "first": "2026-12-25", "last": "2026-12-25", "name": "Christmas Day"}
SHUTDOWN = {"kind": "days", "first": "2026-12-24", "last": "2027-01-01", "name": "Shutdown"}
FREEZE = {
    "kind": "span",
    "starts_at": "2026-11-27T05:00:00Z",
    "ends_at": "2026-11-28T05:00:00Z",
    "name": "Freeze",
}
TODAY = "2026-03-02"
DATES = ["2026-12-25 Christmas Day", "2026-12-24..2027-01-01  Shutdown", "2026-05-01"]


def ics(*events: str) -> str:
    blocks = [line for event in events for line in ("BEGIN:VEVENT", *event.split(), "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *blocks, "END:VCALENDAR", ""])


YEARLY = ics("DTSTART;VALUE=DATE:20201225 RRULE:FREQ=YEARLY SUMMARY:Christmas")
# The thirtieth of February: the rule is looked through for thousands of years, event by event.
ENDLESS = ics(
    *(f"UID:{n} DTSTART;VALUE=DATE:19000101 RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30" for n in range(200))
)


async def refused(running: Running, path: str = "/calendars", **body: Any) -> list[tuple[str, str]]:
    """The fields that were refused, with their problems."""
    answer = await running.http.post(f"/api/v1{path}", json={"name": "X", **body}, timeout=30)
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["problem"]) for error in answer.json()["errors"]]


async def test_from_days_as_people_write_them(running: Running, bus: Client) -> None:
    made = await running.http.post("/api/v1/calendars", json={"name": "Company holidays", "dates": DATES})

    document = made.json()
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/api/v1/calendars/company-holidays"
    assert made.headers["etag"] == f'"{document["revision"]}"'
    assert document["entries"] == [
        {"kind": "days", "first": "2026-05-01", "last": "2026-05-01", "name": ""},
        SHUTDOWN,
        CHRISTMAS,
    ]
    assert (document["id"], document["source"], document["covers_until"]) == (
        "company-holidays",
        "list",
        None,
    )
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("calendars", "company-holidays"))
    assert last is not None
    assert len(Calendar.model_validate_json(last.body).entries) == 3


async def test_from_entries(running: Running) -> None:
    body = {"id": "freeze", "name": "Freeze", "description": "none", "entries": [FREEZE, CHRISTMAS]}
    made = await running.json("POST", "/calendars", body)

    assert made["entries"] == [FREEZE, CHRISTMAS]
    assert await running.json("GET", "/calendars/freeze") == made


async def test_from_a_file(running: Running) -> None:
    made = await running.json("POST", "/calendars", {"name": "Feed", "ics": YEARLY})

    assert made["source"] == "ics"
    assert made["entry_count"] == len(made["entries"]) == 11
    assert made["covers_until"] > "2035"
    assert {entry["name"] for entry in made["entries"]} == {"Christmas"}


async def test_a_list_leaves_the_entries_out(running: Running) -> None:
    await running.json("POST", "/calendars", {"name": "B", "dates": DATES})
    await running.json("POST", "/calendars", {"name": "A", "dates": []})

    listed = await running.json("GET", "/calendars")

    assert [(one["id"], one["entry_count"]) for one in listed] == [("a", 0), ("b", 3)]
    assert not any("entries" in one for one in listed)


async def test_a_change_replaces_what_is_in_it_or_leaves_it(running: Running) -> None:
    made = await running.json("POST", "/calendars", {"name": "Feed", "description": "x", "ics": YEARLY})
    path = "/calendars/feed"

    renamed = await running.json("PATCH", path, {"name": "New", "description": None})
    assert (renamed["name"], renamed["description"], renamed["entries"]) == ("New", "", made["entries"])
    sent_back = await running.json("PATCH", path, {**renamed, "name": "Newer"})
    assert (sent_back["source"], sent_back["covers_until"]) == ("ics", made["covers_until"])
    listed = await running.json("PATCH", path, {"dates": ["2026-12-25 Christmas Day"]})
    assert (listed["entries"], listed["source"], listed["covers_until"]) == ([CHRISTMAS], "list", None)
    again = await running.json("PATCH", path, {"ics": YEARLY})
    assert again["entries"] == made["entries"]


async def test_a_change_is_of_what_was_read(running: Running) -> None:
    made = await running.json("POST", "/calendars", {"name": "A", "dates": []})
    await running.json("PATCH", "/calendars/a", {"name": "B"})

    old = {"If-Match": f'"{made["revision"]}"'}
    changed = await running.http.patch("/api/v1/calendars/a", json={"name": "C"}, headers=old)
    deleted = await running.http.delete("/api/v1/calendars/a", headers=old)

    assert (changed.status_code, deleted.status_code) == (412, 412)
    assert (await running.json("GET", "/calendars/a"))["name"] == "B"


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("nothing in it", {}, "dates", "is missing: give days as '2026-12-25 Christmas Day'"),
    ("two ways", {"dates": [], "ics": YEARLY}, "ics", "cannot stand beside 'dates'"),
    ("no list", {"dates": "2026-12-25"}, "dates", "must be a list"),
    ("no such day", {"dates": [*DATES[:2], "2026-02-30 Leap"]}, "dates", "the 3rd, '2026-02-30 Leap': "),
    ("no day at all", {"dates": ["Christmas"]}, "dates", "the 1st, 'Christmas': "),
    ("empty day", {"dates": ["2026-12-25", ""]}, "dates", "the 2nd, '': "),
    ("backwards", {"dates": ["2027-01-01..2026-12-24 X"]}, "dates", "end before they begin"),
    ("half a range", {"dates": ["2026-12-24.. X"]}, "dates", "the 1st, "),
    ("long name", {"dates": ["2026-12-25 " + "x" * 101]}, "dates", "may have 100 characters"),
    ("too many days", {"dates": ["2026-12-25"] * (MOST_ENTRIES + 1)}, "dates", "has 3,001 entries"),
    ("no entries", {"entries": {"kind": "days"}}, "entries", "must be a list"),
    ("strange entry", {"entries": [{"kind": "hours"}]}, "entries.0.kind", "days"),
    ("entry without a day", {"entries": [CHRISTMAS, {"kind": "days", "last": TODAY}]}, "entries.1.first", "missing"),
    ("backwards entry", {"entries": [{**CHRISTMAS, "last": "2026-12-24"}]}, "entries.0.last", "2026-12-25"),
    ("backwards span", {"entries": [{**FREEZE, "ends_at": FREEZE["starts_at"]}]}, "entries.0.ends_at", "after"),
    ("span without a zone", {"entries": [{**FREEZE, "starts_at": f"{TODAY}T05:00"}]}, "entries.0.starts_at", "offset"),
    ("too many entries", {"entries": [1] * (MOST_ENTRIES + 1)}, "entries", "has 3,001 entries"),
    ("no file", {"ics": ["BEGIN:VCALENDAR"]}, "ics", "must be the text of an .ics file"),
    ("another file", {"ics": "hello\nthere"}, "ics", "line 1: 'hello' is no line of an iCalendar file"),
    ("wrong line", {"ics": ics("DTSTART;VALUE=DATE:20261299")}, "ics", "line 4: 'DTSTART;VALUE=DATE:20261299' cannot"),
    ("half a character", {"ics": "\x00"}, "ics", "line 1: holds a control character"),
    ("strange field", {"dates": [], "color": "red"}, "color", "is not known; known are"),
    ("blank name", {"dates": [], "name": " "}, "name", "empty"),
    ("odd id", {"dates": [], "id": "A B"}, "id", "small letters"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_a_wrong_calendar_is_refused(
    running: Running, bus: Client, body: dict[str, Any], field: str, words: str
) -> None:
    before = await last_sequence(bus, streams.CATALOG)

    ((named, problem),) = await refused(running, **body)

    assert named == field
    assert words in problem
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_all_that_is_wrong_is_said_at_once(running: Running) -> None:
    wrong = await refused(running, name="", dates=["x", "2026-12-25", "y"], colour="red")

    assert [field for field, _ in wrong] == ["colour", "name", "dates", "dates"]


async def test_a_file_that_would_keep_it_for_long_is_given_up(running: Running) -> None:
    began = time.monotonic()
    asked = asyncio.create_task(refused(running, ics=ENDLESS))
    answered = 0
    while not asked.done():
        await running.json("GET", "/calendars")
        answered += 1

    ((field, problem),) = await asked
    assert field == "ics"
    assert "takes too long to read" in problem
    assert time.monotonic() - began < 20
    assert answered > 50, "others were answered meanwhile"


async def test_what_is_too_large_says_how_large_it_may_be(running: Running) -> None:
    file = ics(*(f"UID:{number} DTSTART;VALUE=DATE:20261225 X-NOTE:{'x' * 400}" for number in range(600)))
    body = await running.http.post("/api/v1/calendars", json={"name": "X", "ics": file})

    rule = f"DTSTART:20260101T000000Z DURATION:PT1H RRULE:FREQ=DAILY;COUNT=2900 SUMMARY:{'x' * 100}"
    ((field, problem),) = await refused(running, ics=ics(rule))

    assert body.status_code == 413
    assert "262144 bytes" in body.json()["detail"]
    assert field == "ics"
    assert f"one may have {CALENDAR_LIMIT:,}: make several of it" in problem


async def test_what_is_used_stays(running: Running) -> None:
    await running.agent()
    await running.json("POST", "/calendars", {"id": "holidays", "name": "Holidays", "dates": DATES})
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab", "calendars": ["holidays"]})
    job = await running.job(schedule="0 9 * * *", calendars=["holidays"])

    async def delete() -> tuple[int, str]:
        answer = await running.http.delete("/api/v1/calendars/holidays")
        return answer.status_code, answer.text

    status, text = await delete()
    assert status == 409
    assert f"job '{job['id']}'" in text
    assert "environment 'lab'" in text
    await running.json("PATCH", f"/jobs/{job['id']}", {"calendars": None})
    status, text = await delete()
    assert (status, job["id"] in text) == (409, False)
    await running.json("PATCH", "/environments/lab", {"calendars": []})
    assert (await delete())[0] == 204
    assert await running.json("GET", "/calendars") == []


async def test_a_job_names_calendars_that_exist(running: Running) -> None:
    await running.agent()
    await running.json("POST", "/calendars", {"id": "holidays", "name": "Holidays", "dates": DATES})
    kept = await running.job(calendars=["holidays"])
    body = {"name": "X", "prompt": "Go", "agent_id": "idle", "calendars": ["holidays", "holiday"]}

    made = await running.http.post("/api/v1/jobs", json=body)
    changed = await running.http.patch(f"/api/v1/jobs/{kept['id']}", json={"calendars": ["none"]})
    several = await running.http.post("/api/v1/jobs", json={**body, "name": ""})

    problem = "names the calendar 'holiday', which does not exist: did you mean 'holidays'?"
    assert made.json()["errors"] == [{"field": "calendars", "problem": problem}]
    assert changed.status_code == 422
    assert {error["field"] for error in several.json()["errors"]} == {"name", "calendars"}
    assert kept["calendars"] == ["holidays"]
