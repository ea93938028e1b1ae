"""How much output is kept."""

from lamplighter_dispatcher.attempt.allowance import (
    BYTES_A_SECOND,
    BYTES_IN_ALL,
    LINE_OVERHEAD,
    Allowance,
    Refusal,
    cost,
    marker,
)


def test_a_second_is_kept_and_then_refused_until_half_a_second_has_passed() -> None:
    allowance = Allowance(filled_at=0.0)
    assert allowance.admit(BYTES_A_SECOND, 0.0) is None
    assert allowance.admit(1, 0.0) is Refusal.RATE
    assert allowance.admit(1, 0.4) is Refusal.RATE
    assert allowance.admit(1, 0.6) is None


def test_a_steady_stream_below_the_rate_is_kept_to_the_last_byte() -> None:
    allowance = Allowance(filled_at=0.0)
    piece = BYTES_A_SECOND // 10
    assert all(allowance.admit(piece, n / 10) is None for n in range(90))


def test_a_flood_keeps_no_more_than_the_rate() -> None:
    allowance = Allowance(filled_at=0.0)
    kept = sum(32_768 for n in range(5_000) if allowance.admit(32_768, n / 1_000) is None)
    assert kept <= BYTES_A_SECOND * 6 + 32_768
    assert kept >= BYTES_A_SECOND * 5


def test_the_total_is_the_end() -> None:
    allowance = Allowance(filled_at=0.0)
    refusals = [allowance.admit(BYTES_A_SECOND // 2, float(n)) for n in range(30)]
    assert refusals == [None] * (2 * BYTES_IN_ALL // BYTES_A_SECOND) + [Refusal.TOTAL] * 10


def test_empty_lines_cost_too() -> None:
    assert cost(b"\n" * 10) == 10 * (1 + LINE_OVERHEAD)


def test_each_marker_says_how_much_and_why() -> None:
    for refusal, why in ((Refusal.RATE, "a second"), (Refusal.TOTAL, "10 MiB"), (Refusal.STORE, "stored")):
        text = marker(refusal, 1_234, 5_678)
        assert "1,234 lines (5,678 bytes)" in text
        assert why in text
