"""How long a broken stream is worth waiting for."""

from lamplighter_cli.following import LONGEST_PAUSE, PATIENCE_SECONDS, Patience


def test_pauses_grow_until_patience_ends() -> None:
    patience, now, pauses = Patience(0.0), 0.0, []
    while (pause := patience.next_pause(now, good=False)) is not None:
        pauses.append(pause)
        assert len(pauses) < 100
        now += pause
    assert pauses[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert max(pauses) == LONGEST_PAUSE
    assert PATIENCE_SECONDS < now <= PATIENCE_SECONDS + LONGEST_PAUSE


def test_an_hour_of_silence_is_not_an_hour_of_failure() -> None:
    patience = Patience(0.0)
    patience.next_pause(1.0, good=False)
    assert patience.next_pause(3_600.0, good=True) == 0.2
    assert patience.next_pause(3_601.0, good=False) == 0.4
