"""Denied attempts are gathered: a flood is some records a second, and as much memory as a trickle."""

import tracemalloc
from datetime import timedelta

import pytest

from lamplighter_contracts.audit import ANONYMOUS
from lamplighter_gateway.auditing.denials import MOST, OTHERS, Attempt, Denials
from tests.support.happenings import NOON

ROUTE = "GET /api/v1/jobs"


def attempt(address: str = "192.0.2.7", route: str = ROUTE, actor: str = ANONYMOUS) -> Attempt:
    return Attempt(route, "The token is not known.", actor=actor, address=address)


def test_one_attempt_is_one_record() -> None:
    denials = Denials()
    denials.note(attempt(), NOON)
    (denied,) = denials.take()
    event = denied.event("a1")
    assert (event.outcome, event.action, event.count, event.at, event.first_at) == (
        "denied",
        ROUTE,
        1,
        NOON,
        None,
    )
    assert denials.take() == []


def test_those_of_one_caller_at_one_route_are_one_record_with_a_count() -> None:
    denials = Denials()
    for second in range(5):
        denials.note(attempt(), NOON + timedelta(seconds=second))
    (event,) = (denied.event("a1") for denied in denials.take())
    assert (event.count, event.first_at, event.at) == (5, NOON, NOON + timedelta(seconds=4))


@pytest.mark.parametrize(
    ("one", "other", "records"),
    [
        (attempt(), attempt(route="POST /api/v1/jobs"), 2),
        (attempt(), attempt("192.0.2.8"), 2),
        (attempt("2001:db8::1"), attempt("2001:db8::ffff:1"), 1),
        (attempt(actor="ci"), attempt("192.0.2.8", actor="ci"), 1),
        (attempt(actor="ci"), attempt(actor="other"), 2),
    ],
)
def test_which_attempts_are_alike(one: Attempt, other: Attempt, records: int) -> None:
    denials = Denials()
    denials.note(one, NOON)
    denials.note(other, NOON)
    assert len(denials.take()) == records


def test_a_flood_from_everywhere_is_some_records_and_counts_every_attempt() -> None:
    denials = Denials()
    tracemalloc.start()
    for number in range(20_000):
        denials.note(attempt(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"), NOON)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    told = denials.take()
    assert len(told) == MOST + 1
    assert sum(denied.count for denied in told) == 20_000
    assert told[-1].attempt.route == OTHERS
    assert used < 100_000


def test_what_could_not_be_told_is_told_with_what_came_meanwhile() -> None:
    denials = Denials()
    for number in range(MOST + 5):
        denials.note(attempt(f"192.0.2.{number}"), NOON)
    untold = denials.take()
    denials.note(attempt("192.0.2.0"), NOON + timedelta(seconds=2))
    for denied in untold:
        denials.give_back(denied)
    again = denials.take()
    assert len(again) == MOST + 1
    assert sum(denied.count for denied in again) == MOST + 6
    assert again[0].count == 2
    assert (again[0].first_at, again[0].last_at) == (NOON, NOON + timedelta(seconds=2))
