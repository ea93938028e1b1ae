"""What each policy says of an occurrence, whatever brought it about, by what runs and waits in its lane."""

from dataclasses import dataclass
from typing import Any

import pytest

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_planning.decisions import decide
from lamplighter_planning.lanes import lane_of
from lamplighter_planning.rulings import Asked, Decision, Due, Origin, Skipped
from tests.support.situations import (
    JOB_ID,
    TICK,
    at,
    ended,
    job,
    manual,
    outcome,
    outcomes,
    scheduled,
    situation,
    trigger,
    waits,
    webhook,
)

HOURLY = "0 * * * *"
ARRIVALS = {"schedule": TICK, "webhook": webhook("new"), "manual": manual("new")}


@dataclass(frozen=True)
class Case:
    policy: dict[str, Any]
    running: str
    waiting: str
    wanted: str
    """What is ruled, in order: on `w` and the like, and on the new one."""
    left: str = ""
    """What waits afterwards."""
    stops: str = ""


def of(overlap: str, **more: Any) -> dict[str, Any]:
    return {"overlap": overlap, **more}


CASES = [
    Case(of("skip"), "", "", "due"),
    Case(of("skip"), "a", "", "overlap"),
    Case(of("skip"), "a@red", "", "due"),
    Case(of("skip", max_running=2), "a", "", "due"),
    Case(of("skip", max_running=2), "a b", "", "overlap"),
    Case(of("allow"), "a b c", "", "due"),
    Case(of("allow", max_running=2), "a", "", "due"),
    Case(of("allow", max_running=2), "a b", "", "overlap"),
    Case(of("queue_one"), "", "", "due"),
    Case(of("queue_one"), "a", "", "queued", "new"),
    Case(of("queue_one"), "a", "w", "coalesced", "w"),
    Case(of("queue_one", max_running=2), "a", "", "due"),
    Case(of("queue_one", max_running=2), "a b", "", "queued", "new"),
    Case(of("queue_all", max_queued=2), "", "", "due"),
    Case(of("queue_all", max_queued=2), "a", "", "queued", "new"),
    Case(of("queue_all", max_queued=2), "a", "v", "queued", "v new"),
    Case(of("queue_all", max_queued=2), "a", "v w", "overlap", "v w"),
    Case(of("queue_all", max_running=2), "a b", "v", "queued", "v new"),
    Case(of("replace"), "", "", "due"),
    Case(of("replace"), "a", "", "queued", "new", "a"),
    Case(of("replace"), "a@!", "", "queued", "new"),
    Case(of("replace"), "a@!", "w", "queued w:replaced", "new"),
    Case(of("replace"), "a", "w", "queued w:replaced", "new", "a"),
    Case(of("replace", max_running=2), "a", "", "due"),
    Case(of("replace", max_running=2), "a b", "", "queued", "new", "a"),
    Case(of("replace", max_running=2), "a@! b", "", "queued", "new"),
]


@pytest.mark.parametrize("kind", ARRIVALS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy} {case.running} {case.waiting}")
def test_the_policy_rules_on_what_arrives(case: Case, kind: str) -> None:
    queue = [scheduled(key) for key in case.waiting.split()]
    standing = situation(
        job(HOURLY, concurrency=case.policy), cursor="08:00", running=case.running, waiting=queue
    )
    decision = decide(standing, ARRIVALS[kind], at("09:00"))

    assert told(decision) == case.wanted
    assert decision.stops == tuple(case.stops.split())
    gate = decision.gate or standing.gate
    assert [named(waiting.key) for waiting in gate.waiting] == case.left.split()
    for execution in decision.stops:
        assert gate.running[execution].stopping.startswith("replaced by ")


def told(decision: Decision) -> str:
    each = ((named(r.occurrence.firing.key), outcome(r)) for r in decision.rulings)
    return " ".join(word if key == "new" else f"{key}:{word}" for key, word in each)


def named(key: str) -> str:
    return "new" if key == "2026-03-02T09:00:00Z" else key


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all", "replace"])
def test_several_at_once_meet_each_other(overlap: str) -> None:
    wanted = {
        "skip": ["due k", "overlap l", "overlap m"],
        "queue_one": ["due k", "queued l", "coalesced m"],
        "queue_all": ["due k", "queued l", "queued m"],
        "replace": ["due k", "queued m", "replaced l"],
    }
    decision = decide(situation(job(concurrency=of(overlap))), manual("k", "l", "m"), at("09:00"))
    assert sorted(outcomes(decision)) == sorted(wanted[overlap])
    assert decision.stops == (("execution-of-k",) if overlap == "replace" else ())


def test_one_that_is_replaced_as_it_comes_has_one_record_with_all_it_said() -> None:
    asked = Asked(JOB_ID, triggers=(trigger("k", payload={"n": 1}), trigger("l")))
    decision = decide(situation(job(concurrency=of("replace")), running="a"), asked, at("09:00"))
    assert outcomes(decision) == ["queued l", "replaced k"]
    queued, replaced = (ruling.occurrence for ruling in decision.rulings)
    assert replaced.firing.payload == {"n": 1}
    assert replaced.origin is queued.origin is Origin.TRIGGER


def test_a_lane_of_its_own_has_room_of_its_own() -> None:
    keyed = job(HOURLY, concurrency=of("queue_one", key="payload.repo.name"))
    payloads = [{"repo": {"name": name}} for name in ("red", "blue", "red", "blue")]
    triggers = [trigger(f"k{n}", payload=payload) for n, payload in enumerate([*payloads, None, {"repo": 3}])]
    decision = decide(
        situation(keyed, cursor="08:00", running="a@blue"),
        Asked(JOB_ID, ticked=True, triggers=tuple(triggers)),
        at("09:00"),
    )
    assert [outcome(ruling) for ruling in decision.rulings] == [
        "due", "queued", "queued", "coalesced", "due", "queued", "coalesced",
    ]  # fmt: skip
    lanes = [ruling.lane for ruling in decision.rulings if not isinstance(ruling, Skipped)]
    assert lanes == ["red", "blue", "red", "", ""]


def test_replacing_stops_what_runs_in_the_same_lane_alone() -> None:
    keyed = job(concurrency=of("replace", key="payload.repo"))
    standing = situation(keyed, running="a@red b@blue", waiting=[waits("v", lane="red")])
    decision = decide(standing, webhook("k", payload={"repo": "blue"}), at("09:00"))
    assert (outcomes(decision), decision.stops) == (["queued k"], ("b",))


@pytest.mark.parametrize(
    ("path", "payload", "lane"),
    [
        (None, {"a": "x"}, ""),
        ("payload.a", {"a": "x"}, "x"),
        ("payload.a", {"a": 7}, "7"),
        ("payload.a", {"a": True}, "true"),
        ("payload.a", {"a": {"z": 1, "b": 2}}, '{"b": 2, "z": 1}'),
        ("payload.a", {"a": None}, ""),
        ("payload.a", {}, ""),
        ("payload.a", "x", ""),
        ("payload.a", None, ""),
        ("payload.a.1.b", {"a": [0, {"b": "y"}]}, "y"),
        ("payload.a.2", {"a": [0, 1]}, ""),
        ("payload.a.b", {"a": ["b"]}, ""),
    ],
)
def test_the_lane_is_the_value_at_the_key(path: str | None, payload: Any, lane: str) -> None:
    assert lane_of(job(concurrency={"key": path}).concurrency, payload) == lane


@pytest.mark.parametrize("value", ["x" * 65, "ü" * 40, "\x1b" * 20, '"' * 40, "\ud800" * 20])
def test_a_long_value_takes_no_more_room_than_others(value: str) -> None:
    concurrency = job(concurrency={"key": "payload.a"}).concurrency
    lane, other = lane_of(concurrency, {"a": value}), lane_of(concurrency, {"a": value + "x"})
    assert lane != other
    assert len(lane) == len(lane.encode()) == 64


def test_ends_make_room_for_what_waits_in_its_order() -> None:
    """First those that waited, then what arrives."""
    queueing = job(concurrency=of("queue_all", max_running=2))
    standing = situation(queueing, running="a b", waiting=map(waits, "vwx"))
    both = Asked(JOB_ID, triggers=(trigger("k"),), ended=ended("a", "b").ended)
    decision = decide(standing, both, at("09:00"))
    assert outcomes(decision) == ["due v", "due w", "queued k"]
    assert left(decision.gate) == ["x", "k"]


def test_an_end_admits_the_next_of_its_lane() -> None:
    keyed = job(concurrency=of("queue_all", key="payload.repo"))
    queue = [waits("v", lane="red"), waits("w", lane="blue"), waits("x", lane="blue")]
    decision = decide(situation(keyed, running="a@red b@blue", waiting=queue), ended("b"), at("09:00"))
    assert outcomes(decision) == ["due w"]
    assert left(decision.gate) == ["v", "x"]
    assert [ruling.lane for ruling in decision.rulings if isinstance(ruling, Due)] == ["blue"]


def test_an_end_lets_the_newest_take_the_place_that_was_made_for_it() -> None:
    standing = situation(job(concurrency=of("replace")), running="a@!", waiting=[waits("w")])
    decision = decide(standing, ended("a"), at("09:00"))
    assert (outcomes(decision), decision.stops) == (["due w"], ())


def test_only_the_newest_stays_of_what_waited_before_the_job_replaced() -> None:
    standing = situation(job(concurrency=of("replace")), running="a", waiting=map(waits, "uvw"))
    assert outcomes(decide(standing, ended("a"), at("09:00"))) == ["replaced u", "replaced v", "due w"]


def left(gate: Gate | None) -> list[str]:
    assert gate is not None
    return [waiting.key for waiting in gate.waiting]


@pytest.mark.parametrize("kind", [TriggerKind.SCHEDULE, TriggerKind.MANUAL])
def test_more_room_than_before_is_taken_at_once(kind: TriggerKind) -> None:
    """As when the job was changed: nothing ends then."""
    queue = [waits(key, kind=kind) for key in "vwx"]
    standing = situation(job(concurrency=of("queue_all", max_running=3)), running="a", waiting=queue)
    assert outcomes(decide(standing, Asked(JOB_ID), at("09:00"))) == ["due v", "due w"]
