"""What stays on the bus for how long, so that nothing is forgotten before what depends on it."""

from lamplighter_contracts.jobs import LONGEST_RUN
from lamplighter_contracts.streams import DEDUPE_WINDOW, DUE_TTL, FINAL_STATE_TTL, LIVE_STATE_TTL, LOGS


def test_a_final_state_outlives_every_state_before_it() -> None:
    """Else the last message on the subject, which is the state, would one day say that it runs again."""
    assert FINAL_STATE_TTL > LIVE_STATE_TTL


def test_a_final_state_outlives_the_due_event_that_could_bring_the_execution_up_again() -> None:
    assert FINAL_STATE_TTL > DUE_TTL


def test_a_state_outlives_the_longest_run() -> None:
    assert LIVE_STATE_TTL >= DUE_TTL + LONGEST_RUN


def test_a_repeated_trigger_is_known_for_as_long_as_what_it_led_to_may_wait() -> None:
    assert DEDUPE_WINDOW >= DUE_TTL


def test_a_live_log_is_there_for_the_longest_run() -> None:
    assert LOGS.max_age is not None
    assert LOGS.max_age > LONGEST_RUN
