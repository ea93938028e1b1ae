"""What stays on the bus for how long, so that nothing is forgotten before what depends on it."""

from datetime import timedelta

from lamplighter_contracts.jobs import LONGEST_APPROVAL, LONGEST_BACKOFF, LONGEST_RUN
from lamplighter_contracts.streams import (
    DEDUPE_WINDOW,
    DUE_TTL,
    FINAL_STATE_TTL,
    LIVE_STATE_TTL,
    LOGS,
    PRESENCE_TTL,
    READINESS_TTL,
)


def test_a_final_state_outlives_every_state_before_it() -> None:
    """Else the last message on the subject, which is the state, would one day say that it runs again."""
    assert FINAL_STATE_TTL > LIVE_STATE_TTL


def test_a_final_state_outlives_the_due_event_that_could_bring_the_execution_up_again() -> None:
    assert FINAL_STATE_TTL > DUE_TTL


def test_a_state_outlives_the_longest_run() -> None:
    assert LIVE_STATE_TTL >= DUE_TTL + LONGEST_RUN


def test_the_due_event_is_still_there_when_nobody_has_answered_in_time() -> None:
    """Its coming again is what denies by silence."""
    assert LONGEST_APPROVAL + timedelta(minutes=30) < DUE_TTL


def test_a_parked_state_and_what_it_goes_on_with_outlive_the_wait_and_the_run_after_it() -> None:
    assert LIVE_STATE_TTL >= LONGEST_APPROVAL + LONGEST_RUN


def test_an_execution_that_is_tried_again_is_known_until_then() -> None:
    assert LIVE_STATE_TTL > LONGEST_BACKOFF
    assert DUE_TTL > LONGEST_BACKOFF


def test_a_worker_is_listed_for_several_of_its_beats() -> None:
    assert timedelta(seconds=15) <= PRESENCE_TTL < READINESS_TTL


def test_a_repeated_trigger_is_known_for_as_long_as_what_it_led_to_may_wait() -> None:
    assert DEDUPE_WINDOW >= DUE_TTL


def test_a_live_log_is_there_for_the_longest_run() -> None:
    assert LOGS.max_age is not None
    assert LOGS.max_age > LONGEST_RUN
