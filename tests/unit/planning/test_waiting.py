"""What becomes of occurrences that wait, other than that they fire in their turn."""

from dataclasses import replace
from typing import Any

import pytest

from lamplighter_contracts.events import SkipReason, TriggerKind
from lamplighter_contracts.gates import Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import MOST_WAITING
from lamplighter_planning.course import UNASKED_AT_ONCE
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Decision, Origin, Situation, Skipped
from tests.support.situations import (
    JOB_ID,
    at,
    ended,
    job,
    outcomes,
    paused,
    scheduled,
    situation,
    trigger,
    waits,
    webhook,
)

QUEUE_ALL = {"concurrency": {"overlap": "queue_all"}}
NOTHING = Asked(JOB_ID)
WEBHOOK = TriggerKind.WEBHOOK


def queueing(**changes: Any) -> Job:
    return job(**QUEUE_ALL, **changes)


def test_a_trigger_that_waited_fires_with_all_it_said() -> None:
    came = trigger("w", "08:00", kind=WEBHOOK, payload={"n": 1})
    standing = replace(
        situation(queueing(), running="a", waiting=[waits("w", kind=WEBHOOK)]), parked={"w": came}
    )
    [ruling] = decide(standing, ended("a"), at("09:00")).rulings
    assert ruling.occurrence.firing == came.firing
    assert (ruling.occurrence.execution_id, ruling.occurrence.origin) == ("execution-of-w", Origin.WAITING)


def test_one_whose_trigger_is_forgotten_makes_place_for_the_next() -> None:
    standing = situation(queueing(), running="a", waiting=[waits("v"), waits("w")])
    parked = {**standing.parked, "v": None}
    decision = decide(replace(standing, parked=parked), ended("a"), at("09:00"))
    assert outcomes(decision) == ["expired v", "due w"]


def test_one_whose_trigger_was_not_read_back_keeps_its_turn() -> None:
    standing = situation(queueing(), running="a", waiting=[waits("v"), waits("w")])
    parked = {"w": standing.parked["w"]}
    decision = decide(replace(standing, parked=parked), ended("a"), at("09:00"))
    assert (outcomes(decision), decision.unfinished) == ([], True)
    assert decision.gate is not None
    assert decision.gate.waiting == standing.gate.waiting


@pytest.mark.parametrize(
    ("waiting", "wanted"),
    [
        (waits("w"), "due w"),
        (waits("w", kind=WEBHOOK), "paused w"),
        (scheduled("w"), "paused w"),
        (waits("w", time="08:30"), "paused w"),
    ],
)
def test_a_pause_meets_what_waits_when_its_turn_comes(waiting: Waiting, wanted: str) -> None:
    of = queueing(**paused())
    standing = situation(of, running="a", waiting=[waiting])
    assert decide(standing, NOTHING, at("09:00")).gate is None
    assert outcomes(decide(standing, ended("a"), at("09:00"))) == [wanted]


def test_a_pause_that_is_over_is_no_obstacle() -> None:
    of = queueing(**paused(until="08:30"))
    standing = situation(of, running="a", waiting=[scheduled("w")])
    assert outcomes(decide(standing, ended("a"), at("09:00"))) == ["due w"]


def test_what_does_not_fire_leaves_its_turn_to_the_next() -> None:
    """Otherwise the others would wait for an end that never comes."""
    queue = [scheduled("u"), scheduled("v"), waits("w"), waits("x")]
    standing = situation(queueing(**paused()), running="a", waiting=queue)
    decision = decide(standing, ended("a"), at("09:00"))
    assert outcomes(decision) == ["paused u", "paused v", "due w"]


def test_one_that_is_cancelled_while_it_waits_does_not_fire() -> None:
    standing = situation(queueing(), running="a", waiting=[waits("v"), waits("w")])
    decision = decide(standing, ended("execution-of-v"), at("09:00"))
    assert outcomes(decision) == ["cancelled v"]
    assert outcomes(
        decide(replace(standing, gate=decision.gate or standing.gate), ended("a"), at("09:01"))
    ) == ["due w"]


def test_the_end_of_one_that_waits_and_of_what_runs_may_come_together() -> None:
    standing = situation(queueing(), running="a", waiting=[waits("v"), waits("w")])
    assert outcomes(decide(standing, ended("execution-of-v", "a"), at("09:00"))) == ["cancelled v", "due w"]


@pytest.mark.parametrize("of", [queueing(deleted_at=at("08:30")), None])
def test_nothing_waits_for_a_job_that_is_gone(of: Job | None) -> None:
    standing = situation(of, running="a", waiting=[waits("v"), scheduled("w")])
    decision = decide(standing, NOTHING, at("09:00"))
    assert outcomes(decision) == ["deleted v", "deleted w"]
    assert not decision.unfinished


def portions(standing: Situation, first: Asked = NOTHING) -> list[Decision]:
    """All the decisions until nothing is left to do, as the scheduler asks for them."""
    made = [decide(standing, first, at("09:00"))]
    while made[-1].unfinished:
        assert made[-1].gate is not None
        standing = replace(standing, gate=made[-1].gate)
        made.append(decide(standing, NOTHING, at("09:00")))
    return made


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (queueing(deleted_at=at("08:30")), {"deleted"}),
        (queueing(**paused()), {"paused"}),
        (queueing(prompt="{{ payload.title.missing }}"), {"blocked"}),
        (job(concurrency={"overlap": "allow"}), {"due"}),
        (job(concurrency={"overlap": "replace"}), {"replaced", "due"}),
    ],
    ids=["deleted", "paused", "blocked", "allowed", "replaced"],
)
def test_much_that_waited_is_decided_in_portions_that_a_batch_can_carry(of: Job, wanted: set[str]) -> None:
    queue = [waits(f"w{n}", kind=WEBHOOK) for n in range(450)]
    made = portions(situation(of, waiting=queue))
    assert max(len(decision.rulings) for decision in made) <= UNASKED_AT_ONCE
    told = [text for decision in made for text in outcomes(decision)]
    assert [text.split()[1] for text in told] == [waiting.key for waiting in queue]
    assert {text.split()[0] for text in told} == wanted
    assert made[-1].gate is not None
    assert made[-1].gate.waiting == ()


def test_replacing_in_many_lanes_at_once_is_decided_in_portions() -> None:
    names = [f"lane-{n}" for n in range(300)]
    of = job(concurrency={"overlap": "replace", "key": "payload.a"})
    standing = situation(
        of,
        running=" ".join(f"run-{name}@{name}" for name in names),
        waiting=[waits(name, lane=name) for name in names],
    )
    newer = tuple(trigger(f"new-{name}", payload={"a": name}) for name in names)
    made = portions(standing, Asked(JOB_ID, triggers=newer))
    assert len(made[0].rulings) <= 300 + UNASKED_AT_ONCE
    assert made[-1].gate is not None
    assert {waiting.key for waiting in made[-1].gate.waiting} == {one.key for one in newer}
    replaced = [text for decision in made for text in outcomes(decision) if text.startswith("replaced")]
    assert sorted(replaced) == sorted(f"replaced {name}" for name in names)


def crowd(of: Job) -> Situation:
    """As many wait as may, all of them in lanes where something runs."""
    names = [f"lane-{n}" for n in range(MOST_WAITING)]
    running = " ".join(f"run-{name}@{name}" for name in names)
    return situation(of, running=f"a {running}", waiting=[waits(name, lane=name) for name in names])


@pytest.mark.parametrize("overlap", ["queue_one", "queue_all", "replace"])
def test_no_more_wait_than_may_all_lanes_together(overlap: str) -> None:
    """And nothing is stopped for one that cannot wait."""
    of = job(concurrency={"overlap": overlap, "key": "payload.a"})
    decision = decide(crowd(of), webhook("k"), at("09:00"))
    [ruling] = decision.rulings
    assert isinstance(ruling, Skipped)
    assert (ruling.reason, decision.stops) == (SkipReason.OVERLAP, ())
    assert "1001 executions run and 1000 occurrences wait" in ruling.detail
