"""How often, and how many at once: a bound on each, and on what is remembered of them."""

import base64
from contextlib import ExitStack

import pytest

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.limits import Buckets, Limits
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.web.problems import Problem

KEY = base64.b64encode(bytes(32)).decode()
ADA, BOB = Caller("ada", "Ada", Role.VIEWER), Caller("bob", "Bob", Role.VIEWER)


class Clock:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at


def limits(clock: Clock, **settings: int) -> Limits:
    keys = {"secret_key": KEY, "vault_keys": f"k1:{KEY}"}
    return Limits(Settings.model_validate({**keys, **settings}), clock)


def refusal(problem: pytest.ExceptionInfo[Problem]) -> tuple[str, str]:
    return problem.value.word, problem.value.headers["Retry-After"]


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(per_minute=60, burst=2, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    assert buckets.take("b") == 0
    clock.at += 0.5
    assert buckets.take("a") == 0.5
    clock.at += 0.5
    assert buckets.take("a") == 0
    clock.at += 3_600
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]


def test_no_more_is_remembered_than_that() -> None:
    buckets = Buckets(per_minute=60, burst=1, clock=Clock(), most=100)
    for number in range(1_000):
        buckets.take(str(number))
    assert len(buckets._buckets) == 100
    assert buckets.take("999") > 0, "the last ones are"


def test_each_caller_may_ask_so_often() -> None:
    clock = Clock()
    bound = limits(clock, requests_per_minute=120)
    for _ in range(12):
        bound.request(ADA)
    with pytest.raises(Problem) as refused:
        bound.request(ADA)
    assert refusal(refused) == ("too-many-requests", "1")
    bound.request(BOB)
    clock.at += 0.5
    bound.request(ADA)


def test_each_address_may_be_wrong_so_often() -> None:
    bound = limits(Clock(), failed_logins_per_minute=2)
    for address in ("2001:db8::1", "2001:db8::2"):
        bound.failure(address)
    with pytest.raises(Problem) as refused:
        bound.failure("2001:db8::3")
    assert refusal(refused) == ("too-many-requests", "30")
    bound.failure("203.0.113.9")


def test_each_caller_may_have_so_many_streams() -> None:
    bound = limits(Clock(), streams_per_token=2)
    with ExitStack() as first, bound.stream(ADA):
        first.enter_context(bound.stream(ADA))
        with pytest.raises(Problem) as refused, bound.stream(ADA):
            pass
        assert refusal(refused) == ("too-many-requests", "5")
        with bound.stream(BOB):
            first.close()
            with bound.stream(ADA):
                pass
    assert not bound._streams, "nothing is remembered of streams that ended"
