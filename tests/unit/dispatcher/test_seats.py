"""Who has a seat, and who has lost it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.agents import Agent, AgentLimits
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.runners import NoopRunner
from lamplighter_contracts.seats import Seats
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.admission.seats import Place, leave, places, prune, take

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TIMES: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}


def seats(**seconds_ago: int) -> Seats:
    since = int(NOW.timestamp())
    seated = {execution: since - seconds for execution, seconds in seconds_ago.items()}
    return Seats(kind="agent", object_id="a", seated=seated)


@pytest.mark.parametrize(
    ("before", "most", "after"),
    [
        (seats(), 1, {"x"}),
        (seats(a=5), 2, {"a", "x"}),
        (seats(a=5), 1, None),
        (seats(a=5, b=5, c=5), 2, None),
        (seats(x=500), 1, {"x"}),
        (seats(x=500, a=1), 1, {"x", "a"}),
    ],
)
def test_a_seat_is_taken_while_there_is_one_and_kept_by_who_has_it(
    before: Seats, most: int, after: set[str] | None
) -> None:
    taken = take(before, "x", most, NOW)
    assert (set(taken.seated) if taken else None) == after
    if taken:
        assert taken.seated["x"] == int(NOW.timestamp())


def test_leaving_twice_is_leaving_once() -> None:
    before = seats(a=1, x=1)
    left = leave(before, "x", before.seated["x"])
    assert set(left.seated) == {"a"}
    assert leave(left, "x", before.seated["x"]) == left


def test_whoever_takes_over_a_seat_cannot_lose_it_to_who_had_it_before() -> None:
    first = take(seats(), "x", 1, NOW)
    assert first is not None
    second = take(first, "x", 1, NOW)
    assert second is not None
    assert leave(second, "x", first.seated["x"]) == second
    assert leave(second, "x", second.seated["x"]).seated == {}
    assert leave(second, "x", None) == second


@pytest.mark.parametrize(
    ("status", "seconds", "stays"),
    [
        (ExecutionStatus.RUNNING, 86_400, True),
        (ExecutionStatus.CANCELLING, 86_400, True),
        (ExecutionStatus.COMPLETED, 0, False),
        (ExecutionStatus.FAILED, 0, False),
        (ExecutionStatus.CANCELLED, 0, False),
        (ExecutionStatus.BLOCKED, 0, False),
        # It sits there to be claimed at once; after a minute it has forgotten to leave, or is dead.
        (None, 59, True),
        (None, 61, False),
        (ExecutionStatus.WAITING, 59, True),
        (ExecutionStatus.WAITING, 61, False),
        (ExecutionStatus.RETRYING, 59, True),
        (ExecutionStatus.RETRYING, 61, False),
        (ExecutionStatus.QUEUED, 59, True),
        (ExecutionStatus.QUEUED, 61, False),
    ],
)
def test_who_needs_its_seat_no_more_loses_it(
    status: ExecutionStatus | None, seconds: int, *, stays: bool
) -> None:
    statuses = {"x": status} if status else {}
    assert ("x" in prune(seats(x=seconds), statuses, NOW).seated) is stays


def agent(agent_id: str, concurrent: int | None = None) -> Agent:
    limits = AgentLimits(concurrent=concurrent)
    return Agent(agent_id=agent_id, name=agent_id, runner=NoopRunner(), limits=limits, **TIMES)


def test_places_are_in_one_order_and_only_where_there_is_a_bound() -> None:
    environment = Environment(environment_id="e", name="e", concurrent=3, **TIMES)
    members = (agent("b", 2), agent("free"), agent("a", 1), agent("b", 2))
    assert places(Plan("sequence", members, environment, {})) == (
        Place("agent", "a", 1),
        Place("agent", "b", 2),
        Place("environment", "e", 3),
    )
    unbounded = Environment(environment_id="e", name="e", **TIMES)
    assert places(Plan("single", (agent("free"),), unbounded, {})) == ()


def test_the_most_that_there_may_be_fit_into_one_message() -> None:
    since = int((NOW + timedelta(days=20_000)).timestamp())
    many = {f"0198c0de-0000-7000-8000-{number:012d}": since for number in range(10_000)}
    assert (
        len(Seats(kind="environment", object_id="e" * 64, seated=many).model_dump_json())
        < MESSAGE_LIMIT - 1_000
    )
