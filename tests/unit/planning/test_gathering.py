"""Deliveries that are gathered: who waits, who joins, and what becomes of all of them when their time has come."""

from dataclasses import replace
from typing import Any

import pytest

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import Delivery, JobTriggered, SkipReason, TriggerKind, Trust
from lamplighter_contracts.gates import Gate, Waiting
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import DEDUPE_WINDOW, MESSAGE_LIMIT
from lamplighter_planning import gathering
from lamplighter_planning.agenda import next_alarm
from lamplighter_planning.bodies import bodies_needed
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Body, Decision, Due, Queued, Situation, Skipped
from lamplighter_scheduler.records import messages
from tests.support.situations import (
    JOB_ID,
    TICK,
    at,
    ended,
    job,
    outcomes,
    paused,
    runs,
    situation,
    trigger,
    waits,
)

UNTIL = "09:05"
NOTHING = Asked(JOB_ID)


def delivery(
    key: str, group: str = "", when: str = "09:00", until: str = UNTIL, payload: Any = None
) -> JobTriggered:
    came = trigger(key, when, kind=TriggerKind.WEBHOOK, payload={"key": key} if payload is None else payload)
    told = Delivery(provider="github", delivery_id=key)
    return came.model_copy(update={"group": group, "gather_until": at(until), "delivery": told})


def deliveries(*keys: str, group: str = "") -> Asked:
    return Asked(JOB_ID, triggers=tuple(delivery(key, group) for key in keys))


def gathers(key: str, *joined: str, group: str = "", until: str | None = UNTIL, lane: str = "") -> Waiting:
    return Waiting(
        execution_id=f"execution-of-{key}",
        kind=TriggerKind.WEBHOOK,
        key=key,
        nominal_at=at("09:00"),
        since=at("09:00"),
        not_before=at(until) if until else None,
        lane=lane,
        gathers=True,
        group=group,
        joined=tuple(map(subject_token, joined)),
    )


def recalled(of: Job | None, *waiting: Waiting, keys: str = "a b c d", running: str = "") -> Situation:
    """With all their triggers read back."""
    known = {key: delivery(key) for key in keys.split()}
    bare = Situation(JOB_ID, of, Gate(job_id=JOB_ID, running=runs(running), waiting=waiting))
    return replace(bare, parked=known, joined={subject_token(key): one for key, one in known.items()})


def gate_of(decision: Decision) -> Gate:
    assert decision.gate is not None
    return decision.gate


# While they come


def test_the_first_of_its_group_waits_for_its_time_and_the_others_join_it() -> None:
    decision = decide(situation(job()), deliveries("a", "b", "c"), at("09:00"))
    assert outcomes(decision) == ["queued a", "coalesced b", "coalesced c"]
    [waiting] = gate_of(decision).waiting
    assert waiting == gathers("a", "b", "c")
    queued, *joined = decision.rulings
    assert isinstance(queued, Queued)
    assert (queued.not_before, queued.detail) == (
        at(UNTIL),
        "deliveries are gathered until 2026-03-02T09:05:00Z",
    )
    for ruling in joined:
        assert isinstance(ruling, Skipped)
        assert ruling.into == "execution-of-a"
        assert (
            ruling.detail
            == "it was gathered with others until 2026-03-02T09:05:00Z into execution execution-of-a"
        )
    assert next_alarm(job(), gate_of(decision)) == at(UNTIL)


def test_each_group_gathers_for_itself() -> None:
    triggers = tuple(delivery(key, group) for key, group in [("a", "x"), ("b", "y"), ("c", "x"), ("d", "")])
    decision = decide(situation(job()), Asked(JOB_ID, triggers=triggers), at("09:00"))
    assert outcomes(decision) == ["queued a", "queued b", "coalesced c", "queued d"]
    assert [(w.group, len(w.joined)) for w in gate_of(decision).waiting] == [("x", 1), ("y", 0), ("", 0)]
    assert "of 'x'" in decision.rulings[0].detail  # type: ignore[union-attr]


@pytest.mark.parametrize("overlap", ["skip", "allow", "queue_one", "queue_all", "replace"])
def test_what_runs_is_no_matter_while_they_come(overlap: str) -> None:
    decision = decide(
        situation(job(concurrency={"overlap": overlap}), running="r"), deliveries("a"), at("09:00")
    )
    assert (outcomes(decision), decision.stops) == (["queued a"], ())


def test_one_that_gathers_takes_no_place_in_the_queue() -> None:
    of = job(concurrency={"overlap": "queue_one"})
    standing = situation(of, running="r", waiting=[gathers("a")])
    decision = decide(standing, Asked(JOB_ID, triggers=(trigger("m"),)), at("09:01"))
    assert outcomes(decision) == ["queued m"]


def test_a_full_group_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_GATHERED", 3)
    decision = decide(situation(job()), deliveries(*"abcdefg"), at("09:00"))
    assert [len(w.joined) for w in gate_of(decision).waiting] == [2, 2, 0]
    assert [r.into for r in decision.rulings if isinstance(r, Skipped)] == ["execution-of-a"] * 2 + [
        "execution-of-d"
    ] * 2


def test_what_is_gathered_counts_towards_what_a_gate_holds() -> None:
    """Any number of groups that grow together, with names as long as they may be."""
    gate = Gate(job_id=JOB_ID)
    for number in range(60):
        came = tuple(delivery(f"{number}-{n}" + "é" * 190, f"{n % 60}" + '"' * 200) for n in range(300))
        decision = decide(Situation(JOB_ID, job(), gate), Asked(JOB_ID, triggers=came), at("09:00"))
        gate = decision.gate or gate
    assert len(gate.model_dump_json().encode()) < MESSAGE_LIMIT
    assert sum(len(waiting.joined) + 1 for waiting in gate.waiting) > 8_000


def test_a_group_has_its_alarm_also_while_there_is_no_room() -> None:
    assert next_alarm(job(), Gate(job_id=JOB_ID, running=runs("r"), waiting=(gathers("a"),))) == at(UNTIL)


def test_a_long_group_stands_as_its_hash() -> None:
    decision = decide(situation(job()), deliveries("a", "b", group="x" * 5_000), at("09:00"))
    [waiting] = gate_of(decision).waiting
    assert len(waiting.group) == 64
    assert len(waiting.joined) == 1


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (job(**paused()), ["paused b", "paused c"]),
        (job(deleted_at=at("08:30")), ["deleted a", "deleted b", "deleted c"]),
        (None, ["deleted a", "deleted b", "deleted c"]),
    ],
)
def test_an_obstacle_is_met_on_arrival(of: Job | None, wanted: list[str]) -> None:
    standing = situation(of, waiting=[gathers("a")])
    assert outcomes(decide(standing, deliveries("b", "c"), at("09:01"))) == wanted


# When their time has come


def test_all_fire_as_one() -> None:
    decision = decide(recalled(job(), gathers("a", "c", "b")), TICK, at(UNTIL))
    [due] = decision.rulings
    assert isinstance(due, Due)
    firing = due.occurrence.firing
    assert (due.occurrence.execution_id, firing.key, firing.nominal_at) == (
        "execution-of-a",
        "a",
        at("09:00"),
    )
    assert firing.payload == {"count": 3, "deliveries": [{"key": key} for key in "acb"], "omitted": 0}
    assert firing.delivery == Delivery(provider="github", delivery_id="a")
    assert (firing.trust, firing.gathered) == (Trust.EXTERNAL, 3)
    assert '<data name="payload">\n{"count": 3' in due.prompt
    assert gate_of(decision).waiting == ()


def test_one_alone_has_the_same_shape() -> None:
    [due] = decide(recalled(job(), gathers("a")), TICK, at(UNTIL)).rulings
    assert due.occurrence.firing.payload == {"count": 1, "deliveries": [{"key": "a"}], "omitted": 0}


def test_not_before_its_time() -> None:
    decision = decide(recalled(job(), gathers("a", "b")), TICK, at("09:04:59"))
    assert (decision.rulings, decision.unfinished) == ((), False)


def test_nothing_fires_until_all_of_it_was_read_back() -> None:
    known = recalled(job(), gathers("a", "b"))
    for unread in (replace(known, parked={}), replace(known, joined={})):
        decision = decide(unread, TICK, at(UNTIL))
        assert (decision.rulings, decision.gate, decision.unfinished) == ((), None, True)


def test_one_that_comes_late_begins_a_group_that_fires_in_the_next_decision() -> None:
    late = decide(situation(job()), deliveries("a", "b"), at("09:30"))
    assert (outcomes(late), late.unfinished) == (["queued a", "coalesced b"], True)
    decision = decide(recalled(job(), *gate_of(late).waiting), NOTHING, at("09:30"))
    assert outcomes(decision) == ["due a"]


RUNNING = "execution r was still running (since 2026-03-02T08:00:00Z)"


@pytest.mark.parametrize(
    ("overlap", "waiting", "told", "left", "stops"),
    [
        ("skip", [], ["overlap a"], [], ()),
        ("queue_one", [], [], ["a"], ()),
        ("queue_one", [waits("m")], ["coalesced a"], ["m"], ()),
        ("queue_all", [waits("m")], [], ["m", "a"], ()),
        ("queue_all", [waits("m"), waits("n")], ["overlap a"], ["m", "n"], ()),
        ("replace", [], [], ["a"], ("r",)),
        ("replace", [waits("m")], ["replaced m"], ["a"], ("r",)),
    ],
)
def test_where_there_is_no_room_the_job_says_what_becomes_of_them(
    overlap: str, waiting: list[Waiting], told: list[str], left: list[str], stops: tuple[str, ...]
) -> None:
    of = job(concurrency={"overlap": overlap, "max_queued": 2})
    standing = recalled(of, gathers("a", "b"), *waiting, running="r")
    decision = decide(standing, TICK, at(UNTIL))
    gate = gate_of(decision)
    assert (outcomes(decision), [w.key for w in gate.waiting], decision.stops) == (told, left, stops)
    assert not decision.unfinished
    assert next_alarm(of, gate) is None
    assert all(w.not_before is None for w in gate.waiting)


def test_what_does_not_fire_after_all_says_how_many_were_gathered_into_it() -> None:
    [ruling] = decide(recalled(job(), gathers("a", "b"), running="r"), TICK, at(UNTIL)).rulings
    assert isinstance(ruling, Skipped)
    assert ruling.detail == f"{RUNNING}; one other delivery was gathered into it"


def test_what_waits_for_room_is_still_joined_and_fires_with_all() -> None:
    of = job(concurrency={"overlap": "queue_one"})
    waiting = gathers("a", "b", until=None)
    joined = decide(recalled(of, waiting, running="r"), deliveries("c"), at("09:10"))
    assert outcomes(joined) == ["coalesced c"]
    assert "into execution execution-of-a" in joined.rulings[0].detail  # type: ignore[union-attr]
    fired = decide(recalled(of, *gate_of(joined).waiting, running="r"), ended("r"), at("09:20"))
    assert fired.rulings[0].occurrence.firing.gathered == 3


def test_under_replace_a_newer_group_takes_the_place_of_one_that_waits_for_room() -> None:
    of = job(concurrency={"overlap": "replace"})
    standing = recalled(of, gathers("a", "b", until=None), gathers("c", group="x"), running="r!")
    decision = decide(standing, TICK, at(UNTIL))
    assert outcomes(decision) == ["replaced a"]
    assert [w.key for w in gate_of(decision).waiting] == ["c"]


@pytest.mark.parametrize(
    ("of", "asked", "wanted"),
    [
        (job(**paused()), TICK, "paused a"),
        (job(deleted_at=at("09:01")), NOTHING, "deleted a"),
        (job(), ended("execution-of-a"), "cancelled a"),
    ],
)
def test_the_one_that_waits_stands_for_all_of_them(of: Job, asked: Asked, wanted: str) -> None:
    decision = decide(recalled(of, gathers("a", "b", "c")), asked, at(UNTIL))
    assert outcomes(decision) == [wanted]
    assert decision.rulings[0].detail.endswith("; 2 other deliveries were gathered into it")  # type: ignore[union-attr]
    assert gate_of(decision).waiting == ()


def test_each_lane_has_its_groups() -> None:
    of = job(concurrency={"overlap": "skip", "key": "payload.key"})
    begun = decide(situation(of, running="r@a"), deliveries("a"), at("09:00"))
    assert [w.lane for w in gate_of(begun).waiting] == ["a"]
    standing = recalled(of, gathers("a", lane="a"), gathers("b", group="x", lane="b"), running="r@a")
    assert outcomes(decide(standing, TICK, at(UNTIL))) == ["due b", "overlap a"]


def test_a_catch_up_that_starts_late_does_not_put_off_what_gathers() -> None:
    standing = recalled(job("0 9 * * *"), waits("w", time="08:30"), gathers("a"))
    decision = decide(standing, NOTHING, at("09:01"))
    assert outcomes(decision) == ["due w"]
    assert gate_of(decision).waiting == (gathers("a"),)


# What is known of them


def test_those_that_are_forgotten_are_omitted() -> None:
    known = recalled(job(), gathers("a", "b", "c"))
    for keys, omitted, first in (("b", 1, "a"), ("a b", 2, "a")):
        gone = dict.fromkeys(keys.split())
        parked = {**known.parked, **({"a": None} if "a" in gone else {})}
        joined = {**known.joined, **{subject_token(key): None for key in gone}}
        [due] = decide(replace(known, parked=parked, joined=joined), TICK, at(UNTIL)).rulings
        assert isinstance(due, Due)
        firing = due.occurrence.firing
        assert (firing.payload["count"], firing.payload["omitted"], firing.key) == (3, omitted, first)
        assert (firing.trust, firing.gathered) == (Trust.EXTERNAL, 3)


def test_nothing_fires_of_which_nothing_is_known() -> None:
    known = recalled(job(), gathers("a", "b"))
    forgotten = replace(known, parked={"a": None}, joined={subject_token("b"): None})
    assert outcomes(decide(forgotten, TICK, at(UNTIL) + DEDUPE_WINDOW)) == ["expired a"]


@pytest.mark.parametrize("variables", ["", "y" * 100_000])
def test_payloads_fill_so_much_room_and_no_more(variables: str) -> None:
    """Those that find none are counted; smaller ones after them find some."""
    of = job(variables={"TEXT": variables})
    large, small = "é" * 60_000, "s"
    said = {"a": small, "b": large, "c": large, "d": large, "e": small}
    known = {key: delivery(key, payload=payload) for key, payload in said.items()}
    waiting = gathers("a", "b", "c", "d", "e")
    standing = replace(
        recalled(of, waiting), parked=known, joined={subject_token(key): one for key, one in known.items()}
    )
    decision = decide(standing, TICK, at(UNTIL))
    [due] = decision.rulings
    assert isinstance(due, Due), due
    payload = due.occurrence.firing.payload
    assert (payload["deliveries"], payload["omitted"]) == ([small, large, large, small], 1)
    for message in messages(standing, decision, at(UNTIL)):
        message.wire_headers()


# Bodies that are too large for a message


def large(key: str, size: int = 300_000, **changes: Any) -> JobTriggered:
    body = BodyReference(name=key, size=size, sha256="00", content_type="application/json")
    came = trigger(key, kind=TriggerKind.WEBHOOK).model_copy(update={"body": body})
    return came.model_copy(update=changes)


def needed(standing: Situation, asked: Asked, when: str = "09:00") -> list[str]:
    return [body.name for body in bodies_needed(standing, asked, at(when))]


KEYED = {"concurrency": {"key": "payload.n"}}
GATHER: dict[str, Any] = {"gather_until": at(UNTIL)}


@pytest.mark.parametrize(
    ("of", "came", "is_needed"),
    [
        (job(), large("k"), True),
        (job(**paused()), large("k"), False),
        (job(**paused(until="09:00:30")), large("k"), True),
        (job(**paused()), large("k", kind=TriggerKind.MANUAL), True),
        (job(deleted_at=at("08:00")), large("k"), False),
        (None, large("k"), False),
        (job(), large("k", **GATHER), False),
        (job(**KEYED), large("k", **GATHER), True),
    ],
)
def test_a_body_is_read_back_where_the_decision_needs_it(
    of: Job | None, came: JobTriggered, is_needed: bool
) -> None:
    asked = Asked(JOB_ID, triggers=(came,))
    assert needed(situation(of), asked) == ["k"] * is_needed
    assert needed(situation(of, decided="k"), asked) == []
    if not is_needed:
        assert decide(situation(of), asked, at("09:00")).rulings


def test_of_a_group_only_so_much_is_read_back_as_may_find_room() -> None:
    known = {
        key: large(key, size, **GATHER) for key, size in [("a", 900_000), ("b", 900_000), ("c", 100_000)]
    }
    standing = replace(
        recalled(job(), gathers("a", "b", "c")),
        parked=known,
        joined={subject_token(key): one for key, one in known.items()},
    )
    assert needed(standing, TICK, UNTIL) == ["a", "c"]
    read = replace(standing, bodies={"a": Body("x" * 800_000), "c": Body({"n": 1})})
    [due] = decide(read, TICK, at(UNTIL)).rulings
    firing = due.occurrence.firing
    assert (firing.payload, firing.body) == ({"count": 3, "deliveries": [{"n": 1}], "omitted": 2}, None)


def test_a_large_body_is_in_the_prompt_and_not_in_the_message() -> None:
    of = job(prompt="See {{ payload.title }}", concurrency={"overlap": "skip", "key": "payload.title"})
    standing = replace(situation(of), bodies={"k": Body({"title": "x", "more": "y" * 400_000})})
    [due] = decide(standing, Asked(JOB_ID, triggers=(large("k"),)), at("09:00")).rulings
    assert isinstance(due, Due)
    assert (due.prompt, due.lane) == ('See <data name="payload.title">"x"</data>', "x")
    firing = due.occurrence.firing
    assert (firing.payload, firing.body and firing.body.name) == (None, "k")


def test_one_whose_body_is_gone_is_blocked() -> None:
    standing = replace(situation(job()), bodies={"k": Body(gone="what was delivered is no longer kept")})
    [ruling] = decide(standing, Asked(JOB_ID, triggers=(large("k"),)), at("09:00")).rulings
    assert isinstance(ruling, Skipped)
    assert (ruling.reason, ruling.detail) == (SkipReason.BLOCKED, "what was delivered is no longer kept")
