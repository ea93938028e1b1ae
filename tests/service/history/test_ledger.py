"""The ledger: one record an occurrence, found by its instant, listed by range and outcome."""

from datetime import datetime

import pytest

from lamplighter_contracts.events import Event, Firing, JobDue, JobSkipped, Outcome, SkipReason, TriggerKind
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.queries import (
    FindOccurrence,
    ListOccurrences,
    OccurrenceAnswer,
    OccurrencePage,
    OccurrenceRecord,
)
from tests.service.history.conftest import History
from tests.support.happenings import JOB, at, backfilled, due, execution, happen, queued, skipped


def several(first: int, last: int, reason: SkipReason = SkipReason.MISSED) -> JobSkipped:
    """One record for the occurrences of each second from `first` to `last`."""
    return skipped(last, reason=reason).model_copy(update={"first_at": at(first), "count": last - first + 1})


def by_hand(number: float, payload: object = None) -> JobDue:
    key = f"by-hand-{number}"
    firing = Firing(
        kind=TriggerKind.MANUAL, key=key, nominal_at=at(number), payload=payload, triggered_by="ada"
    )
    accepted = {"execution_id": execution_id(at(number), JOB, key), "firing": firing}
    return due().model_copy(update=accepted)


def due_late(number: int) -> JobDue:
    """A schedule's occurrence within that second: after whatever else was in it."""
    within = due(number).firing.model_copy(update={"nominal_at": at(number + 0.9)})
    return due(number).model_copy(update={"firing": within})


async def recorded(history: History, *events: Event) -> None:
    await happen(history.bus, *events)
    await history.until_all_is_recorded()


async def listed(history: History, *, limit: int = 500, **asked: object) -> list[str]:
    """The keys of all pages."""
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        query = ListOccurrences.model_validate({"job_id": JOB, "limit": limit, "cursor": cursor} | asked)
        page = await history.asked(query, OccurrencePage)
        assert len(page.occurrences) <= limit
        seen += [record.key for record in page.occurrences]
        assert page.next_cursor is None or page.next_cursor != cursor, "the pages do not come to an end"
        cursor = page.next_cursor
        if not page.occurrences:
            break
    return seen


async def found(history: History, seconds: float) -> OccurrenceAnswer:
    return await history.asked(FindOccurrence(job_id=JOB, at=at(seconds)), OccurrenceAnswer)


def key(record: OccurrenceRecord | None) -> str | None:
    return record.key if record is not None else None


async def test_pages_follow_the_nominal_instant_also_of_what_was_fired_later(history: History) -> None:
    events = [due(n) if n % 3 else backfilled(n) for n in range(32)]
    # Several at one instant: a page may end between them.
    await recorded(history, *events, *(backfilled(7, f"fill-{n}") for n in range(5)))
    wanted = [event.firing.key for event in reversed(events)]
    wanted[wanted.index("7") : wanted.index("7")] = [f"fill-{n}:7" for n in range(5)]
    for limit in (1, 3, 10, 16, 500):
        seen = await listed(history, limit=limit)
        assert sorted(seen) == sorted(wanted), limit
        assert [one.split(":")[-1] for one in seen] == [one.split(":")[-1] for one in wanted], limit


async def test_a_range_begins_with_its_start_and_ends_before_its_end(history: History) -> None:
    await recorded(history, *(due(n) for n in range(10)))
    assert await listed(history, from_at=at(3), until_at=at(6)) == ["5", "4", "3"]
    assert await listed(history, from_at=at(8)) == ["9", "8"]
    assert await listed(history, until_at=at(2), limit=1) == ["1", "0"]


@pytest.mark.parametrize(
    ("start", "end", "belongs"),
    [(0, 10, False), (0, 11, True), (12, 14, True), (20, 30, True), (21, 30, False)],
)
async def test_what_stands_for_several_belongs_where_its_range_reaches(
    history: History, start: int, end: int, belongs: bool
) -> None:
    await recorded(history, due(9), several(10, 20), by_hand(12), due(21))
    seen = await listed(history, from_at=at(start), until_at=at(end), limit=1)
    assert ("20" in seen) is belongs
    alone = await listed(history, from_at=at(start), until_at=at(end), outcomes=["missed"])
    assert alone == (["20"] if belongs else [])


async def test_outcomes_are_told_apart(history: History) -> None:
    reasons = (SkipReason.COALESCED, SkipReason.MISSED, SkipReason.BLOCKED, SkipReason.BLACKOUT)
    await recorded(
        history,
        due(0),
        *(skipped(n, reason=reason) for n, reason in enumerate(reasons, 1)),
        queued(5),
        queued(6),
        due(6),
    )
    one_each = {outcome: await listed(history, outcomes=[outcome]) for outcome in Outcome}
    assert one_each == {
        Outcome.FIRED: ["6", "0"],
        Outcome.QUEUED: ["5"],
        Outcome.COALESCED: ["1"],
        Outcome.SKIPPED: ["4"],
        Outcome.MISSED: ["2"],
        Outcome.BLOCKED: ["3"],
    }
    assert await listed(history, outcomes=["fired", "missed"], limit=1) == ["6", "2", "0"]


async def test_a_record_is_told_whole(history: History) -> None:
    late = due(0).firing.model_copy(update={"effective_at": at(30), "caught_up": True, "payload": {"a": 1}})
    await recorded(history, due(0).model_copy(update={"firing": late}), several(1, 20))
    fired, missed = (await found(history, 0)).at, (await found(history, 20)).at
    assert fired is not None
    assert (fired.firing, fired.outcome, fired.count, fired.first_at) == (late, Outcome.FIRED, 1, None)
    assert missed is not None
    assert (missed.outcome, missed.reason) == (Outcome.MISSED, SkipReason.MISSED)
    assert (missed.count, missed.first_at, missed.execution_id) == (20, at(1), execution(20))


async def test_the_record_of_an_instant_and_its_neighbours(history: History) -> None:
    await recorded(history, due(0), due(60), due(120))
    for seconds in (60, 60.9):
        answer = await found(history, seconds)
        assert (key(answer.before), key(answer.at), key(answer.after)) == ("0", "60", "120")
    between = await found(history, 61)
    assert (key(between.before), between.at, key(between.after)) == ("60", None, "120")
    first, last = await found(history, 0), await found(history, 120)
    assert (first.before, last.after) == (None, None)


async def test_nothing_is_known_of_another_job(history: History) -> None:
    await recorded(history, due(60, "other"), several(0, 99).model_copy(update={"job_id": "other"}))
    assert await found(history, 60) == OccurrenceAnswer()


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ((backfilled(5), by_hand(5.2), several(0, 9), due_late(5)), "5"),
        ((backfilled(5), by_hand(5.2), several(0, 9)), "by-hand-5.2"),
        ((backfilled(5), several(0, 9)), "9"),
        ((backfilled(5), several(0, 4), several(6, 9)), "fill-1:5"),
        ((several(0, 9), several(3, 7, SkipReason.BLACKOUT)), "7"),
        ((several(0, 4), several(6, 9)), None),
    ],
)
async def test_the_schedules_own_record_goes_before_others_of_its_instant(
    history: History, events: tuple[Event, ...], wanted: str | None
) -> None:
    await recorded(history, *events)
    assert key((await found(history, 5)).at) == wanted


async def test_the_record_that_stands_for_this_instant_is_not_its_neighbour(history: History) -> None:
    await recorded(history, due(0), several(10, 20), due(30))
    answer = await found(history, 15)
    assert (key(answer.before), key(answer.at), key(answer.after)) == ("0", "20", "30")


async def test_a_neighbour_is_the_schedules_own_where_it_was_backfilled_too(history: History) -> None:
    await recorded(history, skipped(0), backfilled(0), backfilled(60), skipped(60))
    answer = await found(history, 30)
    assert (key(answer.before), answer.at, key(answer.after)) == ("0", None, "60")


async def test_large_payloads_fit_into_replies(history: History) -> None:
    big = {"text": "x" * 400_000}
    await recorded(history, by_hand(0, big), by_hand(60, big))
    await recorded(history, by_hand(120, big))
    answer = await found(history, 60)
    assert [_payload(one) for one in (answer.before, answer.at, answer.after)] == [None, big, None]
    page = await history.asked(ListOccurrences(job_id=JOB), OccurrencePage)
    assert [(one.key, _payload(one)) for one in page.occurrences] == [
        ("by-hand-120", None),
        ("by-hand-60", None),
        ("by-hand-0", None),
    ]


def _payload(record: OccurrenceRecord | None) -> object:
    assert record is not None
    return record.firing.payload


async def test_a_wrong_question_is_answered_as_invalid(history: History) -> None:
    def query(**asked: datetime | str) -> bytes:
        return ListOccurrences.model_validate({"job_id": JOB} | asked).model_dump_json().encode()

    for body, word in ((query(cursor="x"), "next_cursor"), (query(from_at=at(1), until_at=at(1)), "after")):
        refusal = await history.refusal(ListOccurrences.subject, body)
        assert refusal.kind == "invalid"
        assert word in refusal.detail
