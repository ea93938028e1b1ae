"""The time elsewhere, told from answers: as near as they allow, and never back without a reason."""

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_runtime.reckoning import NO_STEP, Reading, Reckoning

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def reading(said: float, asked: float, answered: float) -> Reading:
    return Reading(after(said), asked, answered)


def at_noon() -> Reckoning:
    """Noon there was 100 s here."""
    return Reckoning(reading(0, 100, 100))


def test_half_of_the_first_round_trip_was_the_way_back() -> None:
    reckoning = Reckoning(reading(0, 100, 100.5))
    assert reckoning.at(100.5) == after(0.25)
    assert reckoning.at(130.5) == after(30.25)


@pytest.mark.parametrize(
    ("answer", "learnt"),
    [
        pytest.param(reading(9.9, 109.7, 110), 10, id="agrees"),
        pytest.param(reading(10.2, 109.9, 110), 10.2, id="it is that late already"),
        pytest.param(reading(9.5, 109.7, 110), 9.8, id="it cannot be so late yet"),
        pytest.param(reading(-3_600, 110, 110), -3_600, id="set back an hour"),
        pytest.param(reading(3_600, 110, 110), 3_600, id="set forward an hour"),
    ],
)
def test_an_answer_changes_as_little_as_it_must(answer: Reading, learnt: float) -> None:
    reckoning = at_noon()
    reckoning.learn(answer)
    assert reckoning.at(110) == after(learnt)


def test_a_small_change_backwards_is_waited_out() -> None:
    reckoning = at_noon()
    assert reckoning.at(110) == after(10)
    assert reckoning.learn(reading(9.4, 110, 110)) == NO_STEP
    assert [reckoning.at(moment) for moment in (110, 110.5, 111)] == [after(10), after(10), after(10.4)]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_step_is_followed_and_told(hours: int) -> None:
    reckoning = at_noon()
    assert reckoning.at(110) == after(10)
    assert reckoning.learn(reading(10 + hours * 3_600, 110, 110)) == timedelta(hours=hours)
    assert reckoning.at(111) == after(11 + hours * 3_600)


def test_what_was_written_there_proves_how_late_it_is() -> None:
    reckoning = at_noon()
    assert reckoning.seen(after(10.25), 110) == NO_STEP
    assert reckoning.at(110) == after(10.25)
    assert reckoning.seen(after(3), 111) == NO_STEP
    assert reckoning.at(111) == after(11.25)


def test_a_machine_that_slept_is_woken_by_what_was_written_meanwhile() -> None:
    reckoning = at_noon()
    assert reckoning.seen(after(7_210), 110) == timedelta(hours=2)
    assert reckoning.at(111) == after(7_211)
