"""What follows an attempt that failed."""

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_contracts.executions import Effected, ExecutionStatus
from lamplighter_contracts.jobs import Retry
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Final, failed
from lamplighter_dispatcher.retries import Again, after_death, follow_up, told, wait

NOW = datetime(2026, 7, 1, tzinfo=UTC)
UNAVAILABLE = failed("unavailable", "The model is overloaded.")
RETRY = Retry(
    attempts=3, first_seconds=10, factor=3, most_seconds=60, on=(Failed.UNAVAILABLE, Failed.EXIT_CODE)
)


def effect(name: str = "shell", detail: str = "git push", *, done: bool = True) -> Effected:
    return Effected(at=NOW, attempt=1, name=name, detail=detail, done=done)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 10), (2, 30), (3, 60), (9, 60)])
def test_each_wait_is_longer_up_to_a_bound(failures: int, seconds: float) -> None:
    assert wait(RETRY, failures) == seconds


def test_whoever_refused_may_ask_for_longer_within_the_bound() -> None:
    assert [wait(RETRY, 1, asked) for asked in (5, 45, 3_600)] == [10, 45, 60]


def test_it_comes_again() -> None:
    again = follow_up(UNAVAILABLE, RETRY, 2, (), NOW)
    assert again == Again(NOW + timedelta(seconds=30), UNAVAILABLE)


@pytest.mark.parametrize(
    ("final", "failures"),
    [
        (UNAVAILABLE, 3),
        (failed("refused", "No key."), 1),
        (failed("limit: tokens", "Too many."), 1),
        (Final(ExecutionStatus.COMPLETED), 1),
        (Final(ExecutionStatus.CANCELLED, "exit_code"), 1),
    ],
)
def test_it_does_not_come_again(final: Final, failures: int) -> None:
    assert follow_up(final, RETRY, failures, (), NOW) == final


def test_effects_forbid_it() -> None:
    final = follow_up(UNAVAILABLE, RETRY, 1, [effect()], NOW)
    assert isinstance(final, Final)
    assert (final.status, final.reason) == (ExecutionStatus.FAILED, "effects")
    assert "The model is overloaded." in final.detail
    assert "shell git push" in final.detail


def test_unless_the_job_says_so() -> None:
    assert isinstance(follow_up(UNAVAILABLE, Retry(after_effects=True), 1, [effect()], NOW), Again)


def test_a_death_after_effects_is_the_end_unless_the_job_says_otherwise() -> None:
    final = after_death([effect(done=False)], RETRY)
    assert final is not None
    assert (final.reason, "perhaps not done" in final.detail) == ("lost", True)
    assert after_death([], RETRY) is None
    assert after_death([effect()], Retry(after_effects=True)) is None


def test_many_effects_are_told_in_a_line() -> None:
    assert (
        told([effect("http", f"POST {n}") for n in range(5)])
        == "http POST 0; http POST 1; http POST 2; and 2 more"
    )
