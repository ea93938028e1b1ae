"""How many deliveries a webhook takes in a minute."""

from lamplighter_gateway.webhooks import rates
from lamplighter_gateway.webhooks.rates import Rates


def test_a_minutes_worth_at_once_and_then_evenly() -> None:
    taken = Rates()
    assert [taken.take("a", 3, 100.0) for _ in range(4)] == [0, 0, 0, 20]
    assert taken.take("a", 3, 119.0) == 1
    assert taken.take("a", 3, 120.0) == 0
    assert taken.take("a", 3, 120.0) == 20
    assert [taken.take("a", 3, 1_000.0) for _ in range(4)] == [0, 0, 0, 20], (
        "no more than a minute's worth is saved"
    )


def test_each_webhook_has_its_own() -> None:
    taken = Rates()
    assert [taken.take(job, 1, 0.0) for job in ("a", "b", "a")] == [0, 0, 60]


def test_a_rate_that_was_changed_holds_at_once() -> None:
    taken = Rates()
    taken.take("a", 1_000, 0.0)
    assert [taken.take("a", 1, 0.0) for _ in range(2)] == [0, 60]


def test_a_fast_one_is_told_a_second_at_least() -> None:
    taken = Rates()
    assert [taken.take("a", 60_000, 0.0) for _ in range(60_001)][-1] == 1


def test_those_that_are_full_are_forgotten() -> None:
    taken = Rates()
    for number in range(rates.MOST_BUCKETS):
        taken.take(str(number), 1, 0.0)
    taken.take("one more", 1, 61.0)
    assert len(taken._buckets) == 1
